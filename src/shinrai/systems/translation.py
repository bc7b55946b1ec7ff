"""From the model's errors to faults in words a person can act on, in both languages."""

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic_core import ErrorDetails

from shinrai.language import Bilingual, Message, message, suggest
from shinrai.systems.fields import FRAMEWORK, HEADER, IDENTIFIER, LEAF, REGION, REQUIREMENT, SUITE, TARGET
from shinrai.systems.quoting import listed, shown
from shinrai.systems.schema import known_keys, meaning
from shinrai.systems.typed_results import is_result_value, refusal
from shinrai.systems.vocabulary import TARGET_KINDS

Path = tuple[str | int, ...]
Context = Mapping[str, Any]
_TEXT_PARTS: Final = frozenset({"ja", "en"})


def translate(error: ErrorDetails) -> tuple[Message, Message]:
    """Return what is wrong and what to do about it, for one error of the model."""
    path = schema_path_of(error)
    kind, given = error["type"], error["input"]
    if kind in {"union_tag_not_found", "union_tag_invalid"}:
        return _no_such_kind(path, given)
    if is_result_value(given) and kind not in {"missing", "extra_forbidden"}:
        return refusal(given)
    if kind == "missing":
        return _missing(path)
    if kind == "extra_forbidden":
        return _unknown_key(path)
    if given is None:
        return _empty(path)
    if kind == "not_listed":
        return _not_listed(given, error["ctx"]["allowed"])
    if kind == "string_pattern_mismatch":
        return _wrong_form(given, error["ctx"]["pattern"])
    if kind in {"model_type", "model_attributes_type", "dict_type", "mapping_type"}:
        return _not_a_mapping(path)
    if kind in _WORDS:
        return _WORDS[kind](error.get("ctx", {}))
    return (
        message("This value can't be used here."),
        message("What belongs here: {meaning}", meaning=_meaning(path)),
    )


def _meaning(path: Path) -> Bilingual | Message:
    return meaning(path) or message("See the template that “shinrai init” writes.")


def schema_path_of(error: ErrorDetails) -> Path:
    """Return the path an error stands at in the models: under a target's name stands its kind."""
    return tuple(step for step in error["loc"] if step != "[key]")


def path_of(error: ErrorDetails) -> Path:
    """Return the path an error stands at in the file."""
    path = schema_path_of(error)
    if error["type"] == "union_tag_invalid":
        return (*path, "kind")
    return (*path[:2], *path[3:]) if path[:1] == ("targets",) and len(path) > 2 else path


def meant_by(error: ErrorDetails) -> Path | None:
    """Return the path an unknown key was probably meant for, or None when no known key is near."""
    path = path_of(error)
    near = suggest(_plain(str(path[-1])), known_keys(schema_path_of(error)[:-1]))
    return (*path[:-1], str(near.parameters["name"])) if near else None


def _no_such_kind(path: Path, given: object) -> tuple[Message, Message]:
    if not isinstance(given, Mapping):
        return _not_a_mapping(path)
    kind, known = given.get("kind"), [str(each) for each in TARGET_KINDS]
    if "kind" not in given:
        allowed = message("Choose from: {allowed}.", allowed=listed(known))
        return (
            message("The field “{field}” is missing.", field="kind"),
            message("Add it {where}. {meaning}", where=_under(path), meaning=allowed),
        )
    return _not_listed(kind, known)


def _missing(path: Path) -> tuple[Message, Message]:
    name, parent = str(path[-1]), path[:-1]
    if name in _TEXT_PARTS and set(known_keys(parent)) == _TEXT_PARTS:
        what = (
            message("The Japanese text (“ja”) is missing.")
            if name == "ja"
            else message("The English text (“en”) is missing.")
        )
        return what, message("Write the text in both languages: {{ja: …, en: …}}.")
    # A target's kind stands in the path of the models only.
    stands = parent[:2] if parent[:1] == ("targets",) and len(parent) == 3 else parent
    return (
        message("The field “{field}” is missing.", field=name),
        message("Add it {where}. {meaning}", where=_under(stands), meaning=_meaning(path)),
    )


