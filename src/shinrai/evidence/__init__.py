"""What we can prove: signed statements, the append-only log they stand in, and bundles that carry both to others.

Formats are those that `shinrai_verify` reads; this room writes them. A change and its log entry are one transaction.
"""

from shinrai.evidence.bundle import BundleParts, write_bundle
from shinrai.evidence.home import Home, find_home, open_home
from shinrai.evidence.keys import Signer
from shinrai.evidence.statements import evidence_statement, sign
from shinrai.evidence.store import LogFault, Store
from shinrai.evidence.trust import ensure_trust

__all__ = [
    "BundleParts",
    "Home",
    "LogFault",
    "Signer",
    "Store",
    "ensure_trust",
    "evidence_statement",
    "find_home",
    "open_home",
    "sign",
    "write_bundle",
]
