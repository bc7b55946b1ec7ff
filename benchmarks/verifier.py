"""What an outsider waits for: the verifier's start, a certificate, a whole round of 33 seats, a bundle of 10 GB.

    .venv/bin/python benchmarks/verifier.py [--only start certificate round large oscal] [--large-gb 10]

writes benchmarks/results/verifier.json; parts that are left out keep their figures. The round has 100 controls, on each
of which 33 seats vote and explain themselves, and a content of 1 GB; it is verified once with all entries of the log in
the bundle and once with a proof for each signature instead. The large bundle has one content of 6 GB, which needs
ZIP64, and others of 0.5 GB. Its bytes differ in every block. Peak memory is the kernel's VmHWM of the process.

Targets (one core of the class of machine of the other benchmarks; p95 of the runs): start 150 ms; a certificate of 33
signatures 15 ms; the round 5 s; 150 MB for 10 GB; a certificate 8 KiB, a log entry 1 KiB, OSCAL results of 100 controls
and 33 seats 1 MB. Predicted before the first run (2026-11-20): start 95 ms; a certificate 2.5 ms of CPU and 6.3 KB; the
round 2.5 s of CPU with all entries and 3.5 s with proofs (each repeats its checkpoint); 40 s and 75 MB for 10 GB; an
entry 450 bytes; OSCAL 610 KB.
"""

import argparse
import hashlib
import importlib
import io
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "verifier.json"
sys.path[:0] = [str(HERE.parent / "packages" / "shinrai-verify"), str(HERE.parent)]

from verify_tests import world as small  # noqa: E402

from shinrai.evidence.bundle import BundleParts, write_bundle  # noqa: E402
from shinrai_verify import verify as formats  # noqa: E402
from shinrai_verify.dsse import Envelope, Statement  # noqa: E402
from shinrai_verify.encoding import canonical_json  # noqa: E402
from shinrai_verify.keys import verifies  # noqa: E402

CONTROLS, SEATS = 100, 33
GB, BLOCK = 10**9, 2**20
TARGETS = {
    "start_ms": 150,
    "certificate_ms": 15,
    "round_s": 5,
    "large_peak_mb": 150,
    "certificate_bytes": 8192,
    "entry_bytes": 1024,
    "oscal_bytes": 1_000_000,
}
PROGRAM = """
import re, sys
from pathlib import Path
from shinrai_verify.cli import main
code = main(sys.argv[1:])
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1], file=sys.stderr)
sys.exit(code)
"""


@dataclass(frozen=True)
class Blocks:
    """A content that is made as it is read, each block of it another one."""

    size: int
    seed: int

    def __len__(self) -> int:
        return self.size

    def open(self, _mode: str) -> io.BufferedReader:
        """Return a stream over it."""
        return io.BufferedReader(_Stream(self.size, self.seed), BLOCK)

    @cached_property
    def sha256(self) -> str:
        """Its digest."""
        with self.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()


class _Stream(io.RawIOBase):
    def __init__(self, size: int, seed: int) -> None:
        self._left, self._seed, self._at = size, seed, 0
        self._block = hashlib.shake_256(seed.to_bytes(8, "big")).digest(BLOCK)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = min(len(buffer), self._left, BLOCK)
        fresh = self._at.to_bytes(16, "big") + self._block[16:]
        buffer[:count] = fresh[:count]
        self._left, self._at = self._left - count, self._at + 1
        return count


