"""Official statistics from e-Stat, by its API 3.0 (https://api.e-stat.go.jp/rest/3.0/app/json).

The key (appId) goes over the wire as a query parameter, because the service takes it nowhere else, and to no other
place: addresses in results and errors are written without it, and should an answer echo it, it is struck out before
anything reads the answer. A value that is not published is missing, with the sign that stands for it; it is never 0.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from shinrai.language import ShinraiError, message
from shinrai.planwatch.sources.addresses import with_query
from shinrai.planwatch.sources.answers import Value, maybe, read_answer
from shinrai.planwatch.sources.fetching import Confidential, Fetched, Limits, SourceError, fetch, source_error
from shinrai.planwatch.sources.key_reference import Key
from shinrai.planwatch.sources.quoting import shown

BASE = "https://api.e-stat.go.jp/rest/3.0/app/json"
LIMITS = Limits(size=100_000_000, seconds=180.0)
MOST_PER_REQUEST = 100_000
"""The service sends at most so many observations at once."""

_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")
_TABLE_ID = re.compile(r"[0-9A-Za-z]{1,20}")
# Parameters that narrow a request down: codes by axis, levels, and ranges of time (cdTab, lvCat01, cdTimeFrom …).
_NARROWING = re.compile(r"(cd|lv)(Tab|Time|Area|Cat(0[1-9]|1[0-5]))(From|To)?")
_DONE, _NO_DATA, _IN_PART, _FIRST_ERROR = 0, 1, 2, 100


class EStatError(SourceError):
    """e-Stat answered that it could not do it. status: its code, 100 or more."""

    status: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """A table of statistics. surveyed: the period as e-Stat writes it; cells: how many values it has, if said."""

    id: str
    survey: str
    organisation: str
    title: str
    surveyed: str
    updated: str
    cells: int | None


@dataclass(frozen=True, slots=True)
class TablePage:
    """Some of the tables that were found. total: how many there are; next_position: where the next page begins."""

    total: int
    tables: tuple[Table, ...]
    next_position: int | None


@dataclass(frozen=True, slots=True)
class Item:
    """One item of an axis: a category, an area, a time. unit: of the values under it, if the axis says so."""

    code: str
    name: str
    level: str | None
    parent: str | None
    unit: str | None


@dataclass(frozen=True, slots=True)
class Axis:
    """A dimension of a table. id: tab (what is shown), cat01 … cat15, area or time."""

    id: str
    name: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class TableForm:
    """What a table is made of."""

    table: Table
    axes: tuple[Axis, ...]


@dataclass(frozen=True, slots=True)
class Label:
    """Where an observation stands on one axis, as code and in words."""

    axis: str
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Observation:
    """One value of a table.

    value: the number, or None when it is not published; sign: what stands in its place ("-", "***", "x"), else None;
    meaning: of the sign, as the table explains it. categories: what is counted and how it is divided.
    """

    value: Decimal | None
    sign: str | None
    meaning: str | None
    unit: str | None
    time: Label | None
    area: Label | None
    categories: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class Statistics:
    """A table's observations. total: how many match in e-Stat. in_part: e-Stat says that it left something out."""

    table: Table
    axes: tuple[Axis, ...]
    observations: tuple[Observation, ...]
    signs: Mapping[str, str]
    total: int
    in_part: bool

    @property
    def missing(self) -> int:
        """How many observations have no published value."""
        return sum(observation.value is None for observation in self.observations)


