"""Vectors that others published, as cases that both verifiers decide: this one, and its twin in JavaScript.

A suite is read from a folder laid out as in the repository it comes from, or, if it is small, from `vectors/`, where it
is carried with its licence. Which folder, what source and which licence: the table in `docs/reference/conformance.md`.
"""

import base64
import json
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shinrai_verify.encoding import Fault, canonical_json, strict_json
from shinrai_verify.keys import verifies
from shinrai_verify.merkle import consistent, included
from shinrai_verify.note import NoteKey, open_note
from shinrai_verify.timestamp import stamped

from .both import node

CARRIED = Path(__file__).with_name("vectors")
TWIN = Path(__file__).with_name("twin.mjs")
TWIN_SOURCE = Path(__file__).resolve().parents[2] / "shinrai-verify-js" / "src"


class Missing(Exception):  # noqa: N818  (no error: a suite that is not here)
    """A suite or an implementation is not here."""


@dataclass(frozen=True)
class Case:
    """One question to a rule.

    rule: a name in RULES. given: what the rule is asked, bytes as hex. expected: the published answer; None where the
    suite leaves it open. on_purpose: why we answer otherwise, where we do and say so.
    """

    name: str
    rule: str
    given: Mapping[str, Any] = field(repr=False)
    expected: Any = None
    on_purpose: str | None = None

    def right(self, answer: object) -> bool:
        """Whether an answer is what was published, or what we hold to instead."""
        if self.on_purpose is not None:
            return answer != self.expected
        return self.expected is None or answer == self.expected


def signature(name: str, key: bytes, made: bytes, message: bytes, expected: bool | None) -> Case:
    """Return a case of the signature rule."""
    return Case(name, "signature", {"key": key.hex(), "signature": made.hex(), "message": message.hex()}, expected)


def _all(texts: Sequence[str]) -> list[bytes]:
    return [bytes.fromhex(text) for text in texts]


def _signature(given: Mapping[str, Any]) -> bool:
    return verifies(*_all([given["key"], given["signature"], given["message"]]))


def _json(given: Mapping[str, Any]) -> bool:
    try:
        strict_json(bytes.fromhex(given["data"]), "it", floats=True)
    except Fault:
        return False
    return True


def _canonical(given: Mapping[str, Any]) -> str | bool:
    try:
        return canonical_json(strict_json(bytes.fromhex(given["data"]), "it")).hex()
    except Fault:
        return False


def _inclusion(given: Mapping[str, Any]) -> bool:
    leaf, head = _all([given["leaf"], given["head"]])
    return included(leaf, int(given["index"]), int(given["size"]), _all(given["proof"]), head)


def _consistency(given: Mapping[str, Any]) -> bool:
    before, head = _all([given["oldHead"], given["head"]])
    return consistent(int(given["old"]), before, int(given["size"]), head, _all(given["proof"]))


def _note(given: Mapping[str, Any]) -> str | bool:
    try:
        return open_note(bytes.fromhex(given["note"]), [NoteKey.parse(given["key"])], "it").encode().hex()
    except Fault:
        return False


_STAMP_FAULTS = {"of something else": "other-stamp", "not valid for it": "unfit-stamp"}


def _stamp(given: Mapping[str, Any]) -> list[Any] | str:
    try:
        found = stamped(*_all([given["token"], given["data"]]), set(given["pinned"]), "it")
    except Fault as fault:
        return next((name for words, name in _STAMP_FAULTS.items() if words in str(fault)), "bad-stamp")
    return "not-pinned" if found is None else [found[0], int(found[1].timestamp() * 1000)]


RULES: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "signature": _signature,
    "json": _json,
    "canonical": _canonical,
    "inclusion": _inclusion,
    "consistency": _consistency,
    "note": _note,
    "stamp": _stamp,
}


def decided(case: Case) -> Any:
    """Return the answer of this verifier."""
    return RULES[case.rule](case.given)


def twin_decided(cases: Sequence[Case]) -> list[Any]:
    """Return the answers of the twin; Missing where Node or the twin is not here."""
    program = node()
    if program is None or not TWIN_SOURCE.is_dir():
        raise Missing("Node or the verifier in JavaScript is not here")
    asked = "".join(json.dumps({"rule": case.rule, "given": case.given}) + "\n" for case in cases)
    command = [program, str(TWIN), TWIN_SOURCE.as_uri()]
    ran = subprocess.run(command, input=asked.encode(), capture_output=True, check=False)
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    if ran.returncode or len(answers) != len(cases):
        raise RuntimeError(f"the twin stopped at case {len(answers)}: {ran.stderr.decode()[-500:]}")
    return answers


