"""OSCAL: valid by NIST's schemas, references lead somewhere, equal input gives equal bytes, nothing is made up."""

import gzip
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.assess.assessment import ApprovalRecord, Assessment, CouncilRecord, Result, Seat, Vote
from shinrai.language import Language
from shinrai.report.oscal import PLAN_FILE, dumped, to_oscal_plan, to_oscal_poam, to_oscal_results
from shinrai.report.oscal.words import EMPTY, identifier, markup, moment, plain, prop

from .sample import HOSTILE, MEASUREMENTS, NOW, assessment, digest, leaf, measurement, requirement, text, verdict
from .strategies import assessments

SCHEMAS = Path(__file__).parent / "schemas"
Tree = dict[str, Any]
WRITERS: dict[str, Callable[[Assessment, Language], Tree | None]] = {
    "assessment-plan": to_oscal_plan,
    "assessment-results": to_oscal_results,
    "poam": to_oscal_poam,
}


@cache
def schema(model: str) -> Any:
    data = gzip.decompress((SCHEMAS / f"oscal_{model}_schema.json.gz").read_bytes())
    return jsonschema_rs.validator_for(json.loads(data), validate_formats=True)


def errors(model: str, tree: Any) -> list[str]:
    return [f"{list(error.instance_path)}: {error.message[:200]}" for error in schema(model).iter_errors(tree)]


def written(sample: Assessment, language: Language = Language.EN) -> dict[str, Tree]:
    trees = {model: write(sample, language) for model, write in WRITERS.items()}
    return {model: json.loads(dumped(tree)) for model, tree in trees.items() if tree is not None}


def result_of(sample: Assessment, language: Language = Language.EN) -> Tree:
    (result,) = to_oscal_results(sample, language)["assessment-results"]["results"]
    return result


def finding(sample: Assessment, target: str, language: Language = Language.EN) -> Tree:
    return next(f for f in result_of(sample, language)["findings"] if f["target"]["target-id"] == target)


def observation(sample: Assessment, target: str) -> Tree:
    (related,) = finding(sample, target)["related-observations"]
    return next(o for o in result_of(sample)["observations"] if o["uuid"] == related["observation-uuid"])


def values(thing: Tree, name: str) -> list[str]:
    return [prop["value"] for prop in thing["props"] if prop["name"] == name]


def walk(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield every key with its value, at any depth."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield key, value
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)


def bare(sample: Assessment, **update: object) -> Assessment:
    nothing = {"results": [], "measurements": [], "attestations": [], "frameworks": [], "targets": [], "limits": []}
    council = CouncilRecord(n=0, f=0, q=1, seats=[], required_seats=[], common_causes_over_f=[], round="")
    return sample.model_copy(update=nothing | {"council": council} | update)


@pytest.mark.parametrize("language", Language)
def test_all_three_documents_are_valid(language: Language) -> None:
    found = written(assessment(), language)
    assert set(found) == set(WRITERS)
    assert {model: errors(model, tree) for model, tree in found.items()} == {model: [] for model in found}


@settings(max_examples=25, deadline=None)
@given(assessments(), st.sampled_from(Language))
def test_any_assessment_is_valid(sample: Assessment, language: Language) -> None:
    for model, tree in written(sample, language).items():
        assert errors(model, tree) == []


def test_an_assessment_of_nothing_is_valid_and_has_no_plan_of_action() -> None:
    found = written(bare(assessment()))
    assert set(found) == {"assessment-plan", "assessment-results"}
    assert [errors(model, tree) for model, tree in found.items()] == [[], []]


def test_equal_input_gives_equal_bytes_and_another_moment_another_document() -> None:
    sample = assessment()
    again = Assessment.model_validate_json(sample.model_dump_json(by_alias=True))
    for write in WRITERS.values():
        assert dumped(write(sample, Language.JA) or {}) == dumped(write(again, Language.JA) or {})
    later = sample.model_copy(update={"as_of": NOW.replace(year=2027)})
    first, second = to_oscal_results(sample), to_oscal_results(later)
    assert first["assessment-results"]["uuid"] != second["assessment-results"]["uuid"]
    observed = [
        {o["uuid"] for o in tree["assessment-results"]["results"][0]["observations"]} for tree in (first, second)
    ]
    assert observed[0] == observed[1]
    # The plan was made before the results; it does not change because they are read on another day.
    assert dumped(to_oscal_plan(sample)) == dumped(to_oscal_plan(later))