class EStat:
    """The statistics API. base: another address with the same answers, for tests and mirrors."""

    def __init__(
        self, key: Key, base: str = BASE, *, limits: Limits = LIMITS, environment_proxies: bool = False
    ) -> None:
        self._key = key
        self._base = base.rstrip("/")
        self._limits = limits
        self._environment_proxies = environment_proxies

    def __repr__(self) -> str:
        return f"EStat({self._key.reference!r}, {self._base!r})"

    def tables(self, words: str, *, limit: int = 100, position: int = 1) -> TablePage:
        """Search for tables by words. No hit is an empty page; SourceError when the service fails."""
        parameters = {"searchWord": words, "limit": str(max(1, limit)), "startPosition": str(max(1, position))}
        answer = self._ask("getStatsList", "GET_STATS_LIST", parameters)
        if answer is None:
            return TablePage(0, (), None)
        found = answer.body.field("DATALIST_INF")
        tables = found.optional("TABLE_INF")
        return TablePage(
            total=found.field("NUMBER").count(),
            tables=tuple(_table(table) for table in tables.one_or_more()) if tables else (),
            next_position=_next(found.optional("RESULT_INF")),
        )

    def form(self, table_id: str) -> TableForm | None:
        """Return what a table is made of, or None when there is no such table."""
        answer = self._ask("getMetaInfo", "GET_META_INFO", {"statsDataId": _checked(table_id)})
        if answer is None:
            return None
        found = answer.body.field("METADATA_INF")
        return TableForm(_table(found.field("TABLE_INF")), _axes(found.field("CLASS_INF")))

    def statistics(
        self, table_id: str, narrowing: Mapping[str, str] | None = None, *, most: int = 2 * MOST_PER_REQUEST
    ) -> Statistics | None:
        """Return a table's observations, or None when there are none.

        narrowing: parameters such as cdTimeFrom, cdArea, cdCat01. most: more observations than this are an error, so
        that nobody takes a part for the whole.
        """
        parameters = {"statsDataId": _checked(table_id), "metaGetFlg": "Y", "cntGetFlg": "N"} | _narrowing(narrowing)
        found: list[Observation] = []
        in_part, position = False, 1
        while True:
            at = {"startPosition": str(position), "limit": str(MOST_PER_REQUEST)}
            answer = self._ask("getStatsData", "GET_STATS_DATA", parameters | at)
            if answer is None:
                return None
            page = answer.body.field("STATISTICAL_DATA")
            whole = _statistics(page, in_part=answer.in_part)
            found += whole.observations
            in_part |= answer.in_part
            if whole.total > most:
                raise page.field("RESULT_INF").refusal(
                    message(
                        "The request matches {total} values; at most {most} are taken.", total=whole.total, most=most
                    )
                )
            onward = _next(page.optional("RESULT_INF"))
            if onward is None:
                break
            if onward <= position or not whole.observations:
                raise page.field("RESULT_INF").refusal(message("The next page does not lead onward."))
            position = onward
        if len(found) != whole.total:
            raise page.field("RESULT_INF").refusal(
                message("{total} values were announced and {found} came.", total=whole.total, found=len(found))
            )
        return Statistics(whole.table, whole.axes, tuple(found), whole.signs, whole.total, in_part)

    def _ask(self, function: str, root: str, parameters: Mapping[str, str]) -> "_Answer | None":
        address = with_query(f"{self._base}/{function}", {"lang": "J"} | dict(parameters))
        value = self._key.reveal()
        confidential = Confidential(f"appId={value}", (value,))
        outcome = fetch(
            address,
            limits=self._limits,
            accept="application/json",
            confidential=confidential,
            environment_proxies=self._environment_proxies,
        )
        if not isinstance(outcome, Fetched):
            raise source_error(outcome)
        body = read_answer(outcome.content or b"", address, confidential.scrubbed).field(root)
        return _judged(body)


@dataclass(frozen=True, slots=True)
class _Answer:
    body: Value
    in_part: bool


def _judged(body: Value) -> _Answer | None:
    """Read the result block: None for no data, EStatError for an error of the service."""
    result = body.field("RESULT")
    status = result.field("STATUS").count()
    if status == _NO_DATA:
        return None
    if status >= _FIRST_ERROR:
        said = maybe(result.optional("ERROR_MSG"), Value.text) or ""
        refused = EStatError(
            message("e-Stat answers with error {status}: {said}", status=status, said=shown(said)),
            fix=message("Error 100 means that the key is not accepted; others are explained in e-Stat's API manual."),
            place=result.place,
        )
        refused.status = status
        raise refused
    if status not in (_DONE, _IN_PART):
        raise result.field("STATUS").refusal(message("e-Stat's status {status} is not documented.", status=status))
    return _Answer(body, in_part=status == _IN_PART)


def _checked(table_id: str) -> str:
    if not _TABLE_ID.fullmatch(table_id):
        raise ShinraiError(
            message("“{id}” is not the id of a table.", id=shown(table_id)),
            fix=message("Ids of e-Stat's tables (statsDataId) look like 0003000000; search for the table first."),
        )
    return table_id


