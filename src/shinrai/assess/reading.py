"""Read the assessment out of a bundle that has been verified."""

from pathlib import Path

from shinrai.assess.assessment import Assessment
from shinrai.language import ShinraiError, message
from shinrai_verify.bundle import open_bundle
from shinrai_verify.dsse import Envelope, Statement
from shinrai_verify.verify import ASSESSMENT, Verification


def read_assessment(bundle: Path, verification: Verification) -> Assessment:
    """Return the newest assessment of a bundle; verification: what verifying this bundle came to (not 1)."""
    if verification.exit_code == 1:
        raise ShinraiError(message("The bundle is not what was signed, so no report is made from it."))
    opened = open_bundle(bundle)
    statements = [
        Statement.from_bytes(Envelope.from_bytes(line, "a statement").payload, "a statement")
        for line in opened.read("attestations.intoto.jsonl").splitlines()
    ]
    newest = [s for s in statements if s.predicate_type == ASSESSMENT][-1]
    sha256 = newest.predicate["items"][0]["digest"]["sha256"]
    return Assessment.model_validate_json(opened.read(f"blobs/sha256/{sha256}"))
