"""The evidence log at a million leaves on SQLite and PostgreSQL: appending, publishing, proving, checking.

    python benchmarks/log.py [--leaves 1000000] [--only sqlite] [--full] [--out FILE]

writes benchmarks/results/log.json; a database that is left out keeps its figures of the same size. Statements are
signed before the clock starts: what is measured is the log, at its end. The peer is the database itself: the same
entries written by the bare driver into one table with the same two indexes, in the same batches, in the same run. What
the disk needs to make 4 KiB and 1 MiB durable stands beside, since a commit cannot be faster.

Targets: 2,000 leaves a second in batches of 100; an append that is answered with a published proof 50 ms (median) and
1 s (p99); a proof 5 ms (p95); fsck with 10,000 signatures 60 s; an entry 1 KiB.
Predicted on 2026-11-20, before the journal of SQLite was carried over in larger parts and fsck verified while it
hashed: SQLite 4,000 a second at a million leaves (before: 743 on a machine under load 12, of which the disk was most),
PostgreSQL 3,000; a proof 1 ms and 3 ms; fsck 22 s of CPU, all signatures included 100 s on both cores together.
"""

import argparse
import hashlib
import json
import os
import platform
import random
import resource
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa

from shinrai.evidence import Home, Store, open_home, sign
from shinrai.evidence.keys import load_signer
from shinrai.evidence.store import PAYLOAD_MEDIA_TYPE, Addition, _grow, _leaves, _put
from shinrai_verify.dsse import Envelope, Statement

RESULTS = Path(__file__).parent / "results" / "log.json"
KIND = "https://shinrai.example/test/v1"
BATCH = 100
TARGETS = {
    "append_batch_100_per_s": 2000,
    "answer_p50_ms": 50,
    "answer_p99_ms": 1000,
    "proof_p95_ms": 5,
    "fsck_s": 60,
    "entry_bytes": 1024,
}


def envelopes(home: Home, start: int, count: int) -> list[Envelope]:
    """Return signed statements of the size that a vote has."""
    signer = load_signer(home.keys, "producer")
    about = {"round": hashlib.sha256(b"round").hexdigest(), "value": "pass"}
    return [
        sign(Statement("bundle", "0" * 64, KIND, {**about, "control": f"JP-{number}"}), signer)
        for number in range(start, start + count)
    ]


def appended(store: Store, home: Home, start: int, end: int, batch: int) -> Iterator[tuple[float, float]]:
    """Append up to a size; yields wall and CPU seconds for each batch. Statements are signed outside the clock."""
    for low in range(start, end, batch):
        made = envelopes(home, low, min(batch, end - low))
        began, used = time.perf_counter(), time.process_time()
        store.append(Addition(made))
        yield time.perf_counter() - began, time.process_time() - used


def filled(store: Store, home: Home, size: int) -> None:
    """Fill a log to a size as `append` would, in large batches and without reading back what was just signed."""
    for low in range(0, size, 5000):
        made = envelopes(home, low, min(5000, size - low))
        contents = {each.payload_sha256: (PAYLOAD_MEDIA_TYPE, each.payload) for each in made}
        fresh = [leaf for each in made for leaf in _leaves(each)]
        with store.engine.begin() as db:
            _put(db, contents)
            _grow(db, low, fresh)
        if low % 100_000 == 0:
            store.publish()
    store.publish()