def mixed_council() -> Assessment:
    """Return the sample with a council of programs, a model and a person."""
    sample = assessment()
    kinds = ["tool", "tool", "tool", "model", "human"]
    seats = [seat.model_copy(update={"kind": kind}) for seat, kind in zip(sample.council.seats, kinds, strict=True)]
    approval = ApprovalRecord(
        by=text("信頼 太郎(AI統括責任者)", "Taro Shinrai (Chief AI Officer)"),
        position=text("AI統括責任者", "Chief AI Officer"),
        covers=["JP-G13-8"],
        signed_on=NOW,
        expires=NOW.date(),
        current=True,
        evidence=digest(17),
        log_index=3,
    )
    council = sample.council.model_copy(update={"seats": seats})
    return sample.model_copy(update={"council": council, "approvals": [approval]})


@pytest.mark.parametrize("model", WRITERS)
def test_every_reference_leads_somewhere_and_every_uuid_is_made_from_digests(model: str) -> None:
    tree = written(mixed_council())[model]
    defined = [value for key, value in walk(tree) if key == "uuid"]
    assert len(defined) == len(set(defined)) > 5
    assert {UUID(uuid).version for uuid in defined} == {5}
    roles = {role["id"] for key, listed in walk(tree) if key == "roles" for role in listed}
    referred = 0
    for key, value in walk(tree):
        if key.endswith("-uuid"):
            assert value in defined, key
        elif key == "party-uuids":
            assert set(value) <= set(defined)
        elif key == "role-id":
            assert value in roles
        elif key == "href" and value.startswith("#"):
            assert value[1:] in defined
        else:
            continue
        referred += 1
    assert referred > 5


def test_the_results_pin_the_plan_by_the_digest_of_its_file() -> None:
    sample = assessment()
    body = to_oscal_results(sample)["assessment-results"]
    (plan,) = [r for r in body["back-matter"]["resources"] if f"#{r['uuid']}" == body["import-ap"]["href"]]
    (link,) = plan["rlinks"]
    assert link["href"] == PLAN_FILE
    assert link["hashes"] == [
        {"algorithm": "SHA-256", "value": hashlib.sha256(dumped(to_oscal_plan(sample))).hexdigest()}
    ]


def test_statuses() -> None:
    status = {
        name: (found["state"], found["reason"])
        for name in (
            *("JP-AIGB-S-1.accuracy", "JP-AIGB-S-1", "JP-AIGB-F-1.groups", "JP-AIGB-F-1", "JP-AIGB-F-1.sex"),
            *("JP-AIGB-F-2.gap", "JP-AIGB-D-1", "JP-G13-2.log", "JP-G13-8.mark", "JP-G13-8"),
        )
        for found in [finding(assessment(), name)["target"]["status"]]
    }
    assert {name for name, found in status.items() if found == ("satisfied", "pass")} == {
        "JP-AIGB-S-1",
        "JP-AIGB-S-1.accuracy",
    }
    assert {name for name, found in status.items() if found == ("not-satisfied", "fail")} == {
        "JP-AIGB-F-1",
        "JP-AIGB-F-1.groups",
    }
    assert {found for name, found in status.items() if name not in {"JP-AIGB-S-1", "JP-AIGB-S-1.accuracy"}} == {
        ("not-satisfied", "fail"),
        ("not-satisfied", "other"),
    }


def test_what_oscal_has_no_word_for_is_said_in_a_property_and_in_words() -> None:
    sample = assessment()
    for target, outcome, said in (
        ("JP-AIGB-F-1.sex", "inconclusive", "Inconclusive"),
        ("JP-AIGB-F-2.gap", "undecided", "Undecided"),
        ("JP-G13-1.log", "not_assessed", "Not assessed"),
        ("JP-G13-8", "not_applicable", "Not applicable"),
    ):
        found = finding(sample, target)
        assert values(found, "outcome") == [outcome]
        assert found["target"]["status"]["remarks"].startswith(said)
    assert values(finding(sample, "JP-AIGB-D-1"), "result") == ["partly"]
    japanese = finding(sample, "JP-AIGB-F-2.gap", Language.JA)
    assert japanese["title"] == "予測確率のずれの測定"
    assert japanese["description"] == "測定がエラーで終わりました。"


