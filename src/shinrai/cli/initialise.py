"""`shinrai init`: write a commented description, asking for what the options leave open."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from shinrai.language import Bilingual, Language, Message, ShinraiError, message

_NOT_WRITTEN = Bilingual(ja="（未記入）", en="(not written yet)")

QUESTIONS: dict[str, Message] = {
    "id": message("Short name of the system (lower-case letters, digits, hyphens)"),
    "name-ja": message("Name of the system in Japanese"),
    "name-en": message("Name of the system in English"),
    "purpose-ja": message("What it is for, in Japanese"),
    "purpose-en": message("What it is for, in English"),
    "role": message("Your part: developer, provider, business_user (repeat the option for several)"),
    "autonomy": message("Who decides: advises, decides_with_review or decides_alone"),
    "data": message("Data it handles: none, personal, sensitive, confidential"),
    "stage": message("Stage: proposed, development, pilot, in_service …"),
    "file": message("Table of decisions (Parquet or CSV), relative to the description"),
    "label": message("Column with what was right"),
    "prediction": message("Column with what the system decided (empty if there is none)"),
    "score": message("Column with the probability of the favourable outcome (empty if there is none)"),
    "threshold": message("From this score on the decision is favourable"),
    "favourable": message("Value that is good for the person"),
    "group": message("Column whose groups are compared (repeat the option for several)"),
    "share": message("Put the rows into the evidence bundle (rows) or counts alone (counts)"),
    "owner": message("Person who answers for the system"),
}
_DEFAULTS = {
    "role": ["business_user"],
    "autonomy": "advises",
    "data": ["personal"],
    "stage": "development",
    "share": "counts",
    "favourable": "1",
}
_MANY = ("role", "data", "group")
_OPTIONAL = ("prediction", "score", "threshold", "purpose-ja", "purpose-en")


def parameters(language: Language) -> list[click.Parameter]:
    """Return the command's parameters."""
    path = click.Argument(["path"], type=click.Path(path_type=Path), default=Path("shinrai.yaml"))
    force = click.Option(["--force"], is_flag=True, help=message("Replace an existing file.").text(language))
    asked = [
        click.Option([f"--{name}"], multiple=name in _MANY, help=question.text(language))
        for name, question in QUESTIONS.items()
    ]
    return [path, *asked, force]


def run(language: Language, path: Path, force: bool, **given: Any) -> int:
    """Write the file; returns 0."""
    from shinrai.systems import json_schema, parse_description
    from shinrai.systems.template import render_template

    if path.exists() and not force:
        raise ShinraiError(
            message("{path} exists already.", path=path), fix=message("Give another path, or --force to replace it.")
        )
    answers = {name: _answer(language, name, given[name.replace("-", "_")]) for name in QUESTIONS}
    schema = path.with_name("shinrai.schema.json")
    # Editors that speak the YAML language server complete and check the file from the schema beside it.
    text = f"# yaml-language-server: $schema={schema.name}\n" + render_template(_answers(language, answers))
    parse_description(text.encode(), str(path))
    path.write_text(text, encoding="utf-8", newline="\n")
    schema.write_text(json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8", newline="\n")
    click.echo(
        message("Wrote {path}. Read it through, then run: shinrai sign {path}; shinrai assess {path}", path=path).text(
            language
        )
    )
    return 0


def _answer(language: Language, name: str, given: str | Sequence[str] | None) -> Any:
    if given:
        return list(given) if name in _MANY else given
    default: Any = _DEFAULTS.get(name)
    if not sys.stdin.isatty():
        if default is None and name not in _OPTIONAL:
            raise ShinraiError(
                message("The option --{name} is needed: {question}.", name=name, question=QUESTIONS[name]),
                fix=message("Give all options, or run it in a terminal to be asked."),
            )
        return default
    shown = ", ".join(default) if isinstance(default, list) else default or ("" if name in _OPTIONAL else None)
    answer = str(click.prompt(QUESTIONS[name].text(language), default=shown))
    return [part.strip() for part in answer.split(",")] if name in _MANY else answer


def _answers(language: Language, said: dict[str, Any]) -> Any:
    from shinrai.frameworks import Role
    from shinrai.systems import Autonomy, DataClass, Kind, Share, Stage
    from shinrai.systems.template import Answers

    return Answers(
        language=language,
        id=said["id"],
        name=Bilingual(said["name-ja"], said["name-en"]),
        purpose=Bilingual(said["purpose-ja"] or _NOT_WRITTEN.ja, said["purpose-en"] or _NOT_WRITTEN.en),
        roles=tuple(_one_of(Role, role, "role") for role in said["role"]),
        kinds=(Kind.PREDICTIVE,),
        autonomy=_one_of(Autonomy, said["autonomy"], "autonomy"),
        data=tuple(_one_of(DataClass, each, "data") for each in said["data"]),
        stage=_one_of(Stage, said["stage"], "stage"),
        target_file=said["file"],
        label=said["label"],
        prediction=said["prediction"] or None,
        score=said["score"] or None,
        threshold=_number(said["threshold"]),
        favourable=said["favourable"],
        groups=tuple(said["group"]),
        share=_one_of(Share, said["share"], "share"),
        owner_name=said["owner"],
    )


def _one_of(kind: Any, value: str, option: str) -> Any:
    try:
        return kind(value)
    except ValueError as error:
        raise ShinraiError(
            message("--{option} cannot be “{value}”.", option=option, value=value),
            fix=message("It is one of: {values}.", values=", ".join(str(member) for member in kind)),
        ) from error


def _number(value: str | None) -> float | None:
    try:
        return float(value) if value else None
    except ValueError as error:
        raise ShinraiError(message("--threshold must be a number, not “{value}”.", value=value)) from error