def quantiles(seconds: list[float]) -> dict[str, float]:
    """Return median, 95th and 99th percentile in milliseconds."""
    ordered = sorted(seconds)
    high = {f"p{part}_ms": ordered[min(len(ordered) - 1, len(ordered) * part // 100)] for part in (95, 99)}
    return {name: round(1000 * each, 2) for name, each in {"p50_ms": statistics.median(ordered), **high}.items()}


def syncing(folder: Path, size: int) -> dict[str, float]:
    """Return what it takes to write so many bytes behind one another and make them durable."""
    data, taken = os.urandom(size), []
    with (folder / "synced").open("wb") as stream:
        for _ in range(50):
            began = time.perf_counter()
            stream.write(data)
            stream.flush()
            os.fdatasync(stream.fileno())
            taken.append(time.perf_counter() - began)
    (folder / "synced").unlink()
    return quantiles(taken)


def measure(home: Home, leaves: int) -> dict[str, Any]:
    """Fill a log and measure at its end."""
    store = Store(home)
    measured = max(2000, leaves // 50)
    filled(store, home, leaves - measured)
    disk = {f"{size // 1024}_kib": syncing(home.path, size) for size in (4096, 1024 * 1024)}
    taken = list(appended(store, home, leaves - measured, leaves, BATCH))
    sustained, used = [wall for wall, _ in taken], sum(cpu for _, cpu in taken)
    began = time.perf_counter()
    store.publish()
    publishing = time.perf_counter() - began
    chance = random.Random(7)  # noqa: S311  (a choice of entries, not a secret)
    proving = []
    for _ in range(300):
        index = chance.randrange(leaves)
        began = time.perf_counter()
        store.prove(index)
        proving.append(time.perf_counter() - began)
    answering = []
    for number in range(200):
        made = Addition(envelopes(home, leaves + number, 1))
        began = time.perf_counter()
        store.append_and_prove(made)
        answering.append(time.perf_counter() - began)
    entry_bytes = max(len(store.entry(chance.randrange(leaves))) for _ in range(300))
    store.close()
    return {
        "append_batch_100_per_s": round(measured / sum(sustained)),
        "append_batch_100": quantiles(sustained),
        "append_per_cpu_s": round(measured / used),
        "disk": disk,
        "entry_bytes": entry_bytes,
        "publish_ms": round(1000 * publishing, 1),
        "published_at_once": measured,
        "proof": quantiles(proving),
        "append_publish_prove_one": quantiles(answering),
    }


FSCK = """
import json, resource, sys, time
from pathlib import Path
from shinrai.evidence import Store, open_home
from shinrai.evidence.fsck import fsck
from shinrai.evidence.keys import load_signer
home = open_home(Path(sys.argv[1]))
signer = load_signer(home.keys, "producer")
sample = int(sys.argv[2]) or None
began = time.perf_counter()
report = fsck(Store(home), keys={signer.keyid: signer.public}, sample=sample)
wall = time.perf_counter() - began
own = resource.getrusage(resource.RUSAGE_SELF)
below = resource.getrusage(resource.RUSAGE_CHILDREN)
cpu = own.ru_utime + own.ru_stime + below.ru_utime + below.ru_stime
print(json.dumps({"sound": report.sound, "entries": report.entries, "signatures": report.signatures,
  "wall_s": round(wall, 1), "cpu_s": round(cpu, 1), "peak_mib": round(max(own.ru_maxrss, below.ru_maxrss) / 1024)}))
"""


def checked(home: Home, sample: int) -> dict[str, Any]:
    """Check the log in a process of its own."""
    command = [sys.executable, "-c", FSCK, str(home.path), str(sample)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert found["sound"]
    return found


def bare_sqlite(folder: Path, home: Home, rows: int) -> float:
    """Return rows a second of the bare driver with the same durability, from an empty table."""
    db = sqlite3.connect(folder / "bare.db", isolation_level=None)
    db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
    db.execute("CREATE TABLE bare (idx INTEGER PRIMARY KEY, hash BLOB UNIQUE, entry BLOB, payload BLOB)")
    db.execute("CREATE INDEX bare_payload ON bare (payload)")
    return _bare(rows, home, lambda batch: _sqlite_batch(db, batch))


def _sqlite_batch(db: sqlite3.Connection, batch: list[tuple[int, bytes, bytes, bytes]]) -> None:
    db.execute("BEGIN IMMEDIATE")
    db.executemany("INSERT INTO bare VALUES (?, ?, ?, ?)", batch)
    db.execute("COMMIT")


def bare_postgresql(engine: sa.Engine, home: Home, rows: int) -> float:
    """Return rows a second of the bare driver, from an empty table."""
    with engine.begin() as db:
        db.execute(sa.text("CREATE TABLE bare (idx BIGINT PRIMARY KEY, hash BYTEA UNIQUE, entry BYTEA, payload BYTEA)"))
        db.execute(sa.text("CREATE INDEX bare_payload ON bare (payload)"))
    raw = engine.raw_connection()

    def insert(batch: list[tuple[int, bytes, bytes, bytes]]) -> None:
        raw.cursor().executemany("INSERT INTO bare VALUES (%s, %s, %s, %s)", batch)
        raw.commit()

    return _bare(rows, home, insert)


def _bare(rows: int, home: Home, insert: Any) -> float:
    spent = 0.0
    for low in range(0, rows, BATCH):
        made = envelopes(home, low, BATCH)
        batch = [
            (low + n, hashlib.sha256(each.pae).digest(), each.to_bytes(), bytes.fromhex(each.payload_sha256))
            for n, each in enumerate(made)
        ]
        began = time.perf_counter()
        insert(batch)
        spent += time.perf_counter() - began
    return rows / spent


def sqlite_figures(folder: Path, leaves: int, *, full: bool) -> dict[str, Any]:
    """Measure on SQLite."""
    home = open_home(folder / "sqlite")
    found = measure(home, leaves)
    found["bytes_per_leaf"] = round(home.database.stat().st_size / leaves)
    found["fsck_sampled"] = checked(home, 10_000)
    if full:
        found["fsck_full"] = checked(home, 0)
    found["bare_driver_per_s"] = round(bare_sqlite(folder, home, 20_000))
    return found


def postgresql_figures(folder: Path, leaves: int, *, full: bool) -> dict[str, Any]:
    """Measure on a PostgreSQL of its own, with the durability that it has by default."""
    import pgserver

    running = pgserver.get_server(folder / "pg", cleanup_mode="stop")
    os.environ["LOG_BENCHMARK_DB"] = running.get_uri()
    home = open_home(folder / "postgresql")
    (home.path / "database-reference").write_text("env:LOG_BENCHMARK_DB")
    try:
        found = measure(home, leaves)
        url = sa.make_url(running.get_uri()).set(drivername="postgresql+psycopg")
        engine = sa.create_engine(url)
        with engine.connect() as db:
            size = db.execute(sa.text("SELECT pg_database_size(current_database())")).scalar_one()
            found["version"] = str(db.execute(sa.text("SHOW server_version")).scalar_one())
        found["bytes_per_leaf"] = round(size / leaves)
        found["fsck_sampled"] = checked(home, 10_000)
        if full:
            found["fsck_full"] = checked(home, 0)
        found["bare_driver_per_s"] = round(bare_postgresql(engine, home, 20_000))
        engine.dispose()
    finally:
        running.cleanup()
    return found


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leaves", type=int, default=1_000_000)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--full", action="store_true", help="verify every signature too, once more")
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    figures: dict[str, Any] = {}
    for kind, take in (("sqlite", sqlite_figures), ("postgresql", postgresql_figures)):
        if given.only in (None, kind):
            with TemporaryDirectory(prefix="shinrai-log-") as folder:
                before = os.getloadavg()[0]
                figures[kind] = take(Path(folder), given.leaves, full=given.full)
                figures[kind] |= {"load_before": round(before, 1), "load_after": round(os.getloadavg()[0], 1)}
                print(kind, json.dumps(figures[kind], indent=1), flush=True)
    # Read only now: another run may have recorded the other database meanwhile.
    before_us = json.loads(given.out.read_text()) if given.out.exists() else {}
    if before_us.get("leaves") == given.leaves:
        figures = before_us["figures"] | figures
    recorded = {
        "leaves": given.leaves,
        "cores": os.cpu_count(),
        "versions": {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version},
        "targets": TARGETS,
        "figures": figures,
    }
    given.out.write_text(json.dumps(recorded, indent=2) + "\n")
    print(f"peak of the writer: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")


if __name__ == "__main__":
    main()