def test_an_observation_tells_who_looked_how_and_at_what() -> None:
    sample = mixed_council()
    seen = observation(sample, "JP-AIGB-F-1.groups")
    assert seen["methods"] == ["TEST"]
    (origin,) = seen["origins"]
    assert [actor["type"] for actor in origin["actors"]] == ["assessment-platform", *["tool"] * 4, "party"]
    assert values(seen, "votes-fail") == ["4"]
    assert values(seen, "voted-fail") == ["recompute provenance statistics completeness"]
    assert values(seen, "voted-pass") == ["policy"]
    assert seen["remarks"] == "policy voted Pass: The policy reads differently."
    assert seen["collected"] == moment(NOW)
    assert seen["expires"] == "2027-05-20T23:59:59Z"
    asked = observation(sample, "JP-AIGB-H-1.oversight")
    assert asked["methods"] == ["INTERVIEW"]
    attestor = next(actor for actor in asked["origins"][0]["actors"] if actor.get("role-id") == "attestor")
    parties = to_oscal_results(sample)["assessment-results"]["metadata"]["parties"]
    (person,) = [party for party in parties if party["uuid"] == attestor["actor-uuid"]]
    assert (person["type"], person["name"]) == ("person", "Hanako Shinrai")


def test_where_nobody_looked_there_is_no_observation() -> None:
    sample = assessment()
    for target in ("JP-G13-1.log", "JP-AIGB-E-1.training"):  # no evidence; a statement that nobody signed
        assert "related-observations" not in finding(sample, target)


def test_every_number_has_n_interval_and_coverage() -> None:
    seen = observation(assessment(), "JP-AIGB-S-1.accuracy")
    first = {p["name"]: p["value"] for p in seen["props"] if p.get("group") == "measurement-1"}
    assert first == {
        "measurement": "loans.performance.all.accuracy",
        "measured-outcome": "pass",
        "measured-origin": "measured",
        "n": "989",
        "coverage": "989 of 1000",
        "value": "0.9123",
        "low": "0.893",
        "high": "0.928",
        "level": "0.95",
        "comparison": "at_least",
        "limit": "0.877",
    }


def test_what_another_tool_measured_is_called_imported() -> None:
    sample = assessment()
    records = [record.model_copy(update={"origin": "imported", "scenarios": 41}) for record in sample.measurements]
    imported = sample.model_copy(update={"measurements": records})
    seen = observation(imported, "JP-AIGB-S-1.accuracy")
    assert set(values(seen, "measured-origin")) == {"imported"}
    assert set(values(seen, "scenarios")) == {"41"}
    resources = to_oscal_results(imported)["assessment-results"]["back-matter"]["resources"]
    assert {value for r in resources if "props" in r for value in values(r, "origin")} == {"imported", "attested"}
    assert errors("assessment-results", written(imported)["assessment-results"]) == []


def test_evidence_is_named_by_its_digest() -> None:
    body = to_oscal_results(assessment())["assessment-results"]
    resources = {f"#{r['uuid']}": r for r in body["back-matter"]["resources"]}
    seen = observation(assessment(), "JP-AIGB-S-1.accuracy")
    hashes = [resources[e["href"]]["rlinks"][0]["hashes"][0] for e in seen["relevant-evidence"]]
    named = {record.id: record.evidence for record in MEASUREMENTS}
    expected = [named["loans.performance.all.accuracy"], named["loans.performance.all.auc"], digest(7)]
    assert hashes == [{"algorithm": "SHA-256", "value": value} for value in dict.fromkeys(expected)]
    # Only a blob of the bundle is named by its place there; what stands in a line of a file is named by its digest.
    assert {link["href"][:4] for r in resources.values() for link in r.get("rlinks", [])} == {
        *("ni:/", "blob", "mani", "osca", "http"),
    }


def test_what_does_not_apply_is_excluded_by_name_and_says_who_approved_it() -> None:
    sample = mixed_council()
    result = result_of(sample)
    (selection,) = result["reviewed-controls"]["control-selections"]
    assert selection["exclude-controls"] == [{"control-id": "JP-G13-8"}]
    assert {"control-id": "JP-G13-8"} not in selection["include-controls"]
    assert "Taro Shinrai" in finding(sample, "JP-G13-8")["remarks"]
    approved = [a for a in result["attestations"] if a["parts"][0]["name"] == "scope-approval"]
    assert [a["parts"][0]["prose"] for a in approved] == ["These requirements do not apply: JP-G13-8"]


def test_when_all_is_excluded_the_selection_is_still_valid() -> None:
    sample = assessment()
    only = next(item for item in sample.results if item.result is Result.NOT_APPLICABLE)
    found = written(sample.model_copy(update={"results": [only]}))
    assert [errors(model, tree) for model, tree in found.items()] == [[], []]


def test_statements_that_nobody_signed_are_no_attestations() -> None:
    attestations = result_of(assessment())["attestations"]
    assert [a["parts"][0]["prose"] for a in attestations] == ["A person reviews every refusal."]


