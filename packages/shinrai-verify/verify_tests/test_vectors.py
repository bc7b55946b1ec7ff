"""What others published, and every combination of what they combine, is decided as it should be, by both verifiers."""

import json
from collections import Counter

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .edge_cases import consistencies, inclusions, notes, signatures
from .published import CARRIED, RULES, SUITES, TWIN_SOURCE, Case, Missing, carried, decided, node, twin_decided, unlike

GROUPS = dict(carried()) | {
    "edge cases of signatures": list(signatures()),
    "bent inclusion proofs": list(inclusions()),
    "bent consistency proofs": list(consistencies()),
    "bent notes": list(notes()),
}
COUNTS = {
    "wycheproof": 210,
    "sign-input": 128,
    "jsontestsuite": 2 * 318,
    "jcs": 6,
    "rfc3161-client": 3 * 10,
    "edge cases of signatures": 914,
    "bent inclusion proofs": 98,
    "bent consistency proofs": 98,
    "bent notes": 23 + 8 * 177,
    "witness": 10,
}
needs_twin = pytest.mark.skipif(node() is None or not TWIN_SOURCE.is_dir(), reason="no node, or no twin beside this")


@pytest.mark.parametrize("name", GROUPS)
def test_every_case_is_decided_as_published(name):
    assert unlike(GROUPS[name], twin=False) == []
    assert len(GROUPS[name]) == COUNTS[name]


@needs_twin
def test_the_twin_decides_every_case_alike():
    cases = [case for group in GROUPS.values() for case in group]
    assert unlike(cases) == []
    assert {case.rule for case in cases} == set(RULES)


def _openssl(key, made, message):
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(made, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def test_libraries_disagree_on_the_edge_cases_and_the_rule_does_not():
    # C2SP/CCTV's own 914 part OpenSSL and libsodium in 165 cases and leave 43 that both take.
    signing = pytest.importorskip("nacl.signing")
    wrong = (pytest.importorskip("nacl.exceptions").BadSignatureError, ValueError)

    def sodium(key, made, message):
        try:
            signing.VerifyKey(key).verify(message, made)
        except wrong:
            return False
        return True

    tally = Counter()
    for case in GROUPS["edge cases of signatures"]:
        parts = [bytes.fromhex(case.given[name]) for name in ("key", "signature", "message")]
        tally[(_openssl(*parts), sodium(*parts), decided(case))] += 1
    assert tally == {(False, False, False): 703, (True, False, False): 168, (True, True, True): 43}


@pytest.mark.parametrize("name", ["wycheproof", "sign-input", "rfc3161-client"])
def test_published_vectors_hold_both_good_and_bad_ones(name):
    answers = {str(case.expected)[:1] for case in GROUPS[name]}
    assert len(answers) > 1


def test_a_wrong_answer_would_be_seen():
    good = GROUPS["sign-input"][0]
    turned = Case(good.name, good.rule, good.given, expected=False)
    assert unlike([good], twin=False) == []
    assert unlike([turned], twin=False) == ["line 1: False expected, found True and True"]
    assert unlike([Case(good.name, good.rule, good.given, True, "never")], twin=False) != []


@needs_twin
def test_a_twin_that_stops_is_an_error_and_no_answer():
    with pytest.raises(RuntimeError, match="the twin stopped at case 1"):
        twin_decided([GROUPS["jcs"][0], Case("none", "no such rule", {})])


def test_what_differs_on_purpose_is_named():
    said = {case.on_purpose for group in GROUPS.values() for case in group if case.on_purpose}
    assert said == {
        "an object with a repeated key means two things",
        "a signed payload holds no fractions",
        "keys are sorted by code point, and the form has ASCII keys only",
        "a certificate that is not in the token is not looked for elsewhere",
    }


def test_whatever_is_carried_is_listed_with_its_licence():
    said = (CARRIED / "README.md").read_text("utf-8")
    files = {path.name for path in CARRIED.iterdir()} - {"README.md"}
    assert all(f"`{name}`" in said for name in files)
    assert {"LICENSE-Apache-2.0.txt", "LICENSE-JSONTestSuite.txt"} < files
    assert "Copyright (c) 2016 Nicolas Seriot" in (CARRIED / "LICENSE-JSONTestSuite.txt").read_text("utf-8")
    assert all(json.loads((CARRIED / name).read_bytes()) for name in files if name.endswith(".json"))


@pytest.mark.parametrize("name", SUITES)
def test_a_suite_that_is_not_here_is_missing_and_not_empty(name, tmp_path):
    with pytest.raises(Missing, match="is not here"):
        list(SUITES[name](tmp_path / name))
