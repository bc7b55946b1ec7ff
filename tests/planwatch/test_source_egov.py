"""The law API against a replay of its answers: good, empty, error and malformed ones. Laws and dates are made up."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from shinrai.language import ShinraiError
from shinrai.planwatch.sources.egov import EGov, Pace, RevisionStatus
from shinrai.planwatch.sources.fetching import FailureKind, Limits, SourceError

from .source_server import SourceServer, answer, serving

JSON = "application/json"
INFO = {
    "law_id": "599AC0000000001",
    "law_num": "令和九十九年法律第一号",
    "law_num_era": "Reiwa",
    "law_num_year": 99,
    "law_num_type": "Act",
    "law_num_num": "001",
    "law_type": "Act",
    "promulgation_date": "2117-05-01",
}


def revision(day: str, by: str, status: str, **more: object) -> dict[str, object]:
    return {
        "law_revision_id": f"599AC0000000001_{day.replace('-', '')}_{by}",
        "law_type": "Act",
        "law_title": "見本法",
        "law_title_kana": "みほんほう",
        "abbrev": None,
        "category": "行政組織",
        "updated": "2117-06-01T10:00:00+09:00",
        "amendment_promulgate_date": "2117-05-01",
        "amendment_enforcement_date": day,
        "amendment_enforcement_comment": None,
        "amendment_scheduled_enforcement_date": None,
        "amendment_law_id": by,
        "amendment_law_title": None,
        "amendment_law_num": None,
        "amendment_type": "1",
        "repeal_status": "None",
        "repeal_date": None,
        "remain_in_force": False,
        "mission": "New",
        "current_revision_status": status,
    } | more


NEXT = revision(
    "2118-04-01",
    "600AC0000000009",
    "UnEnforced",
    amendment_enforcement_comment="公布の日から一年以内で政令で定める日",
    amendment_law_title="見本法の一部を改正する法律",
    amendment_law_num="令和百年法律第九号",
)
NOW = revision("2117-06-01", "000000000000000", "CurrentEnforced")
REVISIONS = {"law_info": INFO, "revisions": [NEXT, NOW]}
FOUND = {
    "total_count": 3,
    "count": 1,
    "next_offset": 1,
    "laws": [{"law_info": INFO, "revision_info": NOW, "current_revision_info": NOW}],
}
TEXT = {
    "attached_files_info": None,
    "law_info": INFO,
    "revision_info": NOW,
    "law_full_text": {
        "tag": "Law",
        "attr": {"Era": "Reiwa"},
        "children": [{"tag": "LawNum", "attr": {}, "children": ["第一号"]}],
    },
}
NO_HIT = {"code": "404001", "message": "指定のパラメータに一致する法令データは存在しません。"}


@pytest.fixture
def server() -> Iterator[SourceServer]:
    with serving() as told:
        yield told


@pytest.fixture
def egov(server: SourceServer) -> EGov:
    return EGov(server.at("/api/2/"), limits=Limits(seconds=5, silence=2, backoff=0.01))


def test_laws_are_found(server: SourceServer, egov: EGov) -> None:
    server.pages["/api/2/laws"] = answer(json.dumps(FOUND), kind=JSON)
    page = egov.laws(title="見本", as_of=date(2117, 7, 1), limit=1)
    assert (page.total, page.next_offset, len(page.laws)) == (3, 1, 1)
    law = page.laws[0]
    assert (law.law_id, law.number, law.promulgated) == ("599AC0000000001", INFO["law_num"], date(2117, 5, 1))
    assert (law.revision.status, law.revision.title) == (RevisionStatus.CURRENT, "見本法")
    assert server.seen == [
        "/api/2/laws?law_title=%E8%A6%8B%E6%9C%AC&asof=2117-07-01&limit=1&offset=0&response_format=json"
    ]


def test_revisions_say_what_is_in_force_and_what_will_be(server: SourceServer, egov: EGov) -> None:
    server.pages["/api/2/law_revisions/599AC0000000001"] = answer(json.dumps(REVISIONS), kind=JSON)
    found = egov.revisions("599AC0000000001")
    assert found is not None
    coming, now = found
    assert (coming.status, coming.enforced) == (RevisionStatus.NOT_YET, date(2118, 4, 1))
    assert coming.enforcement_note is not None and "政令で定める日" in coming.enforcement_note
    assert (coming.amending_law, coming.amending_number) == ("見本法の一部を改正する法律", "令和百年法律第九号")
    assert (now.status, now.promulgated, now.amending_law) == (RevisionStatus.CURRENT, date(2117, 5, 1), None)
    assert now.updated == datetime(2117, 6, 1, 1, tzinfo=UTC)
    assert now.revision_id == "599AC0000000001_21170601_000000000000000"


def test_the_hash_of_a_text_follows_the_text_and_not_its_writing(server: SourceServer, egov: EGov) -> None:
    path = "/api/2/law_data/599AC0000000001"
    hashes = []
    for written in (
        json.dumps(TEXT, ensure_ascii=False),
        json.dumps(TEXT, indent=4, sort_keys=True),
        json.dumps(TEXT).replace("\\u7b2c\\u4e00\\u53f7", "\\u7b2c\\u4e8c\\u53f7"),
    ):
        server.pages[path] = answer(written, kind=JSON)
        law = egov.law("599AC0000000001")
        assert law is not None and law.revision.title == "見本法"
        hashes.append(law.text_sha256)
    assert hashes[0] == hashes[1] != hashes[2]


def test_no_hit_is_none(server: SourceServer, egov: EGov) -> None:
    for path in ("laws", "law_revisions/599AC0000000009", "law_data/599AC0000000009"):
        server.pages[f"/api/2/{path}"] = answer(json.dumps(NO_HIT), 404, JSON)
    assert egov.laws(law_id="599AC0000000009").laws == ()
    assert egov.revisions("599AC0000000009") is None
    assert egov.law("599AC0000000009") is None
    server.pages["/api/2/laws"] = answer(json.dumps({"total_count": 0, "count": 0, "laws": []}), kind=JSON)
    assert egov.laws(title="ない").total == 0


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ('{"code":"400004","message":"x"}', 400, FailureKind.REFUSED),
        ('{"code":"404003","message":"x"}', 404, FailureKind.NOT_FOUND),
        ("<html>not here</html>", 404, FailureKind.NOT_FOUND),
        ("[]", 404, FailureKind.NOT_FOUND),
        ('{"code":"500001","message":"x"}', 500, FailureKind.OUTAGE),
        ("", 200, FailureKind.EMPTY),
    ],
)
def test_other_errors_are_errors(server: SourceServer, egov: EGov, body: str, status: int, kind: FailureKind) -> None:
    server.pages["/api/2/law_revisions/599AC0000000001"] = answer(body, status, JSON)
    with pytest.raises(SourceError) as caught:
        egov.revisions("599AC0000000001")
    assert caught.value.failure is not None
    assert caught.value.failure.kind is kind
    assert server.at("/api/2/law_revisions/599AC0000000001") in str(caught.value)


def broken(path: str, value: object) -> str:
    """Return the answer with one value replaced, or taken out where the new value is `...`."""
    data = json.loads(json.dumps(REVISIONS))
    *parents, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    at = data
    for step in parents:
        at = at[step]
    if value is ...:
        del at[last]
    else:
        at[last] = value
    return json.dumps(data)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("<html>maintenance</html>", None),
        ("{", None),
        ('{"law_info": NaN}', None),
        ("[" * 100_000, None),
        (b"\xff\xfe\x00", None),
        ("[]", None),
        ("{}", "law_info"),
        (broken("law_info", ...), "law_info"),
        (broken("law_info.law_id", 5), "law_info.law_id"),
        (broken("law_info.law_id", ""), "law_info.law_id"),
        (broken("revisions", {}), "revisions"),
        (broken("revisions.1", "x"), "revisions[1]"),
        (broken("revisions.1.law_title", None), "revisions[1].law_title"),
        (broken("revisions.1.law_title", "あ" * 20_001), "revisions[1].law_title"),
        (broken("revisions.0.current_revision_status", "Enforced"), "revisions[0].current_revision_status"),
        (broken("revisions.0.current_revision_status", ...), "current_revision_status"),
        (broken("revisions.0.amendment_enforcement_date", "2117-13-01"), "revisions[0].amendment_enforcement_date"),
        (broken("revisions.0.amendment_enforcement_date", "2117-W01-1"), "revisions[0].amendment_enforcement_date"),
        (broken("revisions.0.amendment_enforcement_date", 21170101), "revisions[0].amendment_enforcement_date"),
        (broken("revisions.0.updated", "2117-06-01T10:00:00"), "revisions[0].updated"),
        (broken("revisions.0.law_revision_id", "600AC0000000009_21170601_0"), "revisions[0].law_revision_id"),
    ],
)
def test_what_is_not_as_documented_names_address_and_path(
    server: SourceServer, egov: EGov, body: str | bytes, field: str | None
) -> None:
    server.pages["/api/2/law_revisions/599AC0000000001"] = answer(body, kind=JSON)
    with pytest.raises(SourceError) as caught:
        egov.revisions("599AC0000000001")
    place = caught.value.place
    assert place is not None
    assert place.file.startswith(server.at("/api/2/law_revisions/599AC0000000001"))
    if field is None:
        assert place.field is None
    else:
        assert field in str(caught.value)
    assert len(str(caught.value)) < 1_000


@pytest.mark.parametrize("wrong", ["", "../laws", "599AC0000000001?x=1", "令和九十九年法律第一号", "a" * 100])
def test_what_is_no_id_is_not_asked_for(server: SourceServer, egov: EGov, wrong: str) -> None:
    with pytest.raises(ShinraiError, match="not the id"):
        egov.revisions(wrong)
    assert server.seen == []


def test_the_pace_is_kept() -> None:
    pace, started = Pace(per_second=50), time.monotonic()
    for _ in range(6):
        pace.wait()
    assert time.monotonic() - started >= 5 / 50