def test_the_conclusion_is_not_met_while_anything_required_is_open() -> None:
    sample = assessment()
    lying = sample.model_copy(update={"summary": sample.summary.model_copy(update={"conclusion": "met"})})
    assert values(result_of(lying), "conclusion") == ["undecided"]
    met = next(item for item in sample.results if item.id == "JP-AIGB-S-1")
    honest = lying.model_copy(update={"results": [met]})
    assert values(result_of(honest), "conclusion") == ["met"]


def test_the_plan_of_action_lists_gaps_and_needs_and_makes_nothing_up() -> None:
    sample = assessment()
    body = (to_oscal_poam(sample) or {})["plan-of-action-and-milestones"]
    items = {values(item, "requirement")[0]: item for item in body["poam-items"]}
    assert set(items) == {*("JP-AIGB-F-1", "JP-AIGB-F-2", "JP-AIGB-D-1", "JP-AIGB-E-1", "JP-G13-1")}
    assert "About n = 2,210 would be expected to decide." in items["JP-AIGB-F-1"]["description"]
    assert "expired" in items["JP-AIGB-D-1"]["description"]
    keys = {key for key, _ in walk(body)}
    assert not keys & {"risks", "deadline", "remediations", "responsible-roles", "responsible-parties", "milestones"}
    # The only times are when it was made, when evidence was collected, and when that expires.
    times = {key for key, value in walk(body) if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value)}
    assert times == {"last-modified", "version", "collected", "expires"}


def test_the_summary_counts_kinds_of_evidence_and_shared_causes() -> None:
    result = result_of(assessment())
    assert values(result, "evidence-attested") == ["1"]
    assert values(result, "requirements-partly") == ["1"]
    assert values(result, "common-cause-over-f") == ["host:runner-7", "operator:みらい銀行"]
    assert "no tolerance of Byzantine faults is claimed" in result["remarks"]


def with_text(hostile: str) -> Assessment:
    """Return an assessment in which one text stands wherever a text from outside can stand."""
    both = text(hostile, hostile)
    one = leaf(hostile, both, "met", both, measurements=[MEASUREMENTS[0].id], verdict=verdict("pass"))
    row = requirement(hostile, both, Result.MET, both, [one], framework=hostile, text=both, source=hostile)
    sample = assessment()
    return sample.model_copy(
        update={
            "results": [row],
            "limits": [both],
            "shinrai": hostile or "0",
            "system": sample.system.model_copy(
                update={"id": hostile, "version": hostile, "name": both, "purpose": both}
            ),
            "bundle": sample.bundle.model_copy(update={"id": hostile, "origin": hostile, "withheld": [hostile]}),
            "measurements": [MEASUREMENTS[0].model_copy(update={"title": both, "evidence": hostile})],
            "council": sample.council.model_copy(
                update={"round": hostile, "seats": [_seat(seat, hostile) for seat in sample.council.seats]}
            ),
            "frameworks": [
                f.model_copy(update={"title": both, "issuer": both, "source": hostile, "digest": hostile})
                for f in sample.frameworks[:1]
            ],
        }
    )


def _seat(seat: Seat, hostile: str) -> Seat:
    both = text(hostile, hostile)
    return seat.model_copy(update={"title": both, "examines": both, "domain": hostile, "causes": [hostile]})


TRAPS = {
    "a newline": "two\nlines",
    "a newline of Unicode": "two\u2028lines\x85",
    "blanks at the ends": " \t\u3000x\u00a0",
    "nothing": "",
    "blanks alone": "\u3000 \n",
    "a digit first": "13-a",
    "a space inside": "a b",
    "no tokens at all": "「」",
    "bidi and controls": HOSTILE,
    "what XML cannot hold": "a\x00\x0b\ufffe\ufdd0b",
    "half a character": "a\ud800b",
    "Markdown": "# [x](javascript:alert(1)) ![y](http://e.example/p.png) <b>*b* _i_ `c` {{ insert: param, p }}",
    "Markdown's entities": "&#x202e;abc &lt;b&gt; &amp;",
    "a script as address": "javascript:alert(1)",
}


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("language", Language)
def test_traps(trap: str, language: Language) -> None:
    for model, tree in written(with_text(TRAPS[trap]), language).items():
        assert errors(model, tree) == []
        data = json.dumps(tree, ensure_ascii=False)
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f\x00-\x1f\x7f-\x9f\ufffe\ud800-\udfff]", data)
        assert "javascript:" not in [value[:11] for key, value in walk(tree) if key == "href"]
        for key, value in walk(tree):
            if key in {"title", "description", "remarks", "prose"}:
                assert not re.search(r"(?<!\\)[<>\[\]`*{}]", value)