@dataclass
class Council(small.World):
    """A bundle on whose hundred controls 33 seats have voted, with contents that are too large for the memory."""

    large: tuple[Blocks, ...] = ()

    @cached_property
    def controls(self) -> list[str]:
        """Ids of the controls."""
        return [small.MEASURED, small.ATTESTED, *(f"X-1.measured{number}" for number in range(CONTROLS - 2))]

    def _edit(self, name: str, document: Any) -> Any:
        measured = [control for control in self.controls if control != small.ATTESTED]
        if name in ("evidence0", "evidence1"):
            return {**document, "controls": measured}
        if name == "manifest":
            listed = [*document["entries"], *(_listed(each) for each in self.large)]
            return {**document, "entries": sorted(listed, key=lambda entry: entry["digest"]["sha256"])}
        if name == "document":
            for record in document["measurements"]:
                record["shows"] = measured
            more = [{"id": name, "state": "met", "verdict": {"outcome": "pass"}} for name in self.controls[2:]]
            document["results"][1]["leaves"] += more
        return document

    @cached_property
    def round(self) -> Envelope:
        """The opening of the round, over all controls."""
        before = dict(self.before_round)
        about = {"attempt": 1, "controls": self.controls, "log": {"origin": small.ORIGIN}, "prevRound": None}
        about |= {name: before[name].payload_sha256 for name in ("roster", "rubric")}
        about |= {"trust": before["trust1"].payload_sha256}
        statement = self._statement("round", ("bundle", self.bundle_id), formats.ROUND, about)
        return self._sign("round", statement, "coordinator")

    @cached_property
    def cast(self) -> list[tuple[str, Envelope]]:
        """A ballot and a rationale of each seat on each control."""
        evidence = [self.payload(name) for name in ("evidence0", "evidence1")]
        about = {"inspected": evidence, "round": self.round.payload_sha256, "value": "pass"}
        log = []
        for control in self.controls:
            ballot = self.ballot(control, "pass")
            reason = self._statement("rationale", ("bundle", self.bundle_id), formats.RATIONALE, about)
            reason = Statement(*reason_of(reason, control))
            for name in small.SEATS:
                log.append((f"{name} {control} ballot", small.sign(ballot, f"seat-{name}")))
                log.append((f"{name} {control} rationale", small.sign(reason, f"seat-{name}")))
        return log

    @cached_property
    def tallies(self) -> dict[str, Any]:
        """What the votes come to."""
        record = {"members": [small.seat(name) for name in small.SEATS], "required": {"north": 1}}
        roster = small.parse_roster(record, "roster")
        ballots = [small.Ballot(name, "pass") for name in small.SEATS]
        return {control: small.tally(roster, ballots) for control in self.controls}

    def written(self, path: Path, *, proofs: bool) -> Path:
        """Write the bundle."""
        entries, files = self.entries(), self.contents()
        contents = {name.rpartition("/")[2]: data for name, data in files.items() if name.startswith("blobs/")}
        parts = BundleParts(
            manifest=self.manifest,
            contents={**contents, **{each.sha256: each for each in self.large}},  # type: ignore[dict-item]
            envelopes=[envelope for _, envelope in self.log],
            trust=self.chain,
            checkpoint=files["log/checkpoint"],
            leaves=[small.leaf_hash(entry) for entry in entries],
            instructions=files["VERIFY.txt"],
            entries=None if proofs else entries,
        )
        write_bundle(path, parts)
        return path


def reason_of(statement: Statement, control: str) -> tuple[str, str, str, Mapping[str, Any]]:
    """Return the fields of a rationale on one control."""
    about = {**statement.predicate, "control": control}
    return statement.subject_name, statement.subject_sha256, statement.predicate_type, about


def _listed(content: Blocks) -> dict[str, Any]:
    about = {"kind": "evaluation", "size": content.size, "withheld": False}
    name = f"content-{content.seed}"
    return {"annotations": about, "digest": {"sha256": content.sha256}, "mediaType": "text/plain", "name": name}


