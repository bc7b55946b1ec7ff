"""Whatever is answered, the template reads back as answered, or the answer at fault is named."""

import dataclasses
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shinrai.frameworks.model import Role
from shinrai.language import Bilingual, Language
from shinrai.systems import (
    Answers,
    Autonomy,
    DataClass,
    DescriptionError,
    Kind,
    Share,
    Stage,
    parse_description,
    render_template,
)
from shinrai.systems.fields import _REORDERING
from shinrai.systems.vocabulary import ROLES

ANSWERS = Answers(
    language=Language.JA,
    id="loan",
    name=Bilingual(ja="住宅ローン審査", en="Loan screening"),
    purpose=Bilingual(ja="審査の支援", en="Supports screening"),
    roles=(Role.DEVELOPER,),
    kinds=(Kind.PREDICTIVE,),
    autonomy=Autonomy.ADVISES,
    data=(DataClass.PERSONAL,),
    stage=Stage.PILOT,
    target_file="data/判断.csv",
    label="結果",
    prediction="判断",
    score=None,
    favourable="承認",
    groups=("性別",),
    share=Share.COUNTS,
    owner_name="山田 花子",
)


def allowed(sign: str) -> bool:
    return sign in "\n\t" or (unicodedata.category(sign) not in {"Cc", "Cs"} and sign not in _REORDERING)


signs = st.characters(exclude_categories=["Cs"]).filter(allowed)
prose = st.text(signs, min_size=1, max_size=60).filter(lambda text: bool(text.strip()))
label = prose.filter(
    lambda text: len(text.splitlines()) == 1 and "\t" not in text and text[-1] not in "\n\r\u2028\u2029"
)
texts = st.builds(Bilingual, ja=prose, en=prose)


def some(values: list[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(st.sampled_from(values), min_size=1, unique=True).map(tuple)


@st.composite
def answered(draw: st.DrawFn) -> Answers:
    names = draw(st.lists(label, min_size=4, max_size=6, unique=True))
    has_prediction = draw(st.booleans())
    has_score = draw(st.booleans()) or not has_prediction
    return Answers(
        language=draw(st.sampled_from(Language)),
        id=draw(st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True)),
        name=draw(texts),
        purpose=draw(texts),
        roles=draw(some(list(ROLES))),
        kinds=draw(some(list(Kind))),
        autonomy=draw(st.sampled_from(Autonomy)),
        data=draw(st.just((DataClass.NONE,)) | some([d for d in DataClass if d is not DataClass.NONE])),
        stage=draw(st.sampled_from(Stage)),
        target_file=draw(st.sampled_from(["d.csv", "data/d.parquet", "データ/判断 結果.CSV", "a'b\"c: #.csv"])),
        label=names[0],
        prediction=names[1] if has_prediction else None,
        score=names[2] if has_score else None,
        favourable=draw(
            label | st.booleans() | st.integers(-(10**17), 10**17) | st.floats(allow_nan=False, allow_infinity=False)
        ),
        groups=tuple(names[3:]),
        share=draw(st.sampled_from(Share)),
        owner_name=draw(label),
        threshold=None if has_prediction else draw(st.floats(0, 1)),
        government_use=draw(st.booleans()),
        public_facing=draw(st.booleans()),
        regions=draw(some(["JP", "NO", "US"])),
    )


HARD = "a \"quoted\": 'text' # no comment\n- {x: &a *a, !!b c} 😀\t信頼\\n\u3000%@`\u2028\ufeff"


@settings(max_examples=150, deadline=None)
@given(answered())
@example(dataclasses.replace(ANSWERS, name=Bilingual(ja=HARD, en=HARD), purpose=Bilingual(ja="null", en="~")))
@example(dataclasses.replace(ANSWERS, label="null", prediction="no", groups=("true", "1", "- x"), favourable="1"))
@example(dataclasses.replace(ANSWERS, favourable=1e300))
@example(dataclasses.replace(ANSWERS, favourable=5e-324))
@example(dataclasses.replace(ANSWERS, favourable=-0.0))
def test_the_template_reads_back_as_answered(answers: Answers) -> None:
    description = parse_description(render_template(answers).encode(), "f")
    system, target = description.system, description.targets["decisions"]
    assert system.id == answers.id
    assert (system.name.bilingual, system.purpose.bilingual) == (answers.name, answers.purpose)
    assert (system.roles, system.kinds, system.data) == (answers.roles, answers.kinds, answers.data)
    assert (system.autonomy, system.stage) == (answers.autonomy, answers.stage)
    assert (system.government_use, system.public_facing) == (answers.government_use, answers.public_facing)
    assert system.regions == answers.regions
    assert (target.label, target.prediction, target.score) == (answers.label, answers.prediction, answers.score)
    assert (target.favourable, type(target.favourable)) == (answers.favourable, type(answers.favourable))
    assert (target.threshold, target.groups, target.share) == (answers.threshold, answers.groups, answers.share)
    assert target.file == answers.target_file
    assert description.people[0].name.ja == answers.owner_name
    assert description.scope is not None
    assert description.scope.approver == description.people[0].id


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": "Loan!"}, "system.id"),
        ({"target_file": "../d.csv"}, "targets.decisions.file"),
        ({"groups": ()}, "targets.decisions.groups"),
        ({"prediction": None}, "targets.decisions"),
        ({"owner_name": " "}, "people[1].name.ja"),
        ({"name": Bilingual(ja="\x07", en="x")}, "system.name.ja"),
        ({"data": (DataClass.NONE, DataClass.PERSONAL)}, "system.data"),
    ],
)
def test_an_answer_that_cannot_stand_is_named(change: dict[str, object], field: str) -> None:
    with pytest.raises(DescriptionError) as caught:
        render_template(dataclasses.replace(ANSWERS, **change))
    assert caught.value.faults[0].place.field == field


def test_a_broken_sign_is_refused() -> None:
    with pytest.raises(DescriptionError):
        render_template(dataclasses.replace(ANSWERS, label="\ud800"))


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            Language.JA,
            [
                "# 評価するシステムの版。",
                "#   advises: 助言のみ：判断は人が行う",
                "（未記入）",
                "結果は証拠から導かれます",
            ],
        ),
        (
            Language.EN,
            [
                "# The version of the system that is assessed.",
                "#   advises: it advises; a person decides",
                "(not written yet)",
                "Results are never written here",
            ],
        ),
    ],
)
def test_comments_are_in_the_chosen_language(language: Language, expected: list[str]) -> None:
    text = render_template(dataclasses.replace(ANSWERS, language=language))
    for part in expected:
        assert part in text


def test_what_was_not_asked_is_marked_in_both_languages() -> None:
    system = parse_description(render_template(ANSWERS).encode(), "f").system
    for text in (system.affected_people, system.decision_effect.text):
        assert (text.ja, text.en) == ("（未記入）", "(not written yet)")


def test_the_example_attestation_works_when_its_comment_marks_go() -> None:
    text = render_template(ANSWERS)
    start = text.index("# attestations:")
    lines = (line.removeprefix("# ") for line in text[start:].splitlines())
    opened = text[:start] + "\n".join(lines).replace("{ja: …, en: …}", "{ja: 停止できる, en: It can be stopped}") + "\n"
    assert parse_description(opened.encode(), "f").attestations[0].by == "owner"
