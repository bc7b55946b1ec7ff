"""The statistics API against a replay of its answers. Tables and values are made up; so is the key."""

import json
import logging
import traceback
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from shinrai.language import Language, ShinraiError
from shinrai.planwatch.sources.estat import EStat, EStatError
from shinrai.planwatch.sources.fetching import Limits, SourceError
from shinrai.planwatch.sources.key_reference import read_key

from .source_server import SourceServer, answer, drop, in_turn, redirect, serving

KEY = "5e1f0c0ffee5e1f0c0ffee5e1f0c0ffee5e1f0c0"
JSON = "application/json; charset=utf-8"
TABLE = {
    "@id": "0009990001",
    "STAT_NAME": {"@code": "00999901", "$": "見本利用調査"},
    "GOV_ORG": {"@code": "00200", "$": "見本省"},
    "STATISTICS_NAME": "見本利用調査 年次結果",
    "TITLE": {"@no": "1", "$": "利用の有無別人数"},
    "SURVEY_DATE": 202401,
    "OPEN_DATE": "2024-07-01",
    "UPDATED_DATE": "2024-07-08",
    "OVERALL_TOTAL_NUMBER": 4,
}
CLASSES = {
    "CLASS_OBJ": [
        {"@id": "tab", "@name": "表章項目", "CLASS": {"@code": "10", "@name": "割合", "@level": "", "@unit": "％"}},
        {
            "@id": "cat01",
            "@name": "利用の有無",
            "CLASS": [
                {"@code": "1", "@name": "利用している", "@level": "1"},
                {"@code": "2", "@name": "利用していない", "@level": "1", "@parentCode": "0"},
            ],
        },
        {"@id": "area", "@name": "地域", "CLASS": {"@code": "00000", "@name": "全国", "@level": "1"}},
        {"@id": "time", "@name": "時間軸", "CLASS": [{"@code": "2024000000", "@name": "2024年", "@level": "1"}]},
    ]
}


def value(content: object, category: str = "1", **more: str) -> dict[str, object]:
    where = {"@tab": "10", "@cat01": category, "@area": "00000", "@time": "2024000000"}
    return where | more | {"$": content}


def result(status: object = 0, said: str = "正常に終了しました。") -> dict[str, object]:
    return {"STATUS": status, "ERROR_MSG": said, "DATE": "2024-08-01T00:00:00.000+09:00"}


def data(*values: dict[str, object], status: object = 0, total: int | None = None, after: int | None = None) -> str:
    numbers: dict[str, object] = {"TOTAL_NUMBER": len(values) if total is None else total, "FROM_NUMBER": 1}
    if after is not None:
        numbers["NEXT_KEY"] = after
    notes = [{"@char": "-", "$": "該当数値がないもの"}, {"@char": "x", "$": "数値が秘匿されているもの"}]
    page = {
        "RESULT_INF": numbers,
        "TABLE_INF": TABLE,
        "CLASS_INF": CLASSES,
        "DATA_INF": {"NOTE": notes, "VALUE": list(values) if len(values) != 1 else values[0]},
    }
    root = {"RESULT": result(status), "PARAMETER": {"LANG": "J"}, "STATISTICAL_DATA": page}
    return json.dumps({"GET_STATS_DATA": root})


GOOD = data(value("26.7"), value("-", "2"), value("***"), value("x", "2", **{"@unit": "人"}))


@pytest.fixture
def server() -> Iterator[SourceServer]:
    with serving() as told:
        yield told


@pytest.fixture
def estat(server: SourceServer) -> EStat:
    key = read_key("env:ESTAT_APP_ID", {"ESTAT_APP_ID": f" {KEY}\n"})
    return EStat(key, server.at("/app/json"), limits=Limits(seconds=5, silence=2, backoff=0.01))


def test_observations_come_out_with_their_labels_and_missing_ones_are_never_zero(
    server: SourceServer, estat: EStat
) -> None:
    server.pages["/app/json/getStatsData"] = answer(GOOD, kind=JSON)
    found = estat.statistics("0009990001", {"cdCat01": "1,2", "cdTimeFrom": "2024000000"})
    assert found is not None
    first, none, unknown, secret = found.observations
    assert (first.value, first.sign, first.unit) == (Decimal("26.7"), None, "％")
    assert first.time is not None and first.area is not None
    assert (first.time.name, first.area.name) == ("2024年", "全国")
    assert [(label.axis, label.name) for label in first.categories] == [("tab", "割合"), ("cat01", "利用している")]
    assert [(each.value, each.sign, each.meaning) for each in (none, unknown, secret)] == [
        (None, "-", "該当数値がないもの"),
        (None, "***", None),
        (None, "x", "数値が秘匿されているもの"),
    ]
    assert secret.unit == "人"
    assert (found.total, found.missing, found.in_part) == (4, 3, False)
    assert (found.table.title, found.table.survey, found.table.surveyed) == (
        "利用の有無別人数",
        "見本利用調査",
        "202401",
    )
    # The key does go to the service, or nothing would come back.
    assert server.seen[0].endswith(f"&appId={KEY}")
    assert "cdCat01=1%2C2&cdTimeFrom=2024000000" in server.seen[0]


