"""Shipped frameworks in a form that loads quickly.

Reading YAML with a place for every value takes most of the time of a command that looks something up. The build
therefore writes each framework beside its file as plain JSON, together with the digest of the file. The YAML stays what
counts: a compiled form whose digest is not that of the file is not used.
"""

import json
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

from shinrai.frameworks.loader import read_framework
from shinrai.frameworks.model import (
    Certainty,
    Coverage,
    EvidenceCode,
    ExpectedEvidence,
    Force,
    Framework,
    Kind,
    Phase,
    Requirement,
    Role,
    Scope,
    SourceKey,
    Start,
)
from shinrai.language import Bilingual

FORMAT = 1
"""Changes when the form does, so that one left by an older build is not misread."""


def compile_folder(data: Path) -> list[Path]:
    """Compile every framework file below a data folder; returns what was written, in a stable order."""
    written = []
    for source in sorted(data.glob("*/*.yaml")):
        target = source.with_suffix(".json")
        target.write_bytes(dump(read_framework(source.read_bytes(), source.name)))
        written.append(target)
    return written


def dump(framework: Framework) -> bytes:
    """Return the compiled form; lists stand in the order of the fields below."""
    rows = [
        [
            r.id, r.kind, _both(r.title), _both(r.text), sorted(r.roles), sorted(r.when), r.force, r.certainty,
            r.source, r.principle, [[leaf.id, leaf.code, _both(leaf.title)] for leaf in r.expects], list(r.phases),
            [[start.when, start.day.isoformat()] for start in r.starts], r.continues, list(r.tags),
        ]
        for r in framework.requirements
    ]  # fmt: skip
    f = framework
    header = [
        f.id, f.version, _both(f.title), _both(f.issuer), f.force, f.published.isoformat(), f.valid_from.isoformat(),
        f.superseded_by, f.source, f.licence, f.language_of_record, f.coverage, sorted(f.scope.regions),
        sorted(f.scope.facts), [[key.key, _both(key.title)] for key in f.source_keys],
        [_both(note) for note in f.certainty_notes], [_both(question) for question in f.open_questions],
    ]  # fmt: skip
    document = {"format": FORMAT, "digest": f.digest, "header": header, "rows": rows}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def load(compiled: bytes, source: bytes) -> Framework | None:
    """Return the framework of a compiled form, or None when it is not that of the source file."""
    document = json.loads(compiled)
    digest = sha256(source).hexdigest()
    if document["format"] != FORMAT or document["digest"] != digest:
        return None
    h = document["header"]
    return Framework(
        id=h[0],
        version=h[1],
        title=Bilingual(*h[2]),
        issuer=Bilingual(*h[3]),
        force=Force(h[4]),
        published=date.fromisoformat(h[5]),
        valid_from=date.fromisoformat(h[6]),
        superseded_by=h[7],
        source=h[8],
        licence=h[9],
        language_of_record=h[10],
        coverage=Coverage(h[11]),
        requirements=tuple(map(_requirement, document["rows"])),
        digest=digest,
        source_keys=tuple(SourceKey(key, Bilingual(*title)) for key, title in h[14]),
        certainty_notes=tuple(Bilingual(*note) for note in h[15]),
        open_questions=tuple(Bilingual(*question) for question in h[16]),
        scope=Scope(frozenset(h[12]), frozenset(h[13])),
    )


def _requirement(row: list[Any]) -> Requirement:
    return Requirement(
        id=row[0],
        kind=Kind(row[1]),
        title=Bilingual(*row[2]),
        text=Bilingual(*row[3]),
        roles=frozenset(map(Role, row[4])),
        when=frozenset(row[5]),
        force=Force(row[6]),
        certainty=Certainty(row[7]),
        source=row[8],
        principle=row[9],
        expects=tuple(ExpectedEvidence(leaf, EvidenceCode(code), Bilingual(*title)) for leaf, code, title in row[10]),
        phases=tuple(map(Phase, row[11])),
        starts=tuple(Start(when, date.fromisoformat(day)) for when, day in row[12]),
        continues=row[13],
        tags=tuple(row[14]),
    )


def _both(text: Bilingual) -> list[str]:
    return [text.ja, text.en]