def _under(parent: Path) -> Message:
    return message("under “{parent}”", parent=_last_name(parent)) if parent else message("at the top level of the file")


def _last_name(path: Path) -> str:
    """Return the nearest name on a path, with the positions that follow it."""
    names = [place for place, step in enumerate(path) if isinstance(step, str)]
    tail = path[names[-1] :] if names else path
    return "".join(f"[{step + 1}]" if isinstance(step, int) else shown(step) for step in tail)


def _unknown_key(path: Path) -> tuple[Message, Message]:
    key, known = str(path[-1]), known_keys(path[:-1])
    near = suggest(_plain(key), known)
    return (
        message("The key “{key}” is not known here.", key=shown(key)),
        message("{hint} Known keys: {known}.", hint=near, known=listed(known))
        if near
        else message("Remove it or use a known key: {known}.", known=listed(known)),
    )


def _empty(path: Path) -> tuple[Message, Message]:
    return (
        message("There is no value here."),
        message("What belongs here: {meaning}", meaning=_meaning(path)),
    )


def _not_listed(given: object, allowed: list[str]) -> tuple[Message, Message]:
    if not isinstance(given, str):
        return (
            message("One word is expected here, not a list or a group of keys."),
            message("Choose from: {allowed}.", allowed=listed(allowed)),
        )
    near = suggest(_plain(given), allowed)
    return (
        message("“{value}” is not a choice here.", value=shown(given)),
        message("{hint} Choices: {allowed}.", hint=near, allowed=listed(allowed))
        if near
        else message("Choose from: {allowed}.", allowed=listed(allowed)),
    )


def _plain(word: str) -> str:
    """Fold full-width signs and capitals before looking for the nearest known word."""
    return unicodedata.normalize("NFKC", word[:64]).casefold()


def _wrong_form(given: object, pattern: str) -> tuple[Message, Message]:
    forms = {
        IDENTIFIER: message("Use 1 to 63 lower-case letters, digits and hyphens, beginning with a letter or digit."),
        FRAMEWORK: message("Use the id of a framework, such as jp.guideline13."),
        TARGET: message("Use 1 to 32 letters, digits, “_” and “-”, beginning with a letter or digit."),
        REQUIREMENT: message("Use the id of a requirement, such as JP-GL-C2."),
        LEAF: message("Use the id of a requirement, a full stop and the evidence's name: JP-GL-C1.override-design."),
        REGION: message("Use two-letter country codes in capitals, such as JP."),
        SUITE: message("Use the id of a suite, such as shinrai.refusal.ja, of at most 64 signs."),
        HEADER: message("Use the name of an HTTP header: letters, digits and hyphens."),
    }
    return message("“{value}” doesn't have the form needed here.", value=shown(given)), forms[pattern]


def _not_a_mapping(path: Path) -> tuple[Message, Message]:
    if set(known_keys(path)) == _TEXT_PARTS:
        return (
            message("A text is needed in both languages, and one alone stands here."),
            message("Write the text in both languages: {{ja: …, en: …}}."),
        )
    known = known_keys(path)
    return (
        message("Keys with values are expected here."),
        message("Write these keys below it, indented: {known}.", known=listed(known))
        if known
        else message("Write “name: value” lines below it, indented."),
    )


def _a_text(_: Context) -> tuple[Message, Message]:
    return message("A text is expected here."), message("Write one text, not a list and not a group of keys.")


def _too_short(context: Context) -> tuple[Message, Message]:
    return (
        message("The list has too few entries."),
        message("Write at least {least}.", least=context["min_length"]),
    )


def _too_long(context: Context) -> tuple[Message, Message]:
    return (
        message("There are too many entries here."),
        message("Write at most {most}.", most=context["max_length"]),
    )


def _below(context: Context) -> tuple[Message, Message]:
    return message("The number is too small."), message("Write {least} or more.", least=f"{context['ge']:g}")


def _not_above(context: Context) -> tuple[Message, Message]:
    return message("The number is too small."), message("Write a number above {least}.", least=f"{context['gt']:g}")


