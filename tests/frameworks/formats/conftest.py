"""Made-up frameworks that use everything the format allows."""

from datetime import date

import pytest
from hypothesis import strategies as st

from shinrai.frameworks import (
    FACTS,
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

# What breaks writers: signs that YAML, XML or a spreadsheet read as their own.
_AWKWARD = st.sampled_from(
    [
        *("=1+1", "+1", "-1", "@x", "- a", "a: b", "# c", "no", "null", "1.10", "2026-01-01", "'a'", '"', "\\"),
        *("a;b", "{a}"),
        *("a\nb", "\t", "_x000D_", "_x005F_x000D_", "x005F_", "a\r\nb", " a ", "a \n b", "&<>", "]]>", "〔未訳〕", "-"),
        *(
            "[not translated] a",
            "a  b",
            "a,b",
            "{a}",
            "see-remarks",
            "\u00e9",
            "e\u0301",
            "~",
            "`",
            "%",
            "|",
            ">",
            "𠮷",
        ),
    ]
)
# Categories without what every reader refuses: controls, marks that turn the direction of text, line separators.
_CHARACTERS = st.characters(exclude_categories=("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"))
_ANY = st.text(_CHARACTERS, min_size=1, max_size=12)
TEXTS = st.one_of(_AWKWARD, _ANY, st.tuples(_AWKWARD, _ANY).map("".join)).map(
    lambda text: text if text.strip() else f"{text}x"
)
BILINGUALS = st.builds(Bilingual, ja=TEXTS, en=TEXTS)
IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,10}", fullmatch=True)
LEAF_NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2999, 12, 31))
FACT_SETS = st.frozensets(st.sampled_from(sorted(FACTS)), max_size=3)


@st.composite
def _requirements(draw: st.DrawFn, keys: list[str]) -> tuple[Requirement, ...]:
    ids = draw(st.lists(IDS, min_size=1, max_size=4, unique=True))
    parents: list[str | None] = [
        draw(st.none() | st.sampled_from(ids[:index])) if index else None for index in range(len(ids))
    ]
    made: list[Requirement] = []
    taken = set(ids)
    for id_, parent in zip(ids, parents, strict=True):
        names = draw(st.lists(LEAF_NAMES, min_size=1, max_size=3, unique=True)) if id_ not in parents else []
        names = [name for name in names if f"{id_}.{name}" not in taken] or (["zz-only"] if id_ not in parents else [])
        taken.update(f"{id_}.{name}" for name in names)
        cited = draw(st.lists(st.sampled_from(keys), min_size=1, max_size=3))
        section = draw(st.none() | TEXTS)
        made.append(
            Requirement(
                id=id_,
                kind=draw(st.sampled_from(Kind)),
                title=draw(BILINGUALS),
                text=draw(BILINGUALS),
                roles=draw(st.frozensets(st.sampled_from(Role), max_size=3)),
                when=draw(FACT_SETS),
                force=draw(st.sampled_from(Force)),
                certainty=draw(st.sampled_from(Certainty)),
                source="; ".join([*cited, *([section] if section else [])]),
                principle=parent,
                expects=tuple(
                    ExpectedEvidence(f"{id_}.{name}", draw(st.sampled_from(EvidenceCode)), draw(BILINGUALS))
                    for name in names
                ),
                phases=tuple(draw(st.lists(st.sampled_from(Phase), max_size=3))),
                starts=tuple(
                    draw(st.lists(st.builds(Start, st.none() | st.sampled_from(sorted(FACTS)), DAYS), max_size=2))
                ),
                continues=draw(st.none() | IDS),
                tags=tuple(draw(st.lists(LEAF_NAMES, max_size=3))),
            )
        )
    return tuple(made)


@st.composite
def _frameworks(draw: st.DrawFn) -> Framework:
    keys = draw(st.lists(IDS, min_size=1, max_size=3, unique=True))
    return Framework(
        id=draw(IDS),
        version=draw(IDS),
        title=draw(BILINGUALS),
        issuer=draw(BILINGUALS),
        force=draw(st.sampled_from(Force)),
        published=draw(DAYS),
        valid_from=draw(DAYS),
        superseded_by=draw(st.none() | IDS),
        source=draw(st.sampled_from(["https://example.jp", "https://example.jp/a?b=c&d=%20#e", "https://e.jp/-_~"])),
        licence=draw(TEXTS),
        language_of_record=draw(st.sampled_from(["ja", "en", "fr-CA"])),
        coverage=draw(st.sampled_from(Coverage)),
        requirements=draw(_requirements(keys)),
        digest="0" * 64,
        source_keys=tuple(SourceKey(key, draw(BILINGUALS)) for key in keys),
        certainty_notes=tuple(draw(st.lists(BILINGUALS, max_size=2))),
        open_questions=tuple(draw(st.lists(BILINGUALS, max_size=2))),
        scope=Scope(draw(st.frozensets(st.sampled_from(["JP", "EU", "US"]), max_size=2)), draw(FACT_SETS)),
    )


@pytest.fixture(scope="session")
def frameworks() -> st.SearchStrategy[Framework]:
    """A strategy for frameworks; every one of them is valid."""
    return _frameworks()
