"""What `shinrai assess` and `shinrai report` write: the formats, their files, and how each comes about."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shinrai.language import Language, Message, ShinraiError, message

if TYPE_CHECKING:
    from shinrai.assess import Assessment
    from shinrai.assess.progress import Progress

FORMATS: Mapping[str, tuple[str, ...]] = {
    "html": ("report.en.html", "report.ja.html"),
    "json": ("assessment.json",),
    "junit": ("junit.xml",),
    "sarif": ("results.sarif",),
    "github": ("results.github.sarif",),
    "oscal": ("oscal-assessment-plan.json", "oscal-assessment-results.json", "oscal-poam.json"),
    "in-toto": ("test-result.intoto.jsonl", "svr.intoto.jsonl"),
    "sigstore": ("sigstore",),
}
"""What each format writes; the same names in every folder."""
USUAL = ("html", "json", "junit", "sarif")
"""What is written when no format is named."""
FILES = frozenset({"bundle.zip", "trust.json", *(name for names in FORMATS.values() for name in names)})

FORMAT_HELP = message(
    "What to write; may be repeated. html, json, junit and sarif when left out; github: SARIF in which all that is "
    "required and open is an alert; oscal: OSCAL 1.2.1 plan, results and plan of action; in-toto: test result and "
    "verification result, signed with the producer's key; sigstore: every seat's ballots as Sigstore bundles; all: "
    "everything."
)


@dataclass(frozen=True, slots=True)
class Export:
    """What is exported, and with what.

    bundle: the bundle that the assessment is in, verified or just written. home: the data folder with the producer's
    key, None for the usual one. language: of the texts in files for programs; the pages come in both.
    """

    assessment: "Assessment"
    bundle: Path
    home: Path | None
    language: Language


def format_option(language: Language) -> click.Option:
    """Return --format."""
    return click.Option(
        ["--format", "formats"],
        type=click.Choice([*FORMATS, "all"]),
        multiple=True,
        help=FORMAT_HELP.text(language),
    )


def chosen(formats: Sequence[str]) -> list[str]:
    """Return the formats to write, each once, in a fixed order."""
    wanted = set(FORMATS) if "all" in formats else set(formats or USUAL)
    return [name for name in FORMATS if name in wanted]


def write(export: Export, formats: Sequence[str], out: Path, show: "Progress") -> list[Message]:
    """Write the formats into a folder; returns what there is to say about them.

    Everything is made before anything is written, so that an error leaves the folder as it was.
    """
    names = chosen(formats)
    made: dict[str, bytes | None] = {}
    for number, name in enumerate(names):
        show(message("Writing {name}", name=", ".join(FORMATS[name])), number, len(names))
        made |= _MAKERS[name](export)
    out.mkdir(parents=True, exist_ok=True)
    notes = []
    for path, content in made.items():
        if content is None:
            # An older one would speak of gaps that are closed.
            (out / path).unlink(missing_ok=True)
            notes.append(message("{name} is not written: nothing is open, and OSCAL allows no empty one.", name=path))
            continue
        (out / path).parent.mkdir(exist_ok=True)
        (out / path).write_bytes(content)
    show(message("Done"), len(names), len(names))
    return notes


def check_signable(formats: Sequence[str], as_of: datetime | None, against: Message | None = None) -> None:
    """Raise ShinraiError when something would be signed that nobody can have seen.

    as_of: the moment the results are to stand for, None for now. against: what else speaks against signing them.
    """
    if as_of is not None and as_of > datetime.now(UTC):
        against = message("Results as of a day to come are not signed: nobody can have verified them yet.")
    if against is not None and "in-toto" in chosen(formats):
        fix = message("Sign the results as they stand today, or leave out --format in-toto.")
        raise ShinraiError(against, fix=fix)


def steps(formats: Sequence[str]) -> int:
    """Return how many steps of progress `write` takes."""
    return len(chosen(formats))


def _html(export: Export) -> dict[str, bytes | None]:
    from shinrai.report import render_html

    return {f"report.{each.value}.html": render_html(export.assessment, each).encode() for each in Language}


def _json(export: Export) -> dict[str, bytes | None]:
    from shinrai.report import to_json

    return {"assessment.json": to_json(export.assessment).encode()}


def _junit(export: Export) -> dict[str, bytes | None]:
    from shinrai.report import to_junit

    return {"junit.xml": to_junit(export.assessment, export.language).encode()}


def _sarif(export: Export) -> dict[str, bytes | None]:
    return {"results.sarif": _sarif_bytes(export, alerts_only=False)}


def _github(export: Export) -> dict[str, bytes | None]:
    return {"results.github.sarif": _sarif_bytes(export, alerts_only=True)}


def _sarif_bytes(export: Export, *, alerts_only: bool) -> bytes:
    from shinrai.report import to_sarif

    tree = to_sarif(export.assessment, export.language, alerts_only=alerts_only)
    return (json.dumps(tree, ensure_ascii=False, indent=1) + "\n").encode()


def _oscal(export: Export) -> dict[str, bytes | None]:
    from shinrai.report.oscal import dumped, to_oscal_plan, to_oscal_poam, to_oscal_results

    plan, results, poam = FORMATS["oscal"]
    actions = to_oscal_poam(export.assessment, export.language)
    return {
        plan: dumped(to_oscal_plan(export.assessment, export.language)),
        results: dumped(to_oscal_results(export.assessment, export.language)),
        poam: None if actions is None else dumped(actions),
    }


def _intoto(export: Export) -> dict[str, bytes | None]:
    from shinrai.evidence.home import find_home
    from shinrai.evidence.keys import key_path, load_signer
    from shinrai.evidence.statements import sign
    from shinrai.report.intoto import to_test_result, to_verification_result

    home = find_home(export.home)
    if not key_path(home.keys, "producer").exists():
        raise ShinraiError(
            message("There is no producer's key in {path}, so nothing can be signed.", path=home.keys),
            fix=message("Name the data folder that assesses, with --home or SHINRAI_HOME."),
        )
    signer = load_signer(home.keys, "producer")
    result, svr = FORMATS["in-toto"]
    return {
        result: sign(to_test_result(export.assessment), signer).to_bytes() + b"\n",
        svr: sign(to_verification_result(export.assessment), signer).to_bytes() + b"\n",
    }


def _sigstore(export: Export) -> dict[str, bytes | None]:
    from shinrai.report.sigstore import member_bundles
    from shinrai_verify.bundle import open_bundle

    attestations = open_bundle(export.bundle).read("attestations.intoto.jsonl")
    made: dict[str, bytes | None] = {}
    for ballots in member_bundles(attestations, export.assessment.council.round):
        made[f"sigstore/{ballots.member}.pem"] = ballots.pem
        made[f"sigstore/{ballots.member}.sigstore.jsonl"] = b"".join(line + b"\n" for line in ballots.bundles)
    return made


_MAKERS: Mapping[str, Callable[[Export], dict[str, bytes | None]]] = {
    "html": _html,
    "json": _json,
    "junit": _junit,
    "sarif": _sarif,
    "github": _github,
    "oscal": _oscal,
    "in-toto": _intoto,
    "sigstore": _sigstore,
}