def _narrowing(given: Mapping[str, str] | None) -> dict[str, str]:
    for name in given or {}:
        if not _NARROWING.fullmatch(name):
            raise ShinraiError(
                message("“{name}” does not narrow a table down.", name=shown(name)),
                fix=message("Parameters that do: cdTab, cdArea, cdTime, cdTimeFrom, cdTimeTo, cdCat01 to cdCat15."),
            )
    return dict(given or {})


def _next(result: Value | None) -> int | None:
    # Where nothing is left to say, the block is an empty text.
    return None if result is None or result.data == "" else maybe(result.optional("NEXT_KEY"), Value.count)


def _words(value: Value | None) -> str:
    """Return a text, which has attributes beside it in some answers: `{"@no": "1", "$": "text"}`."""
    if value is None:
        return ""
    if isinstance(value.data, dict):
        return maybe(value.optional("$"), _words) or ""
    # Numbers, such as a year and month, come without quotation marks.
    return str(value.count()) if isinstance(value.data, int) else value.text().strip()


def _table(table: Value) -> Table:
    return Table(
        id=table.field("@id").word(),
        survey=_words(table.field("STAT_NAME")),
        organisation=_words(table.field("GOV_ORG")),
        title=_words(table.field("TITLE")),
        surveyed=_words(table.optional("SURVEY_DATE")),
        updated=_words(table.optional("UPDATED_DATE")) or _words(table.optional("OPEN_DATE")),
        cells=maybe(table.optional("OVERALL_TOTAL_NUMBER"), Value.count),
    )


def _axes(classes: Value) -> tuple[Axis, ...]:
    return tuple(
        Axis(
            id=axis.field("@id").word(),
            name=axis.field("@name").text(),
            items=tuple(_item(item) for item in axis.field("CLASS").one_or_more()),
        )
        for axis in classes.field("CLASS_OBJ").one_or_more()
    )


def _item(item: Value) -> Item:
    return Item(
        code=item.field("@code").word(),
        name=item.field("@name").text(),
        level=maybe(item.optional("@level"), Value.text),
        parent=maybe(item.optional("@parentCode"), Value.text),
        unit=maybe(item.optional("@unit"), Value.text),
    )


def _statistics(page: Value, *, in_part: bool) -> Statistics:
    axes = _axes(page.field("CLASS_INF"))
    data = page.field("DATA_INF")
    notes = data.optional("NOTE")
    signs = {note.field("@char").text(): _words(note) for note in (notes.one_or_more() if notes else ())}
    names = {axis.id: {item.code: item for item in axis.items} for axis in axes}
    values = data.optional("VALUE")
    return Statistics(
        table=_table(page.field("TABLE_INF")),
        axes=axes,
        observations=tuple(_observation(value, names, signs) for value in (values.one_or_more() if values else ())),
        signs=signs,
        total=page.field("RESULT_INF").field("TOTAL_NUMBER").count(),
        in_part=in_part,
    )


def _observation(value: Value, names: Mapping[str, Mapping[str, Item]], signs: Mapping[str, str]) -> Observation:
    labels: dict[str, Label] = {}
    unit = maybe(value.optional("@unit"), Value.text)
    for axis, items in names.items():
        code = value.field(f"@{axis}")
        item = items.get(code.word())
        if item is None:
            raise code.refusal(message("The code {code} is not one of its axis.", code=shown(code.word())))
        labels[axis] = Label(axis, item.code, item.name)
        unit = unit or item.unit
    number, sign = _value(value.field("$"))
    return Observation(
        value=number,
        sign=sign,
        meaning=signs.get(sign) if sign is not None else None,
        unit=unit,
        time=labels.pop("time", None),
        area=labels.pop("area", None),
        categories=tuple(labels.values()),
    )


def _value(value: Value) -> tuple[Decimal | None, str | None]:
    """Return the number, or the sign that stands in its place. Anything with a digit that is no number is an error."""
    if isinstance(value.data, Decimal | int) and not isinstance(value.data, bool):
        return Decimal(value.data), None
    text = value.text().strip()
    if _NUMBER.fullmatch(text) and len(text) <= 60:
        return Decimal(text), None
    if any(sign.isdigit() for sign in text) or len(text) > 20:
        raise value.refusal(message("“{value}” is neither a number nor a sign for a missing one.", value=shown(text)))
    return None, text
