"""Run the verifier and its JavaScript counterpart on the same bundles, and say where they differ."""

import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shinrai_verify.cli import to_json
from shinrai_verify.encoding import Fault
from shinrai_verify.trust import Policy
from shinrai_verify.verify import verify

SCRIPT = Path(__file__).resolve().parents[2] / "shinrai-verify-js" / "verify.mjs"
NOW = 1_790_000_000_000
"""Milliseconds; a time at which the world's documents hold, the same for both verifiers."""
COMPARED = (
    "bundleId",
    "subject",
    "log",
    "times",
    "council",
    "certified",
    "verdicts",
    "late",
    "withheld",
    "erased",
    "revoked",
)


@dataclass(frozen=True)
class Case:
    """One bundle (the archive, or a folder's files), a policy, and what was seen before. now: milliseconds."""

    name: str
    bundle: bytes | Mapping[str, bytes]
    policy: bytes
    last_seen: bytes | None = None
    now: int | None = NOW


def node() -> str | None:
    """Return the node to run: the one on PATH, else the one that playwright carries."""
    try:
        from playwright._impl._driver import compute_driver_executable

        carried = compute_driver_executable()[0]
    except ImportError:
        carried = None
    return shutil.which("node") or carried


def _written(case: Case, folder: Path, number: int) -> dict[str, Any]:
    place = folder / f"{number}"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    (place / "trust.json").write_bytes(case.policy)
    told: dict[str, Any] = {"bundle": str(place / "bundle.zip"), "trust": str(place / "trust.json"), "now": case.now}
    if isinstance(case.bundle, bytes):
        (place / "bundle.zip").write_bytes(case.bundle)
    else:
        for name, data in case.bundle.items():
            (place / "bundle.zip" / name).parent.mkdir(parents=True, exist_ok=True)
            (place / "bundle.zip" / name).write_bytes(data)
    if case.last_seen is not None:
        (place / "seen.txt").write_bytes(case.last_seen)
        told["lastSeen"] = str(place / "seen.txt")
    return {name: value for name, value in told.items() if value is not None}


def _mine(case: Case, paths: Mapping[str, Any], verifier: Callable[..., Any]) -> dict[str, Any]:
    now = datetime.fromtimestamp(case.now / 1000, UTC) if case.now is not None else None
    try:
        policy = Policy.from_bytes(case.policy)
    except Fault as fault:
        return {"exitCode": 64, "error": str(fault)}
    return json.loads(to_json(verifier(Path(paths["bundle"]), policy, last_seen=case.last_seen, now=now)))


def differences(
    cases: Sequence[Case], folder: Path, tally: Counter[str], verifier: Callable[..., Any] = verify
) -> list[str]:
    """Return a line for each case on which the two differ: exit class, levels and, if believable, what was found.

    tally counts the cases by exit class.
    """
    places = [_written(case, folder, number) for number, case in enumerate(cases)]
    command = [str(node()), str(SCRIPT), "--batch"]
    asked = "".join(json.dumps(place) + "\n" for place in places)
    ran = subprocess.run(command, input=asked.encode(), capture_output=True, check=True)
    theirs = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(theirs) == len(cases), ran.stderr.decode()[-2000:]
    found = []
    for case, place, other in zip(cases, places, theirs, strict=True):
        mine = _mine(case, place, verifier)
        tally[str(mine["exitCode"])] += 1
        names = ["exitCode", "levels"] + (list(COMPARED) if mine["exitCode"] in (0, 2, 3) else [])
        unequal = [name for name in names if mine.get(name) != other.get(name)]
        if unequal:
            wrong = [
                [f"{s['code']} {s['text']}" for s in told.get("steps", ()) if s["class"]] or told.get("error")
                for told in (mine, other)
            ]
            values = [{name: told.get(name) for name in unequal} for told in (mine, other)]
            found.append(f"{case.name}: {values[0]} {wrong[0]} / {values[1]} {wrong[1]}")
    return found