def test_pages_are_put_together_and_counted(server: SourceServer, estat: EStat) -> None:
    pages = [data(value("1"), value("2"), total=3, after=3), data(value("3"), total=3)]
    server.pages["/app/json/getStatsData"] = in_turn(*(answer(page, kind=JSON) for page in pages))
    found = estat.statistics("0009990001")
    assert found is not None
    assert [observation.value for observation in found.observations] == [1, 2, 3]
    assert ["startPosition=1&" in server.seen[0], "startPosition=3&" in server.seen[1]] == [True, True]


@pytest.mark.parametrize(
    ("pages", "said"),
    [
        ([data(value("1"), total=2)], "2 values were announced and 1 came"),
        ([data(value("1"), total=9, after=1)], "does not lead onward"),
        ([data(total=9, after=5)], "does not lead onward"),
        ([data(value("1"), total=300_000)], "at most 200000 are taken"),
    ],
)
def test_a_part_is_never_taken_for_the_whole(server: SourceServer, estat: EStat, pages: list[str], said: str) -> None:
    server.pages["/app/json/getStatsData"] = in_turn(*(answer(page, kind=JSON) for page in pages))
    with pytest.raises(SourceError, match=said):
        estat.statistics("0009990001")


def test_tables_are_found_and_described(server: SourceServer, estat: EStat) -> None:
    listed = {"NUMBER": 12, "RESULT_INF": {"FROM_NUMBER": 1, "TO_NUMBER": 1, "NEXT_KEY": 2}, "TABLE_INF": TABLE}
    server.pages["/app/json/getStatsList"] = answer(
        json.dumps({"GET_STATS_LIST": {"RESULT": result(), "DATALIST_INF": listed}}), kind=JSON
    )
    page = estat.tables("生成AI 利用", limit=1)
    assert (page.total, page.next_position, page.tables[0].id) == (12, 2, "0009990001")
    assert (page.tables[0].updated, page.tables[0].cells) == ("2024-07-08", 4)
    meta = {"TABLE_INF": TABLE | {"TITLE": "ただの題"}, "CLASS_INF": CLASSES}
    server.pages["/app/json/getMetaInfo"] = answer(
        json.dumps({"GET_META_INFO": {"RESULT": result(), "METADATA_INF": meta}}), kind=JSON
    )
    form = estat.form("0009990001")
    assert form is not None
    assert form.table.title == "ただの題"
    assert [axis.id for axis in form.axes] == ["tab", "cat01", "area", "time"]
    assert (form.axes[1].items[1].parent, form.axes[0].items[0].unit) == ("0", "％")


def test_no_data_is_none_and_no_error(server: SourceServer, estat: EStat) -> None:
    for function, root in (
        ("getStatsList", "GET_STATS_LIST"),
        ("getMetaInfo", "GET_META_INFO"),
        ("getStatsData", "GET_STATS_DATA"),
    ):
        said = result(1, "正常に終了しましたが、該当データはありませんでした。")
        server.pages[f"/app/json/{function}"] = answer(json.dumps({root: {"RESULT": said}}), kind=JSON)
    assert estat.tables("ない").tables == ()
    assert estat.form("0009990001") is None
    assert estat.statistics("0009990001") is None


def test_what_was_left_out_is_said(server: SourceServer, estat: EStat) -> None:
    server.pages["/app/json/getStatsData"] = answer(data(value("1"), status="2"), kind=JSON)
    found = estat.statistics("0009990001")
    assert found is not None and found.in_part


def test_errors_of_the_service_are_typed(server: SourceServer, estat: EStat) -> None:
    said = json.dumps({"GET_STATS_DATA": {"RESULT": result(100, "認証に失敗しました。\x1b[31m")}})
    server.pages["/app/json/getStatsData"] = answer(said, kind=JSON)
    with pytest.raises(EStatError) as caught:
        estat.statistics("0009990001")
    assert caught.value.status == 100
    assert "認証に失敗しました" in str(caught.value)
    assert "\x1b" not in str(caught.value)


