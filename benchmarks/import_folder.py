"""How long a folder of 219 libraries with 74,360 mapping pairs takes to import, and how much memory.

    .venv/bin/python benchmarks/import_folder.py

The folder is made up here: frameworks of a few hundred rows and mapping sets between them, in the proportions seen in
libraries that are in use (nearly all pairs say `intersect`, few give a reason). The peer is PyYAML with libyaml reading
the same files into plain values, in the same run: what is above it is checking, building and reporting.

Predicted before the first run (2026-11-20): 15 s wall, 3 times the peer, 300 MiB at the peak.
"""

import argparse
import json
import os
import random
import resource
import tempfile
import time
from pathlib import Path

import yaml

from shinrai.frameworks.formats import FolderReport, import_folder

HERE = Path(__file__).resolve().parent
FILES = 219
PAIRS = 74_360
FRAMEWORKS = 40
ROWS = 150
RELATIONS = ("intersect",) * 95 + ("equal",) * 2 + ("subset",) * 2 + ("superset",)


def main() -> None:
    """Run the benchmark and write its figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=HERE / "results" / "import_folder.json")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write_folder(folder)
        size = sum(path.stat().st_size for path in folder.iterdir())
        start = time.perf_counter()
        report = import_folder(folder)
        wall = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        start = time.perf_counter()
        for path in sorted(folder.iterdir()):
            yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
        peer = time.perf_counter() - start
    figures = account(report) | {
        "cores": os.cpu_count(),
        "megabytes": round(size / 1e6, 1),
        "wall_s": round(wall, 1),
        "peer_wall_s": round(peer, 1),
        "ratio": round(wall / peer, 2),
        "peak_MiB": peak,
    }
    given.out.parent.mkdir(exist_ok=True)
    given.out.write_text(json.dumps(figures, indent=1) + "\n")
    print(json.dumps(figures, indent=1))


def account(report: FolderReport) -> dict[str, object]:
    """Return what the report says, so that a fast run that read nothing is seen to be one."""
    assert not report.failed, report.failed[0].error
    assert len(report.files) == FILES
    assert report.worth.pairs == PAIRS
    worth = report.worth
    return {
        "files": len(report.files),
        "pairs": worth.pairs,
        "share_with_rationale": round(worth.rationale / worth.pairs, 3),
        "share_intersects": round(worth.relations["intersects"] / worth.pairs, 3),
        "unknown_ids": worth.unknown_ids,
        "rows": sum(each.report.counts.get("requirements", 0) for each in report.files if each.report),
    }


def write_folder(folder: Path) -> None:
    """Write the folder; always the same one."""
    chance = random.Random(1)  # noqa: S311  (made-up data, no secret)
    for number in range(FRAMEWORKS):
        (folder / f"framework-{number:03}.yaml").write_text(framework(number), encoding="utf-8")
    sets = FILES - FRAMEWORKS
    for number in range(sets):
        pairs = PAIRS // sets + (number < PAIRS % sets)
        (folder / f"mapping-{number:03}.yaml").write_text(mapping_set(number, pairs, chance), encoding="utf-8")


def framework(number: int) -> str:
    """Return a library with one framework: ten headings, and rows under them."""
    base = f"urn:made-up:risk:req_node:fw-{number}"
    lines = [
        f"urn: urn:made-up:risk:library:fw-{number}",
        "locale: en",
        f"ref_id: fw-{number}",
        f"name: Framework {number}",
        "version: 1",
        "provider: Nobody",
        "objects:",
        "  framework:",
        f"    urn: urn:made-up:risk:framework:fw-{number}",
        f"    ref_id: fw-{number}",
        f"    name: Framework {number}",
        "    requirement_nodes:",
    ]
    for row in range(ROWS):
        heading = row - row % 15
        lines += [
            f"    - urn: {base}:{row}",
            f"      assessable: {'false' if row == heading else 'true'}",
            f"      depth: {1 if row == heading else 2}",
            *([] if row == heading else [f"      parent_urn: {base}:{heading}"]),
            f"      ref_id: R{row}",
            f"      name: Row {row}",
            f"      description: What row {row} of framework {number} asks, in a sentence that is as long as most are.",
        ]
    return "\n".join(lines) + "\n"


def mapping_set(number: int, pairs: int, chance: random.Random) -> str:
    """Return a library with one mapping set between two of the frameworks."""
    source, target = chance.sample(range(FRAMEWORKS), 2)
    lines = [
        f"urn: urn:made-up:risk:library:mapping-{number}",
        "locale: en",
        f"ref_id: mapping-{number}",
        f"name: Mapping {number}",
        "version: 1",
        "objects:",
        "  requirement_mapping_sets:",
        f"  - urn: urn:made-up:risk:req_mapping_set:mapping-{number}",
        f"    source_framework_urn: urn:made-up:risk:framework:fw-{source}",
        f"    target_framework_urn: urn:made-up:risk:framework:fw-{target}",
        "    requirement_mappings:",
    ]
    for _ in range(pairs):
        lines += [
            f"    - source_requirement_urn: urn:made-up:risk:req_node:fw-{source}:{chance.randrange(ROWS)}",
            f"      target_requirement_urn: urn:made-up:risk:req_node:fw-{target}:{chance.randrange(ROWS + 1)}",
            f"      relationship: {chance.choice(RELATIONS)}",
            *(["      rationale: semantic"] if chance.random() < 0.3 else []),
            *([f"      strength_of_relationship: {chance.randrange(11)}"] if chance.random() < 0.1 else []),
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