def _above(context: Context) -> tuple[Message, Message]:
    if context["le"] == 1:
        return (
            message("The number is larger than 1, but a proportion is expected."),
            message("Write 80 % as 0.8."),
        )
    return message("The number is too large."), message("Write {most} or less.", most=f"{context['le']:g}")


_WORDS: Final[Mapping[str, Callable[[Context], tuple[Message, Message]]]] = {
    "string_type": _a_text,
    "too_short": _too_short,
    "too_long": _too_long,
    "greater_than_equal": _below,
    "greater_than": _not_above,
    "less_than_equal": _above,
    "tuple_type": lambda _: (
        message("A list is expected here."),
        message("Write [first, second], or one entry a line, each after “- ”."),
    ),
    "string_too_short": lambda _: (message("The text is empty."), message("Write at least one sign.")),
    "blank_text": lambda _: (message("The text is empty."), message("Write at least one sign.")),
    "string_too_long": lambda context: (
        message("The text is too long."),
        message("Write at most {most} signs.", most=context["max_length"]),
    ),
    "unprintable_text": lambda _: (
        message("The text holds a control character or one that changes the direction of writing."),
        message("Type the text anew instead of pasting it."),
    ),
    "several_lines": lambda _: (
        message("The text runs over several lines or holds a tab."),
        message("Write it in one line."),
    ),
    "repeated": lambda context: (
        message("“{value}” stands in this list twice.", value=shown(context["value"])),
        message("Keep it once."),
    ),
    "whole_number": lambda _: (
        message("A whole number is expected here."),
        message("Write it in half-width digits, without unit or comma: 180."),
    ),
    "finite_number": lambda _: (
        message("A finite number is expected here."),
        message("Write it in half-width digits, without a percent sign: 0.8."),
    ),
    "yes_or_no": lambda _: (message("Yes or no is expected here."), message("Write true or false.")),
    "iso_date": lambda _: (
        message("A date is expected here."),
        message("Write year, month and day of the Western calendar in half-width digits: 2027-03-31."),
    ),
    "no_such_day": lambda _: (message("There is no such day in the calendar."), message("Correct the date.")),
    "cell_value": lambda _: (
        message("One value is expected here."),
        message("Write the value as it stands in the table: 1, true or a text."),
    ),
    "format_version": lambda context: (
        message("This version of the file format is not known."),
        message("Write “shinrai: {known}”; a newer file needs a newer Shinrai.", known=context["known"]),
    ),
    "backslash_path": lambda _: (
        message("A path is written with “/”, not “\\”."),
        message("Write it like this: data/decisions.parquet."),
    ),
    "absolute_path": lambda _: (
        message("The path does not start from the description's folder."),
        message("Put the file into the folder of the description and write its path from there."),
    ),
    "escaping_path": lambda _: (
        message("The path leads out of the description's folder."),
        message("Put the file into the folder of the description and write its path without “..”."),
    ),
    "folder_path": lambda _: (message("The path names a folder."), message("Write the path of a file.")),
    "table_suffix": lambda context: (
        message("This kind of file is not read here."),
        message("Use one of: {allowed}.", allowed=listed(context["allowed"])),
    ),
    "web_address": lambda _: (
        message("This is not a web address."),
        message("Write it with https:// in front."),
    ),
    # What stands there may be a secret, so it is never shown.
    "key_reference": lambda _: (
        message("A key is written into this file, or what stands here is no reference."),
        message("Write env:NAME or file:PATH, and make a new key if a real one stood here."),
    ),
    "header_secret": lambda context: (
        message(
            "The header {name} may carry a secret, and its value stands in this file.", name=shown(context["name"])
        ),
        message("Write env:NAME or file:PATH, and make a new key if a real one stood here."),
    ),
    "header_signs": lambda _: (
        message("The value of a header holds characters that no HTTP header can."),
        message("Use printable ASCII characters."),
    ),
    "address_secret": lambda _: (
        message("A web address here carries no user name, password, query or fragment."),
        message("Remove what stands before “@” and after “?” or “#”; secrets do not belong in this file."),
    ),
}