def run(command: list[str], code: int = 0) -> dict[str, float]:
    """Run a command; returns wall and CPU seconds, and the peak in MB if it says one."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == code, done.stdout + done.stderr
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    said = done.stderr.strip()
    return {"wall_s": wall, "cpu_s": used, **({"peak_mb": int(said) * 1024 / 1e6} if said.isdigit() else {})}


def over(runs: list[dict[str, float]]) -> dict[str, float]:
    """Return median and 95th percentile of runs."""
    found: dict[str, float] = {"runs": len(runs)}
    for name in runs[0]:
        ordered = sorted(each[name] for each in runs)
        found[f"{name}_p50"] = round(statistics.median(ordered), 4)
        found[f"{name}_p95"] = round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 4)
    return found


def _verify(bundle: Path, world: small.World, times: int) -> dict[str, float]:
    trust = bundle.with_suffix(".trust.json")
    record = {"logs": [str(small.NoteKey(small.ORIGIN, small.Key("log").public))], "requiredControls": []}
    record |= {"root": world.chain[0].payload_sha256, "schema": small.POLICY}
    trust.write_bytes(canonical_json(record))
    command = [sys.executable, "-c", PROGRAM, str(bundle), "--trust", str(trust), "--lang", "en"]
    return over([run(command) for _ in range(times)])


def start(folder: Path) -> dict[str, Any]:
    """Measure the start of the command, and the smallest bundle."""
    script = str(Path(sys.executable).parent / "shinrai-verify")
    world = small.World()
    return {
        "bare interpreter": over([run([sys.executable, "-c", "pass"]) for _ in range(41)]),
        "--version": over([run([script, "--version"]) for _ in range(41)]),
        "smallest bundle": _verify(world.bundle(folder), world, 41),
    }


def certificate(_folder: Path) -> dict[str, Any]:
    """Measure a certificate as it stands in the bundle: read it, and verify its 33 signatures."""
    world = Council(
        seats=small.SEATS,
    )
    data = world.certificates[small.MEASURED]
    keys = {small.Key(f"seat-{name}").keyid: small.Key(f"seat-{name}").public for name in small.SEATS}
    runs = []
    for _ in range(200):
        began, used = time.perf_counter(), time.process_time()
        envelope = Envelope.from_bytes(data, "a certificate")
        pae = envelope.pae
        good = [verifies(keys[each.keyid], each.sig, pae) for each in envelope.signatures]
        runs.append({"cpu_ms": 1000 * (time.process_time() - used), "ms": 1000 * (time.perf_counter() - began)})
        assert good == [True] * SEATS
    return {"bytes": len(data), "signatures": SEATS, **over(runs)}


def round_of_33(folder: Path) -> dict[str, Any]:
    """Measure a whole round beside a content of 1 GB."""
    world = Council(seats=small.SEATS, large=(Blocks(GB, 0),))
    found: dict[str, Any] = {
        "controls": CONTROLS,
        "seats": SEATS,
        "content_bytes": GB,
        "statements": len(world.log),
        "largest_entry_bytes": max(len(entry) for entry in world.entries()),
    }
    for name, proofs in (("all entries", False), ("proofs", True)):
        bundle = world.written(folder / "round.zip", proofs=proofs)
        found[name] = {"bundle_bytes": bundle.stat().st_size, **_verify(bundle, world, 5)}
        bundle.unlink()
    return found


def large(folder: Path, gb: float) -> dict[str, Any]:
    """Measure the memory that a large bundle takes."""
    half = GB // 2
    sizes = [int(gb * 0.6 * GB), *[half] * int(gb * 0.4 * GB / half)]
    world = Council(seats=small.SEATS, large=tuple(Blocks(size, seed) for seed, size in enumerate(sizes, start=1)))
    bundle = world.written(folder / "large.zip", proofs=False)
    return {"bundle_bytes": bundle.stat().st_size, "contents": len(sizes), **_verify(bundle, world, 1)}


def oscal(_folder: Path) -> dict[str, Any]:
    """Measure the size of OSCAL results of 100 controls, each judged by 33 seats."""
    from shinrai.language import Language
    from shinrai.report.oscal import dumped, to_oscal_results

    sample = importlib.import_module("tests.report.test_oscal").hundred_by_33()
    return {language.value: len(dumped(to_oscal_results(sample, language))) for language in Language}


def measured(only: list[str], gb: float) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each part with its figures."""
    parts: dict[str, Callable[[Path], dict[str, Any]]] = {
        "start": start,
        "certificate": certificate,
        "round": round_of_33,
        "large": lambda folder: large(folder, gb),
        "oscal": oscal,
    }
    for name in only or parts:
        load = os.getloadavg()[0]
        with TemporaryDirectory(prefix="shinrai-verifier-") as folder:
            found = parts[name](Path(folder))
            yield name, {**found, "load_before": round(load, 1), "load_after": round(os.getloadavg()[0], 1)}


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=["start", "certificate", "round", "large", "oscal"], default=[])
    parser.add_argument("--large-gb", type=float, default=10)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    small.SEATS = ("north", *(f"seat{number}" for number in range(1, SEATS)))
    for name, found in measured(given.only, given.large_gb):
        print(name, json.dumps(found, indent=1), flush=True)
        known = json.loads(given.out.read_text()) if given.out.exists() else {}
        recorded = {
            "cores": os.cpu_count(),
            "versions": {"python": platform.python_version()},
            "targets": TARGETS,
            "figures": {**known.get("figures", {}), name: found},
        }
        given.out.write_text(json.dumps(recorded, indent=1) + "\n")


if __name__ == "__main__":
    main()
