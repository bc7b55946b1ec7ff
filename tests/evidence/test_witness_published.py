"""A log that others published, and a witness of ours: the cases of transparency-dev/witness, with its own checkpoints.

Source and licence stand in packages/shinrai-verify/verify_tests/vectors/README.md.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shinrai.evidence import open_home
from shinrai.evidence.cosignatures import cosignatures
from shinrai.evidence.keys import load_signer
from shinrai.evidence.witness import Submission, WitnessService
from shinrai_verify.note import NoteKey

VECTORS = Path(__file__).parents[2] / "packages" / "shinrai-verify" / "verify_tests" / "vectors"
HELD = json.loads((VECTORS / "witness.json").read_bytes())
FIRST, SECOND = (text.encode() for text in HELD["notes"])
PROOF = tuple(bytes.fromhex(node) for node in HELD["proof"])
NEXT = Submission(5, PROOF, SECOND)


@pytest.fixture
def witness(tmp_path: Path) -> WitnessService:
    home = open_home(tmp_path)
    signer = load_signer(home.keys, "witness")
    keys = [NoteKey.parse(HELD["key"])]
    made = WitnessService(
        home.path / "witness.db", "w.example", signer, keys, lambda: datetime(2026, 11, 20, tzinfo=UTC)
    )
    assert made.add_checkpoint(Submission(0, (), FIRST).to_bytes()).status == 200
    return made


def test_what_continues_is_cosigned(witness: WitnessService) -> None:
    answer = witness.add_checkpoint(NEXT.to_bytes())
    assert answer.status == 200
    assert [given.witness for given in cosignatures(SECOND + answer.body.encode(), [witness.key])] == [witness.key]


CASES = {
    "the old size is another": (replace(NEXT, old=2), 409),
    "the same again": (Submission(5, (), FIRST), 200),
    "no proof": (replace(NEXT, proof=()), 422),
    "the proof backwards": (replace(NEXT, proof=PROOF[::-1]), 422),
    "a proof of anything": (replace(NEXT, proof=(b"\xaa" * 32,) * 4), 422),
    "hashes of two bytes": (replace(NEXT, proof=(b"\xaa\xaa", b"\xbb\xbb")), 400),
    "a smaller log": (Submission(8, PROOF, FIRST), 400),
    "a bent signature": (replace(NEXT, note=SECOND.replace(b"QVQMvu9", b"QVQNvu9")), 403),
    "no signature": (replace(NEXT, note=SECOND.partition(b"\n\n")[0] + b"\n"), 400),
    "no checkpoint": (replace(NEXT, note=b"monkeys\nthis is not a checkpoint\n"), 400),
    "an unknown log": (replace(NEXT, note=SECOND.replace(b"monkeys", b"bananas")), 404),
}


@pytest.mark.parametrize("name", CASES)
def test_whatever_else_is_answered_as_the_specification_says(witness: WitnessService, name: str) -> None:
    submission, status = CASES[name]
    assert witness.add_checkpoint(submission.to_bytes()).status == status


def test_the_log_does_not_go_back(witness: WitnessService) -> None:
    assert witness.add_checkpoint(NEXT.to_bytes()).status == 200
    assert witness.add_checkpoint(Submission(8, PROOF, FIRST).to_bytes()).status == 400
    assert witness.add_checkpoint(Submission(5, (), FIRST).to_bytes()).status == 409
    assert witness.newest("monkeys") == SECOND