def note(name: str, data: bytes, key: str, good: bool | None) -> Case:
    """Return a case of signed notes; good: whether it opens, to the text before its last empty line."""
    text = data.rpartition(b"\n\n")[0] + b"\n"
    return Case(name, "note", {"note": data.hex(), "key": key}, text.hex() if good else good)


# Suites as their repositories lay them out.


def _read(path: Path) -> Any:
    if not path.is_file():
        raise Missing(f"{'/'.join(path.parts[-3:])} is not here")
    return json.loads(path.read_bytes())


def files(folder: Path, pattern: str) -> list[Path]:
    """Return the files of a folder, in order; Missing where there are none."""
    found = sorted(path for path in folder.rglob(pattern) if path.is_file())
    if not found:
        raise Missing(f"{'/'.join(folder.parts[-3:])} is not here")
    return found


def merkle(folder: Path) -> Iterator[Case]:
    """RFC 6962 inclusion and consistency probes: `wantErr` says what must be refused."""

    def hexed(texts: list[str] | None) -> list[str]:
        return [base64.b64decode(text).hex() for text in texts or []]

    for path in files(folder / "testdata" / "inclusion", "*.json"):
        case = _read(path)
        leaf, head = hexed([case["leafHash"], case["root"]])
        given = {"leaf": leaf, "head": head, "proof": hexed(case["proof"])}
        given |= {"index": str(case["leafIdx"]), "size": str(case["treeSize"])}
        yield Case(f"inclusion {path.parent.name} {path.stem}", "inclusion", given, not case["wantErr"])
    for path in files(folder / "testdata" / "consistency", "*.json"):
        case = _read(path)
        before, head = hexed([case["root1"], case["root2"]])
        given = {"oldHead": before, "head": head, "proof": hexed(case["proof"])}
        given |= {"old": str(case["size1"]), "size": str(case["size2"])}
        # Older editions take a tree of size 0 as the prefix of any tree; neither verifier ever asks for that proof.
        empty = "no proof is about an empty tree" if case["size1"] == 0 and not case["wantErr"] else None
        name = f"consistency {path.parent.name} {path.stem}"
        yield Case(name, "consistency", given, not case["wantErr"], empty)


def cctv(folder: Path) -> Iterator[Case]:
    """914 edge cases of Ed25519. Good are those that have neither a low-order A or R nor a residue of low order."""
    bad = {"low_order_A", "low_order_R", "low_order_residue", "reencoded_k", "non_canonical_A", "non_canonical_R"}
    for number, case in enumerate(_read(folder / "ed25519" / "ed25519vectors.json")):
        key, made = _all([case["key"], case["sig"]])
        yield signature(f"case {number}", key, made, case["msg"].encode(), not bad & set(case["flags"] or []))


def wycheproof(folder: Path) -> Iterator[Case]:
    """Known attacks on Ed25519. What is `acceptable` there is open, but for keys of low order, which we refuse."""
    for group in _read(folder / "testvectors_v1" / "ed25519_test.json")["testGroups"]:
        key = bytes.fromhex(group["publicKey"]["pk"])
        for case in group["tests"]:
            made, message = _all([case["sig"], case["msg"]])
            low = "SmallOrderPublicKey" in case["flags"]
            expected = {"valid": True, "invalid": False, "acceptable": False if low else None}[case["result"]]
            yield signature(f"case {case['tcId']}", key, made, message, expected)


def sign_input(folder: Path) -> Iterator[Case]:
    """Good signatures of Ed25519's authors, over messages of 0 to 1023 bytes, and each with one bit changed."""
    path = folder / "sign.input"
    if not path.is_file():
        raise Missing("sign.input is not here")
    for number, line in enumerate(path.read_text("ascii").splitlines()):
        _, key, message, signed = _all(line.split(":")[:4])
        yield from sign_cases(number, key, message, signed[:64])


def sign_cases(number: int, key: bytes, message: bytes, made: bytes) -> Iterator[Case]:
    """A line of sign.input: as it is, and with one bit of signature or key changed."""
    yield signature(f"line {number + 1}", key, made, message, True)
    bent = bytearray(made + key)
    bent[number % len(bent)] ^= 1 << number % 8
    yield signature(f"line {number + 1}, one bit changed", bytes(bent[64:]), bytes(bent[:64]), message, False)


def json_test_suite(folder: Path) -> Iterator[Case]:
    """Hostile JSON: `n_` is refused, `y_` is read but for repeated keys, `i_` is left open but read alike."""
    for path in files(folder / "test_parsing", "*.json"):
        yield from json_cases(path.name, path.read_bytes())