def changed(change: Callable[[dict], object]) -> str:
    whole = json.loads(GOOD)
    change(whole["GET_STATS_DATA"])
    return json.dumps(whole)


def first_value(root: dict) -> dict:
    return root["STATISTICAL_DATA"]["DATA_INF"]["VALUE"][0]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("<html>", None),
        ("{}", "GET_STATS_DATA"),
        (changed(lambda root: root.pop("RESULT")), "RESULT"),
        (changed(lambda root: root["RESULT"].update(STATUS="ok")), "GET_STATS_DATA.RESULT.STATUS"),
        (changed(lambda root: root["RESULT"].update(STATUS=True)), "GET_STATS_DATA.RESULT.STATUS"),
        (changed(lambda root: root["RESULT"].update(STATUS=7)), "GET_STATS_DATA.RESULT.STATUS"),
        (changed(lambda root: root.pop("STATISTICAL_DATA")), "STATISTICAL_DATA"),
        (changed(lambda root: root["STATISTICAL_DATA"].pop("RESULT_INF")), "RESULT_INF"),
        (changed(lambda root: first_value(root).update({"$": "12,345"})), "DATA_INF.VALUE[0].$"),
        (changed(lambda root: first_value(root).update({"$": "1e5"})), "DATA_INF.VALUE[0].$"),
        (changed(lambda root: first_value(root).update({"$": "２６"})), "DATA_INF.VALUE[0].$"),
        (changed(lambda root: first_value(root).update({"$": None})), "DATA_INF.VALUE[0].$"),
        (changed(lambda root: first_value(root).update({"$": True})), "DATA_INF.VALUE[0].$"),
        (changed(lambda root: first_value(root).pop("$")), "$"),
        (changed(lambda root: first_value(root).pop("@time")), "@time"),
        (changed(lambda root: first_value(root).update({"@cat01": "9"})), "DATA_INF.VALUE[0].@cat01"),
    ],
)
def test_what_is_not_as_documented_names_address_and_path(
    server: SourceServer, estat: EStat, body: str, field: str | None
) -> None:
    server.pages["/app/json/getStatsData"] = answer(body, kind=JSON)
    with pytest.raises(SourceError) as caught:
        estat.statistics("0009990001")
    assert server.at("/app/json/getStatsData") in str(caught.value)
    assert field is None or field in str(caught.value)


@pytest.mark.parametrize("wrong", [{"appId": "x"}, {"cdCat16": "1"}, {"limit": "1"}, {"cdcat01": "1"}])
def test_only_parameters_that_narrow_are_sent(server: SourceServer, estat: EStat, wrong: dict[str, str]) -> None:
    with pytest.raises(ShinraiError, match="does not narrow"):
        estat.statistics("0009990001", wrong)
    with pytest.raises(ShinraiError, match="not the id"):
        estat.form("1&appId=2")
    assert server.seen == []


@pytest.mark.parametrize(
    "reference",
    [
        KEY,
        f"env:{KEY}",
        f"file:{KEY}",
        f"key:{KEY}",
        f"env:{KEY}!",
        f"ENV:{KEY}",
        "env:",
        "env:NO_SUCH",
        "file:",
        "file:/no/such",
    ],
)
def test_a_key_is_given_by_reference_only(reference: str) -> None:
    with pytest.raises(ShinraiError) as caught:
        read_key(reference, {"ELSE": KEY})
    assert KEY not in everything_of(caught.value)
    assert caught.value.fix is not None


def test_a_key_comes_from_a_file_or_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "key.txt"
    path.write_text(KEY + "\n")
    key = read_key(f"file:{path}")
    assert key.reveal() == KEY == read_key("env:K", {"K": KEY}).reveal()
    assert KEY not in repr(key) + str(key) + f"{key}" + repr(EStat(key))
    for wrong in (
        b"",
        b"two words are none",
        b"short",
        "鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵鍵".encode(),
        b"\xff" * 20,
        f"{KEY}\n{KEY}".encode(),
    ):
        path.write_bytes(wrong)
        with pytest.raises(ShinraiError) as caught:
            read_key(f"file:{path}")
        assert KEY not in everything_of(caught.value)


def everything_of(error: BaseException | None) -> str:
    """Return all that an error and those behind it can show, with every attribute they hold."""
    said = ""
    while error is not None:
        said += "".join(traceback.format_exception(error)) + repr(error) + repr(error.args) + repr(vars(error))
        if isinstance(error, ShinraiError):
            said += "".join(error.text(language) for language in Language)
        error = error.__cause__ or error.__context__
    return said


