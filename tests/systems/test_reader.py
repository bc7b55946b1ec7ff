"""Every rule of the description is kept, and a fault names its line and field."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic_core import ErrorDetails

from shinrai.language import Language, ShinraiError
from shinrai.systems import Description, DescriptionError, Fault, parse_description, read_description
from shinrai.systems.translation import translate

Faults = Callable[..., tuple[Fault, ...]]


def test_a_faultless_file_is_read(tmp_path: Path, minimal: str) -> None:
    path = tmp_path / "shinrai.yaml"
    path.write_text(minimal, encoding="utf-8")
    description = read_description(path)
    assert description.system.version == "2026.1"
    assert description.system.model.version == "1.10"  # a text: the last 0 counts
    assert description.system.regions == ("JP", "NO")  # Norway, not false
    assert description.frameworks[0].version == "2025-12-19"  # a text that looks like a date
    assert description.attestations[0].expires.isoformat() == "2027-03-31"
    assert description.targets["decisions"].favourable == 1
    assert description.checks.group_fairness.limits == {"selection_rate.ratio": 0.8}
    assert description.checks.calibration.min_group == 30
    assert description.checks.performance.skip is not None


def test_a_byte_order_mark_and_carriage_returns_are_read(minimal: str) -> None:
    content = b"\xef\xbb\xbf" + minimal.replace("\n", "\r\n").encode()
    assert parse_description(content, "f").system.id == "screening"


COUNTED = "    share: counts\n    strata: "
GROUPS = "targets.decisions.groups"
RULES = [
    # what to replace, by what, the field at fault, part of the English text
    ("shinrai: 1\n", "shinrai: 2\n", "shinrai", "version of the file format"),
    ("shinrai: 1\n", "shinrai: one\n", "shinrai", "A whole number is expected"),
    ("  id: screening\n", "  id: Screening!\n", "system.id", "doesn't have the form"),
    ("  id: screening\n", "", "system.id", "The field “id” is missing"),
    ("  id: screening\n", "  id: ~\n", "system.id", "There is no value here"),
    ("{ja: 審査, en: Screening}", "{ja: 審査}", "system.name.en", "The English text"),
    ("{ja: 審査, en: Screening}", "{en: Screening}", "system.name.ja", "The Japanese text"),
    ("{ja: 審査, en: Screening}", "審査", "system.name", "needed in both languages"),
    ("{ja: 審査, en: Screening}", '{ja: "  ", en: Screening}', "system.name.ja", "The text is empty"),
    ("{ja: 審査, en: Screening}", '{ja: "", en: Screening}', "system.name.ja", "The text is empty"),
    ("{ja: 審査, en: Screening}", '{ja: "\\u202e", en: S}', "system.name.ja", "direction of writing"),
    ("{ja: 審査, en: Screening}", '{ja: "\\x07", en: S}', "system.name.ja", "control character"),
    ("{ja: 審査, en: Screening}", "{ja: [審査], en: S}", "system.name.ja", "A text is expected"),
    ("  version: 2026.1\n", '  version: "1\\n2"\n', "system.version", "several lines"),
    ("  version: 2026.1\n", f"  version: {'1' * 201}\n", "system.version", "too long"),
    ("[developer, business_user]", "[developer, citizen]", "system.roles[2]", "“citizen” is not a choice"),
    ("[developer, business_user]", "[developer, developer]", "system.roles", "“developer” stands in this list twice"),
    ("[developer, business_user]", "[]", "system.roles", "too few entries"),
    ("[developer, business_user]", "developer", "system.roles", "A list is expected"),
    ("[developer, business_user]", "[[developer]]", "system.roles[1]", "One word is expected"),
    ("[predictive]", "[predictiv]", "system.kinds[1]", "“predictiv” is not a choice"),
    ("level: significant", "level: huge", "system.decision_effect.level", "not a choice"),
    ("data: [personal]", "data: [personal, none]", "system.data", "none"),
    ("government_use: false", "government_use: no", "system.government_use", "Yes or no is expected"),
    ("[JP, NO]", "[Japan]", "system.regions[1]", "doesn't have the form"),
    ("file: model/m.json", "file: model/m.json, endpoint: 'https://a.example'", "system.model.endpoint", "not both"),
    ("file: model/m.json", "endpoint: ftp://a.example", "system.model.endpoint", "not a web address"),
    ("file: model/m.json", "endpoint: 'http://[x'", "system.model.endpoint", "not a web address"),
    ("file: model/m.json", "endpoint: 'https://u:p@a.example'", "system.model.endpoint", "no user name"),
    ("file: model/m.json", "endpoint: 'https://a.example/?key=1'", "system.model.endpoint", "no user name"),
    ("file: model/m.json", "file: ..", "system.model.file", "leads out"),
    ("file: model/m.json", "file: .", "system.model.file", "names a folder"),
    ("{id: jp.guideline13, ", "{id: JP GL, ", "frameworks[1].id", "doesn't have the form"),
    ("  - {id: jp.g", "  - {id: jp.guideline13, version: v}\n  - {id: jp.g", "frameworks[2].id", "used twice"),
    ("    by: yamada\n", "    by: sato\n", "attestations[1].by", "No one under “people” has the id “sato”"),
    ("  approver: yamada", "  approver: yamda", "scope.approver", "No one under “people” has the id “yamda”"),
    ("  decisions:\n", "  my decisions:\n", "targets.my decisions", "doesn't have the form"),
    ("    kind: table\n", "    kind: chart\n", "targets.decisions.kind", "not a choice"),
    ("data/d.parquet", "../d.parquet", "targets.decisions.file", "leads out"),
    ("data/d.parquet", "data/x/../../../d.parquet", "targets.decisions.file", "leads out"),
    ("data/d.parquet", "/etc/d.parquet", "targets.decisions.file", "does not start from"),
    ("data/d.parquet", "C:/d.parquet", "targets.decisions.file", "does not start from"),
    ("data/d.parquet", "~/d.parquet", "targets.decisions.file", "does not start from"),
    ("data/d.parquet", "data\\d.parquet", "targets.decisions.file", "A path is written with “/”"),
    ("data/d.parquet", "data/d.pickle", "targets.decisions.file", "not read here"),
    ("    prediction: predicted\n", "", "targets.decisions", "neither a prediction nor a score"),
    ("    prediction: predicted\n", "    score: p\n", "targets.decisions", "neither a prediction nor a threshold"),
    ("    prediction: predicted\n", "    prediction: approved\n", "targets.decisions.prediction", "two things"),
    ("    label: approved\n", "    label: race\n", "targets.decisions.groups[1]", "“race” is used for two things"),
    ("    label: approved\n", "", "targets.decisions.label", "The field “label” is missing"),
    ("    favourable: 1\n", "    favourable: [1]\n", "targets.decisions.favourable", "One value is expected"),
    ("    favourable: 1\n", "    favourable: 1.0e999\n", "targets.decisions.favourable", "finite number"),
    ("groups: [race, sex]", "groups: []", "targets.decisions.groups", "too few"),
    ("[[race, sex]]", "[[race, age]]", "targets.decisions.intersections[1][2]", "“age” is crossed"),
    ("groups: [race, sex]", f"groups: [race, sex, {', '.join(f'g{n}' for n in range(49))}]", GROUPS, "at most 50"),
    ("requirement: JP-GL-3.4, ", "", "scope.not_applicable[1].requirement", "is missing"),
    ("[[race, sex]]", "[[race]]", "targets.decisions.intersections[1]", "too few"),
    ("[[race, sex]]", "[[race, sex], [race, sex]]", "targets.decisions.intersections", "“race × sex” stands"),
    (
        "    share: counts\n",
        f"{COUNTED}[sex]\n",
        "targets.decisions.strata[1]",
        "“sex” is used for two",
    ),
    (
        "    share: counts\n",
        f"{COUNTED}[a, b, c, d, e, f]\n",
        "targets.decisions.strata",
        "at most 5",
    ),
    ("    share: counts\n", f"{COUNTED}[a, a]\n", "targets.decisions.strata", "“a” stands"),
    ("    share: counts\n", "", "targets.decisions.share", "The field “share” is missing"),
    ("    share: counts\n", "    share: counts\n    threshold: 50\n", "targets.decisions.threshold", "larger than 1"),
    ("0.8}", "80%}", "checks.group_fairness.limits.selection_rate.ratio", "A finite number"),
    ("0.8}", ".inf}", "checks.group_fairness.limits.selection_rate.ratio", "A finite number"),
    ("0.8}", "nan}", "checks.group_fairness.limits.selection_rate.ratio", "A finite number"),
    ("0.8}", "-0.1}", "checks.group_fairness.limits.selection_rate.ratio", "too small"),
    ("0.8}", "80}", "checks.group_fairness.limits.selection_rate.ratio", "larger than 1"),
    ("{selection_rate.ratio: ", "{accuracy: ", "checks.group_fairness.limits.accuracy", "not a choice"),
    ("limits: {selection_rate.ratio: 0.8}", "limits: 0.8", "checks.group_fairness.limits", "Keys with values"),
    ("[selection_rate.ratio]", "[selection_rate]", "checks.group_fairness.decide_on[1]", "not a choice"),
    ("[selection_rate.ratio]", "[]", "checks.group_fairness.decide_on", "too few"),
    ("min_group: 30", "min_group: 4", "checks.group_fairness.min_group", "too small"),
    ("min_group: 30", "min_group: 1e9", "checks.group_fairness.min_group", "A whole number"),
    ("min_group: 30", "min_group: ３０", "checks.group_fairness.min_group", "half-width"),
    ("skip: {reason: {ja: 理由, en: Reason}}", "skip: true", "checks.performance.skip", "Keys with values"),
    ("skip: {reason: {ja: 理由, en: Reason}}", "min_group: 30", "checks.performance.min_group", "not known here"),
    ("shows: JP-GL-C1.override-design", "shows: JPGLC1", "attestations[1].shows", "doesn't have the form"),
    ("documents/override.md", "../override.md", "attestations[1].document", "leads out"),
    ("expires: 2027-03-31", "expires: 2027-02-30", "attestations[1].expires", "no such day"),
    ("expires: 2027-03-31", "expires: 31/03/2027", "attestations[1].expires", "A date is expected"),
    ("requirement: JP-GL-3.4", "requirement: JP-GL-C1", "scope.not_applicable[1].requirement", "under “required”"),
    ("requirement: JP-GL-3.4", "requirement: 第3条", "scope.not_applicable[1].requirement", "doesn't have the form"),
    ("[JP-GL-C1]", "[]", "required", "too few"),
    ("[JP-GL-C1]", "[JP-GL-C1, JP-GL-C1]", "required", "twice"),
    ("validity_days: 180", "validity_days: 0", "validity_days", "too small"),
    ("validity_days: 180", "validity_days: 731", "validity_days", "too large"),
    ("validity_days: 180", "validity: 180", "validity", "The key “validity” is not known"),
    ("frameworks:\n  - {id: jp.guideline13, version: 2025-12-19}\n", "", "frameworks", "is missing"),
    ("required: [JP-GL-C1]", "targts: {}", "targts", "The key “targts” is not known"),
]


@pytest.mark.parametrize(("old", "new", "field", "text"), RULES)
def test_a_broken_rule_is_one_fault_with_its_field(faults: Faults, old: str, new: str, field: str, text: str) -> None:
    found = faults((old, new))
    assert [fault.place.field for fault in found] == [field]
    assert text in found[0].what.text(Language.EN) or text in found[0].fix.text(Language.EN)
    assert all(fault.text(Language.JA) and fault.fix.text(Language.JA) for fault in found)


def test_a_fault_names_its_line_and_column(faults: Faults, minimal: str) -> None:
    (fault,) = faults(("stage: pilot", "stage: pilto"))
    line = minimal.splitlines().index("  stage: pilot") + 1
    assert (fault.place.file, fault.place.line, fault.place.column) == ("shinrai.yaml", line, 10)


def test_what_is_missing_stands_at_its_parent(faults: Faults, minimal: str) -> None:
    (fault,) = faults(("  autonomy: advises\n", ""))
    assert fault.place.line == minimal.splitlines().index("system:") + 1
    assert fault.fix.text(Language.EN).startswith("Add it under “system”.")
    (at_top,) = faults(("shinrai: 1\n", ""))
    assert at_top.place.line == 1
    assert at_top.fix.text(Language.EN).startswith("Add it at the top level of the file.")
    (in_list,) = faults(("    by: yamada\n", ""))
    assert in_list.fix.text(Language.EN).startswith("Add it under “attestations[1]”.")


def test_all_faults_are_told_together_in_the_order_of_the_file(faults: Faults) -> None:
    found = faults(
        ("stage: pilot", "stage: pilto"),
        ("validity_days: 180", "validity_days: -1"),
        ("    by: yamada\n", "    by: sato\n"),
        ("id: screening", "id: screening\n  id: again"),
    )
    assert [fault.place.field for fault in found] == [
        "system.id",
        "system.stage",
        "attestations[1].by",
        "validity_days",
    ]


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("stage: pilot", "stage: Ｐｉｌｏｔ", "Did you mean “pilot”?"),
        ("validity_days: 180", "validity-day: 180", "Did you mean “validity_days”?"),
        ("    by: yamada\n", "    by: yamadaa\n", "Did you mean “yamada”?"),
    ],
)
def test_a_near_word_is_suggested(faults: Faults, old: str, new: str, hint: str) -> None:
    (fault,) = faults((old, new))
    assert hint in fault.fix.text(Language.EN)


def test_a_misspelt_key_is_not_also_missing(faults: Faults) -> None:
    assert [fault.place.field for fault in faults(("  autonomy:", "  autonmy:"))] == ["system.autonmy"]


def test_an_error_of_the_model_without_words_of_its_own_still_says_what_belongs_there() -> None:
    error = ErrorDetails(type="decimal_type", loc=("system", "stage"), msg="", input="x")
    what, fix = translate(error)
    assert what.text(Language.JA) == "この値は使えません。"
    assert fix.text(Language.JA) == "ここに書くもの：現在の段階。"
    _, unknown = translate(ErrorDetails(type="decimal_type", loc=("nowhere",), msg="", input="x"))
    assert "shinrai init" in unknown.text(Language.EN)


def test_two_people_or_two_reasons_under_one_id_are_refused(faults: Faults) -> None:
    person = "  - {id: yamada, name: {ja: 山, en: Y}, position: {ja: 長, en: L}}\n"
    (twice,) = faults(("targets:\n", person + "targets:\n"))
    assert twice.place.field == "people[2].id"
    entry = "    - {requirement: JP-GL-3.4, reason: {ja: 行政でない, en: No government}}\n"
    (again,) = faults((entry, entry * 2))
    assert again.place.field == "scope.not_applicable[2].requirement"
    assert "twice" in str(again.what)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1", 1),
        ("1.0", 1.0),
        ("1e-7", 1e-7),
        ("true", True),
        ("'1'", "1"),
        ("'true'", "true"),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("007", "007"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2026-01-01", "2026-01-01"),
        ("承認", "承認"),
        (".nan", ".nan"),
    ],
)
def test_the_favourable_value_is_read_without_guessing(minimal: str, written: str, value: object) -> None:
    text = minimal.replace("favourable: 1\n", f"favourable: {written}\n")
    read = parse_description(text.encode(), "f").targets["decisions"].favourable
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize("extra", ["score: p", "score: p\n    threshold: 0.5"])
def test_a_score_can_stand_beside_or_in_place_of_a_prediction(minimal: str, extra: str) -> None:
    both = parse_description(minimal.replace("favourable:", f"{extra}\n    favourable:").encode(), "f")
    assert both.targets["decisions"].score == "p"
    alone = minimal.replace("    prediction: predicted\n", "    score: p\n    threshold: 0.5\n")
    assert parse_description(alone.encode(), "f").targets["decisions"].threshold == 0.5


def test_optional_parts_may_be_left_out(minimal: str) -> None:
    text = minimal[: minimal.index("\npeople:") + 1]
    description = parse_description(text.encode(), "f")
    assert description.people == description.attestations == ()
    assert description.targets == {}
    assert description.scope is None
    assert description.required is None
    assert description.validity_days == 180


def test_a_file_that_is_not_there_or_no_file_is_an_error(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(ShinraiError, match="There is no such file") as caught:
            read_description(path)
        assert caught.value.place is not None


def test_a_file_that_cannot_be_opened_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "shinrai.yaml"
    path.touch()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ShinraiError, match="can't be opened"):
        read_description(path)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path, minimal: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "d.parquet").touch()
    folder = tmp_path / "inside"
    (folder / "documents").mkdir(parents=True)
    (folder / "data").symlink_to(outside)
    (folder / "documents" / "override.md").touch()
    path = folder / "shinrai.yaml"
    path.write_text(minimal, encoding="utf-8")
    with pytest.raises(DescriptionError) as caught:
        read_description(path)
    assert [fault.place.field for fault in caught.value.faults] == ["targets.decisions.file"]
    assert "a link" in str(caught.value)


def test_links_in_a_circle_are_refused(tmp_path: Path, minimal: str) -> None:
    (tmp_path / "data").symlink_to(tmp_path / "data")
    path = tmp_path / "shinrai.yaml"
    path.write_text(minimal, encoding="utf-8")
    with pytest.raises(DescriptionError) as caught:
        read_description(path)
    assert [fault.place.field for fault in caught.value.faults] == ["targets.decisions.file"]


def test_a_description_error_needs_a_fault() -> None:
    with pytest.raises(ValueError, match="at least one"):
        DescriptionError(())


@pytest.mark.parametrize(("content", "field"), [(b"[1]", None), (b"text", None), (b"~", None)])
def test_a_file_that_is_no_mapping_is_refused(content: bytes, field: str | None) -> None:
    with pytest.raises(DescriptionError) as caught:
        parse_description(content, "f")
    assert [fault.place.field for fault in caught.value.faults] == [field]


def test_a_description_made_in_code_keeps_the_rules_between_fields(minimal: str) -> None:
    content = parse_description(minimal.encode(), "f").canonical()
    content["attestations"][0]["by"] = "nobody"
    with pytest.raises(ValueError, match="No one under “people”"):
        Description.model_validate(content)