def json_cases(name: str, data: bytes) -> Iterator[Case]:
    """One file of the suite, read with fractions and, as a signed payload is, without."""
    repeated = "an object with a repeated key means two things" if "duplicated_key" in name else None
    kind = {"y": True, "n": False}.get(name[0])
    yield Case(name, "json", {"data": data.hex()}, kind, repeated)
    yield Case(f"{name}, canonical", "canonical", {"data": data.hex()}, False if kind is False else None)


_FRACTIONS = "a signed payload holds no fractions"
_ORDER = "keys are sorted by code point, and the form has ASCII keys only"


def jcs(folder: Path) -> Iterator[Case]:
    """RFC 8785: input and output."""
    for path in files(folder / "testdata" / "input", "*.json"):
        output = folder / "testdata" / "output" / path.name
        yield jcs_case(path.stem, path.read_bytes(), output.read_bytes())


def jcs_case(name: str, data: bytes, output: bytes) -> Case:
    """One pair of the suite."""
    why = {"structures": _FRACTIONS, "values": _FRACTIONS, "weird": _ORDER}.get(name)
    return Case(name, "canonical", {"data": data.hex()}, output.hex(), why)


_SIGSTAGE = "06f4ffe047feb35999b733b0d7a323501cfc18e4c03366a845d77536e74b2744"
_TEST = "668156dd2629804a3052a6cb58cc97247efcce61428da73f35c81b146304b544"
_OUTSIDE = "a certificate that is not in the token is not looked for elsewhere"
STAMPS: dict[str, tuple[str, object, str | None]] = {
    "identrust/issue-104.tsr": (
        "c312a904faf492c971c40314878e56a333db1a863a31427fd8d7f20e127b172f",
        1_741_683_128_000,
        None,
    ),
    "sigstage/response-invalid-signature.tsr": (_SIGSTAGE, "bad-stamp", None),
    "sigstage/response-no-embedded-cert.tsr": (_SIGSTAGE, 1_750_234_382_000, _OUTSIDE),
    "sigstage/response-sha256.tsr": (_SIGSTAGE, 1_746_791_935_000, None),
    "sigstage/response-sha384.tsr": (_SIGSTAGE, 1_746_791_935_000, None),
    "sigstage/response-sha512.tsr": (_SIGSTAGE, 1_746_791_936_000, None),
    "test_tsa/other_response.tsr": (
        "7a67ee5b26fb72265485616cc595d3310b9b782c098e29100ef18dc700b8c039",
        1_730_381_504_000,
        None,
    ),
    "test_tsa/response-injected-certs.tsr": (_TEST, 1_728_402_032_000, None),
    "test_tsa/response.tsr": (_TEST, 1_728_402_032_000, None),
    "test_tsa_full_chain/response.tsr": (
        "f6ecca3ad0ebc923ed6ea99c0f56798d455c7a9f3f2ccb9f641b7eac47eb8453",
        1_788_774_603_000,
        None,
    ),
}
"""Tokens over `hello`: the SHA-256 of the certificate that signed, the time in milliseconds or what is wrong, and why
we answer otherwise where we do. Times and faults are those that rfc3161-client itself reads and finds."""


def rfc3161(folder: Path) -> Iterator[Case]:
    """Tokens of several time-stamping authorities: good, with a bad signature, without or with strange certificates."""
    for name in STAMPS:
        path = folder / "test" / "fixtures" / name
        if not path.is_file():
            raise Missing(f"{name} is not here")
        yield from stamp_cases(name, path.read_bytes())


def stamp_cases(name: str, token: bytes) -> Iterator[Case]:
    """One token: over what it is about, over something else, and when its authority is not pinned."""
    pinned, found, why = STAMPS[name]
    expected = [pinned, found] if isinstance(found, int) else found
    given = {"token": token.hex(), "data": b"hello".hex(), "pinned": [pinned]}
    yield Case(name, "stamp", given, expected, why)
    yield Case(f"{name}, other data", "stamp", {**given, "data": b"hallo".hex()}, "other-stamp")
    yield Case(f"{name}, not pinned", "stamp", {**given, "pinned": ["0" * 64]}, "not-pinned")


SUITES: dict[str, Callable[[Path], Iterator[Case]]] = {
    "merkle": merkle,
    "cctv": cctv,
    "wycheproof": wycheproof,
    "sign-input": sign_input,
    "jsontestsuite": json_test_suite,
    "jcs": jcs,
    "rfc3161-client": rfc3161,
}
"""By the name of the folder that each is read from."""


# What is carried here, and how it is made from the suites.


def _carried(name: str) -> Any:
    return json.loads((CARRIED / f"{name}.json").read_bytes())