def test_the_key_is_seen_nowhere_whatever_the_server_does(
    server: SourceServer,
    estat: EStat,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    def odd_header(handler) -> None:
        handler.wfile.write(f"HTTP/1.1 200 OK\r\n{KEY}\r\nContent-Length: 2\r\n\r\nok".encode())

    def odd_status(handler) -> None:
        handler.wfile.write(f"HTTP/9 {KEY}\r\n\r\n".encode())

    path = "/app/json/getStatsData"
    echo = changed(lambda root: root["RESULT"].update(STATUS=100, ERROR_MSG=f"appId={KEY} は無効です"))
    hostile = [
        answer(GOOD, kind=JSON),
        answer(echo, kind=JSON),
        answer(f"<html>{KEY}</html>", kind="text/html"),
        answer(f'{{"{KEY}": 1}}', kind=JSON),
        answer(changed(lambda root: first_value(root).update({"$": f"1{KEY}"})), kind=JSON),
        answer(changed(lambda root: first_value(root).update({"$": KEY[:4]})), kind=JSON),
        answer(changed(lambda root: root["STATISTICAL_DATA"]["TABLE_INF"].update(TITLE=KEY)), kind=JSON),
        answer(f"no access for {KEY}", 403),
        answer(f"no table for {KEY}", 404),
        answer(f"{KEY} broke me", 500),
        redirect(f"/elsewhere?appId={KEY}"),
        redirect(f"https://collector.example/{KEY}", 308),
        answer(b"", 503, Retry_After=KEY),
        answer(b"?", Content_Encoding=KEY),
        odd_header,
        odd_status,
        drop,
    ]
    said = ""
    with caplog.at_level(logging.DEBUG):
        for say in hostile:
            server.pages[path] = say
            try:
                said += repr(estat.statistics("0009990001"))
            except ShinraiError as error:
                said += everything_of(error)
                failure = getattr(error, "failure", None)
                said += "" if failure is None else repr(failure) + repr(failure.body)
    out = capfd.readouterr()
    # The server did get the key each time, and gave it back in as many ways.
    assert sum(KEY in asked for asked in server.seen) >= len(hostile)
    assert not any(asked.startswith("/elsewhere") for asked in server.seen)
    assert "***" in said
    assert KEY not in said + caplog.text + out.out + out.err
    written = [entry.read_bytes() for entry in tmp_path.rglob("*") if entry.is_file()]
    assert not any(KEY.encode() in content for content in written)


def test_a_key_does_not_travel_unencrypted() -> None:
    estat = EStat(read_key("env:K", {"K": KEY}), "http://statistics.example/app/json")
    with pytest.raises(ShinraiError, match="not encrypted") as caught:
        estat.tables("AI")
    assert KEY not in everything_of(caught.value)


def test_the_command_shows_tables_and_values_and_never_the_key(
    server: SourceServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from shinrai.cli import main

    monkeypatch.setenv("ESTAT_APP_ID", KEY)
    monkeypatch.setenv("SHINRAI_LANG", "en")
    listed = {"NUMBER": 1, "TABLE_INF": TABLE}
    found = json.dumps({"GET_STATS_LIST": {"RESULT": result(), "DATALIST_INF": listed}})
    server.pages["/getStatsList"] = answer(found, kind=JSON)
    server.pages["/getStatsData"] = answer(data(value("62.5"), value("***", "2")), kind=JSON)
    base = ["--key", "env:ESTAT_APP_ID", "--base", server.at("")]
    assert main(["plan", "statistics", "生成AI", *base]) == 0
    shown = capsys.readouterr().out
    assert "0009990001" in shown and "Found: 1, shown: 1." in shown
    assert main(["plan", "statistics", "--table", "0009990001", *base]) == 0
    shown += capsys.readouterr().out
    assert "62.5" in shown and "***" in shown
    assert "Values that are not published: 1" in shown
    assert main(["plan", "statistics", "--table", "0009990001", "--json", *base]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [each["value"] for each in document["observations"]] == ["62.5", None]
    server.pages["/getStatsData"] = answer("gone", 500)
    for arguments in (["x", "--table", "1"], [], ["--table", "0009990001"], ["--table", "1", "--where", "cdArea"]):
        assert main(["plan", "statistics", *arguments, *base]) == 3
        shown += capsys.readouterr().err
    assert "Either words to search for or a table is needed." in shown
    assert "“cdArea” is not a narrowing." in shown
    assert KEY not in shown
    assert main(["plan", "statistics", "x", "--key", KEY, "--base", server.at("")]) == 3
    assert KEY not in capsys.readouterr().err