def _broken(change: Callable[[Tree], object]) -> list[str]:
    tree = written(assessment())["assessment-results"]
    change(tree["assessment-results"])
    return errors("assessment-results", tree)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body["metadata"]["props"][0].update(value="two\nlines"),
        lambda body: body["metadata"]["props"][0].update(name="a b"),
        lambda body: body["results"][0]["findings"][0]["target"].update({"target-id": "13-a"}),
        lambda body: body["metadata"].update({"last-modified": "2026-11-20T10:30:00"}),
        lambda body: body["results"][0].update(observations=[]),
        lambda body: body.update(uuid="6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
    ],
    ids=["newline in a value", "space in a name", "digit first", "no zone", "empty array", "UUID of version 1"],
)
def test_the_schema_would_catch_what_the_traps_are_about(change: Callable[[Tree], object]) -> None:
    assert _broken(change)


def test_no_array_is_empty_and_every_time_has_a_zone() -> None:
    naive = datetime(2026, 11, 20, 10, 30)
    sample = assessment().model_copy(update={"as_of": naive, "assessed_on": NOW})
    for tree in written(sample).values():
        assert [key for key, value in walk(tree) if value == []] == []
        assert dict(walk(tree))["last-modified"] == "2026-11-20T10:30:00Z"


@given(st.lists(st.text(max_size=12), unique=True, max_size=6))
def test_ids_become_tokens_and_never_collide(ids: list[str]) -> None:
    tokens = [identifier(id_) for id_ in ids]
    assert len(set(tokens)) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9._-]*", token) for token in tokens)


def test_ids_of_ours_stay_readable() -> None:
    assert identifier("JP-AIGB-F-1.groups") == "JP-AIGB-F-1.groups"
    assert identifier("13-a") == "_13-a"


@given(st.text(max_size=40))
def test_markup_reads_as_the_text_that_it_was(said: str) -> None:
    # What a Markdown reader does with a backslash before a sign of ASCII: the sign itself.
    assert re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markup(said)).replace("\\", "") == plain(said).replace("\\", "")
    assert plain("") == EMPTY


def test_a_value_is_one_line_whatever_it_was() -> None:
    assert prop("x", "two\nlines ")["value"] == "two lines"
    assert prop("x", True)["value"] == "true"


def hundred_by_33() -> Assessment:
    """Return 100 requirements, each judged by 33 seats of three kinds, each on a measurement of its own."""
    sample = assessment()
    kinds = ["tool", "model", "human"]
    seats = [
        Seat(
            id=f"seat-{number:02}",
            kind=kinds[number % 3],  # type: ignore[arg-type]
            title=text(f"評議席{number}", f"Seat {number}"),
            examines=text("証拠のすべて", "All of the evidence"),
            domain=f"domain-{number}",
            causes=[f"family:{number % 7}", f"host:{number % 5}"],
        )
        for number in range(33)
    ]
    rows, records = [], []
    for number in range(100):
        record = measurement(f"loans.performance.c{number}.accuracy", text("正解率", "Accuracy"))
        outcome = ("pass", "fail", "inconclusive", "undecided")[number % 4]
        votes = [
            Vote(
                seat=seat.id,
                value="fail" if index % 3 == 0 else "pass",
                reason=text("再計算した値と一致しません。", "It differs from the value that was computed again."),
                dissents=index % 3 == 0,
            )
            for index, seat in enumerate(seats)
        ]
        judged = verdict(outcome).model_copy(update={"votes": votes, "certificate": digest(1000 + number)})
        state = {"pass": "met", "fail": "not_met"}.get(outcome, "not_assessed")
        title = text(f"要求事項{number}の測定", f"Measurement for requirement {number}")
        one = leaf(f"JP-T-{number}.value", title, state, title, measurements=[record.id], verdict=judged)
        rows.append(requirement(f"JP-T-{number}", title, Result.NOT_ASSESSED, title, [one]))
        records.append(record.model_copy(update={"evidence": digest(2000 + number)}))
    council = CouncilRecord(n=33, f=10, q=22, seats=seats, required_seats=[], common_causes_over_f=[], round=digest(99))
    return sample.model_copy(update={"results": rows, "measurements": records, "council": council})


@pytest.mark.parametrize("language", Language)
def test_a_hundred_controls_and_33_members_stay_below_a_megabyte(language: Language) -> None:
    tree = to_oscal_results(hundred_by_33(), language)
    assert errors("assessment-results", tree) == []
    actors = [value for key, value in walk(tree) if key == "actor-uuid"]
    assert len(actors) >= 3300
    assert len(dumped(tree)) <= 1_000_000