def carried() -> Iterator[tuple[str, list[Case]]]:
    """The small vectors that lie beside the tests, by suite."""
    good = _carried("wycheproof")
    yield "wycheproof", [signature(f"case {n}", *_all([k, s, m]), valid) for n, k, s, m, valid in good]
    lines = _carried("sign-input")
    yield "sign-input", [case for n, *parts in lines for case in sign_cases(n, *_all(parts))]
    texts = {name: _unpacked(packed) for name, packed in _carried("jsontestsuite").items()}
    yield "jsontestsuite", [case for name, data in texts.items() for case in json_cases(name, data)]
    pairs = _carried("jcs")
    yield "jcs", [jcs_case(name, put.encode(), out.encode()) for name, (put, out) in pairs.items()]
    tokens = _carried("rfc3161-client")
    yield "rfc3161-client", [case for name, t in tokens.items() for case in stamp_cases(name, base64.b64decode(t))]
    yield "witness", list(_witness(_carried("witness")))


def _witness(held: Mapping[str, Any]) -> Iterator[Case]:
    """Two checkpoints of one log, signed by its key, and the proof that the second continues the first."""
    lines = [text.split("\n") for text in held["notes"]]
    heads = [base64.b64decode(line[2]).hex() for line in lines]
    for number, text in enumerate(held["notes"]):
        yield note(f"checkpoint {number}", text.encode(), held["key"], True)
        yield note(f"checkpoint {number}, other size", text.replace("\n", "\n1", 1).encode(), held["key"], False)
    given = {"old": lines[0][1], "oldHead": heads[0], "size": lines[1][1], "head": heads[1], "proof": held["proof"]}
    yield Case("continues", "consistency", given, True)
    yield Case("continues, heads swapped", "consistency", {**given, "oldHead": heads[1], "head": heads[0]}, False)
    for at in range(len(held["proof"])):
        less = [*held["proof"][:at], *held["proof"][at + 1 :]]
        yield Case(f"continues, without node {at}", "consistency", {**given, "proof": less}, False)


def _packed(data: bytes) -> dict[str, Any]:
    """Return text as it is, other bytes as hex, and two files of 100,000 brackets by what is repeated in them."""
    for unit in (b"[", b'[{"":'):
        if len(data) > 10_000 and data.rstrip(b"\n") == unit * (len(data) // len(unit)):
            return {"repeat": unit.decode(), "times": len(data) // len(unit), "end": data[-1:].decode().strip("[:")}
    try:
        return {"text": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"hex": data.hex()}


def _unpacked(packed: Mapping[str, Any]) -> bytes:
    if "hex" in packed:
        return bytes.fromhex(packed["hex"])
    if "repeat" in packed:
        return (packed["repeat"] * packed["times"] + packed["end"]).encode()
    return str(packed["text"]).encode("utf-8")


def facts(suites: Path) -> dict[str, Any]:
    """Return what `vectors/` carries, by name, taken from the suites. Missing where one is not here."""
    cases = list(wycheproof(suites / "wycheproof"))
    given = [[*(case.given[part] for part in ("key", "signature", "message")), case.expected] for case in cases]
    lines = (suites / "sign-input" / "sign.input").read_text("ascii").splitlines()
    # Every length to 47 bytes, around the block of SHA-512 that R and A begin, and every 64th of the longer ones.
    chosen = [(n, line.split(":")) for n, line in enumerate(lines) if n < 48 or n % 64 == 63]
    folder = suites / "jcs" / "testdata"
    fixtures = suites / "rfc3161-client" / "test" / "fixtures"
    tests = files(suites / "jsontestsuite" / "test_parsing", "*.json")
    pairs = [(path.stem, path.read_text("utf-8")) for path in files(folder / "input", "*.json")]
    return {
        "wycheproof": [[int(c.name.split()[1]), *row] for c, row in zip(cases, given, strict=True)],
        "sign-input": [[n, parts[1], parts[2], parts[3][:128]] for n, parts in chosen],
        "jsontestsuite": {path.name: _packed(path.read_bytes()) for path in tests},
        "jcs": {name: [text, (folder / "output" / f"{name}.json").read_text("utf-8")] for name, text in pairs},
        "rfc3161-client": {name: base64.b64encode((fixtures / name).read_bytes()).decode() for name in STAMPS},
    }


def unlike(cases: Sequence[Case], twin: bool = True) -> list[str]:
    """Return a line for each case that this verifier or its twin decides otherwise, or on which the two differ."""
    mine = [decided(case) for case in cases]
    theirs = twin_decided(cases) if twin else mine
    return [
        f"{case.name}: {case.expected} expected, found {str(a)[:100]} and {str(b)[:100]}"
        for case, a, b in zip(cases, mine, theirs, strict=True)
        if not (case.right(a) and a == b)
    ]
