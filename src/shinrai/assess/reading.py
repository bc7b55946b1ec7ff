"""Read the assessment, and what it was made from, out of a bundle that has been verified."""

from pathlib import Path

from shinrai.assess.assessment import Assessment
from shinrai.language import ShinraiError, message
from shinrai.systems import Description, parse_description
from shinrai_verify.bundle import open_bundle
from shinrai_verify.dsse import Envelope, Statement
from shinrai_verify.verify import ASSESSMENT, PLAN, Verification


def read_assessment(bundle: Path, verification: Verification) -> Assessment:
    """Return the newest assessment of a bundle; verification: what verifying this bundle came to (not 1)."""
    newest = _newest(bundle, verification, ASSESSMENT)
    return Assessment.model_validate_json(_item(bundle, newest.predicate["items"][0]["digest"]["sha256"]))


def read_frameworks(bundle: Path, verification: Verification) -> dict[str, bytes]:
    """Return the framework files that the newest assessment was made under, by `<id> <version>`."""
    assessment = read_assessment(bundle, verification)
    return {f"{f.id} {f.version}": _item(bundle, f.digest) for f in assessment.frameworks}


def read_assessed_description(bundle: Path, verification: Verification) -> Description:
    """Return the description that the newest assessment was made from."""
    items = _newest(bundle, verification, PLAN).predicate["items"]
    sha256 = next(item["digest"]["sha256"] for item in items if item["name"] == "shinrai.yaml")
    return parse_description(_item(bundle, sha256), "shinrai.yaml")


def _newest(bundle: Path, verification: Verification, kind: str) -> Statement:
    if verification.exit_code == 1:
        raise ShinraiError(message("The bundle is not what was signed, so no report is made from it."))
    statements = [
        Statement.from_bytes(Envelope.from_bytes(line, "a statement").payload, "a statement")
        for line in open_bundle(bundle).read("attestations.intoto.jsonl").splitlines()
    ]
    return [statement for statement in statements if statement.predicate_type == kind][-1]


def _item(bundle: Path, sha256: str) -> bytes:
    return open_bundle(bundle).read(f"blobs/sha256/{sha256}")
