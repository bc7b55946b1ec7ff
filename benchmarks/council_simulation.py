"""What a council costs: the count, a certificate, the simulator, and a round of 33 processes over HTTP.

    .venv/bin/python benchmarks/council_simulation.py

Targets (one core of the class of machine of the other benchmarks): a certificate of 33 signatures verified in 15 ms and
no larger than 8 KiB, 33 processes hold a round within 20 s.
Predicted before the first run (2026-11-20): 6 ms a certificate, 0.4 ms a count of 33 votes, 8 s for 33 processes.
"""

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from shinrai.council.case import Opinion
from shinrai.council.correlation import Bench, simulate
from shinrai.council.failures import council, count, model_check
from shinrai.council.http_seat import SeatSetting, attend
from shinrai.council.journal import VoteJournal
from shinrai.council.member import Member
from shinrai.council.members import MemberKind
from shinrai.council.seats_file import read_seats, seats_template
from shinrai.evidence import open_home
from shinrai.evidence.keys import load_signer
from shinrai.language import message
from shinrai_verify.dsse import Envelope, Signature
from shinrai_verify.keys import verifies
from shinrai_verify.trust import Policy

HERE = Path(__file__).resolve().parent
SHINRAI = [sys.executable, "-m", "shinrai"]
SEATS = 33


def certificate() -> dict[str, float]:
    """Milliseconds to verify the 33 signatures of a certificate, and its size."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    keys = [Ed25519PrivateKey.generate() for _ in range(SEATS)]
    bare = Envelope(b"x" * 340, ())
    signed = Envelope(bare.payload, tuple(Signature(f"{n:064x}", key.sign(bare.pae)) for n, key in enumerate(keys)))
    public = [key.public_key().public_bytes_raw() for key in keys]
    times = []
    for _ in range(50):
        start = time.perf_counter()
        good = all(verifies(p, s.sig, signed.pae) for p, s in zip(public, signed.signatures, strict=True))
        times.append(time.perf_counter() - start)
        assert good
    return {"bytes": len(signed.to_bytes()), "ms": 1000 * statistics.median(times), "ms_worst": 1000 * max(times)}


def counting() -> dict[str, float]:
    """Milliseconds to count 33 votes on one control, and seconds of the whole model check of seven members."""
    roster, profile = council(SEATS), [("pass",)] * 23 + [("fail",)] * 10
    start = time.perf_counter()
    for _ in range(200):
        count(roster, profile)
    one = (time.perf_counter() - start) / 200
    start = time.perf_counter()
    found = model_check(7)
    return {"ms": 1000 * one, "model_check_s": time.perf_counter() - start, "profiles": found.profiles}


def simulator() -> dict[str, float]:
    """CPU seconds for 20,000 questions put to 33 members of whom 20 are clones."""
    start = time.process_time()
    found = simulate(Bench(SEATS, (20,)), 50, 400)
    return {"cpu_s": time.process_time() - start, "members_wrong": found.members_wrong.value}


def seat(url: str, name: str, home: str, trust: str, value: str) -> None:
    """Attend a round as one member that always votes one value; this runs in a process of its own."""
    setting = SeatSetting(url, Policy.from_bytes(Path(trust).read_bytes()), Path(home) / "council", 100.0)
    folder = open_home(Path(home))
    signer = load_signer(folder.keys, f"member-{name}")
    member = Member(name, signer, VoteJournal(folder.path / "council", folder.keys, name))
    said = Opinion(value, message("“{text}”", text="a vote of the benchmark"), ())
    found = asyncio.run(attend(setting, member, lambda case: dict.fromkeys(case.opened.controls, said)))
    sys.exit(0 if found.logged else 2)


def processes(bundle: Path, home: Path) -> dict[str, object]:
    """Hold a round of 33 seats in 33 interpreters: the ten models lie, one person is silent."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        environment = {**os.environ, "SHINRAI_HOME": str(home), "SHINRAI_LANG": "en"}

        def run(*arguments: object, codes: tuple[int, ...] = (0,)) -> str:
            command = [*SHINRAI, "council", *map(str, arguments)]
            done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
            assert done.returncode in codes, done.stderr
            return done.stdout

        seats = folder / "seats.yaml"
        seats.write_text(seats_template(SEATS), encoding="utf-8")
        roster = re.search("Roster: ([0-9a-f]{64})", run("roster", "--file", seats))
        assert roster
        case, record, trust = folder / "case.zip", folder / "record.zip", bundle.with_name("trust.json")
        run("open", bundle, "--roster", roster[1], "--case", case)
        start = time.perf_counter()
        serve = [*SHINRAI, "council", "serve", str(case), "--seconds", "600", "--record", str(record)]
        serving = subprocess.Popen(serve, env=environment, stdout=subprocess.PIPE, text=True)
        assert serving.stdout
        url = serving.stdout.readline().split()[-1]
        plans = [plan for plan in read_seats(seats).seats if plan.id != "person-9"]
        started = []
        for plan in plans:
            value = "fail" if plan.kind is MemberKind.MODEL else "pass"
            command = [sys.executable, __file__, "--seat", url, plan.id, str(home), str(trust), value]
            started.append(subprocess.Popen(command, env=environment))
        codes = [process.wait(600) for process in started]
        voted = time.perf_counter() - start
        # The silent one comes last, so that nobody has to wait for the round's time to end.
        last = [sys.executable, __file__, "--seat", url, "person-9", str(home), str(trust), "inconclusive"]
        codes.append(subprocess.run(last, env=environment, check=False).returncode)
        serving.wait(90)
        tally = run("tally", record, "--trust", trust, "--json", codes=(0, 1, 2))
        controls = json.loads(tally)["controls"]
        return {
            "controls": len(controls),
            "certified": sum(each["outcome"] == "pass" for each in controls),
            "processes": len(codes),
            "all_proven": set(codes) == {0},
            "load": os.getloadavg()[0],
            "voted_s": voted,
            "closed_s": time.perf_counter() - start,
            "record_bytes": record.stat().st_size,
        }


def main() -> None:
    """Run the benchmark and write its figures."""
    if sys.argv[1:2] == ["--seat"]:
        seat(*sys.argv[2:])
    parser = argparse.ArgumentParser()
    parser.add_argument("--bundle", type=Path, help="bundle.zip of an assessment, beside its trust.json")
    parser.add_argument("--home", type=Path, help="the data folder in which that assessment was made")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "council.json")
    given = parser.parse_args()
    found: dict[str, object] = {
        "certificate": certificate(),
        "cores": os.cpu_count(),
        "count": counting(),
        "simulator": simulator(),
    }
    if given.bundle and given.home:
        found["processes"] = processes(given.bundle, given.home)
    given.out.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1, sort_keys=True))


if __name__ == "__main__":
    main()
