"""`shinrai audit sample-data`: made-up Japanese tables of decisions with a planted gap, and the answer key."""

import json
from fractions import Fraction
from pathlib import Path

import click

from shinrai.cli.building import command
from shinrai.language import Language, ShinraiError, message

HELP = {
    "sample-data": message(
        "Write a made-up table of decisions with a gap planted on purpose, to try an audit on.\n\n"
        "People and shares are fictional. The same seed gives the same rows; --key says what was planted, and every "
        "rate of the population exactly."
    ),
    "domain": message("What is decided: on applicants for a job, a loan or an insurance."),
    "gap": message(
        "main: one group is decided worse. intersection: only two columns crossed show it. simpson: it turns round "
        "within each line of business. none: all groups are equal."
    ),
    "rows": message("How many rows."),
    "seed": message("Seed of what is drawn at random."),
    "strength": message("By how much the chance of the favourable decision is lower, from 0.01 to 0.3."),
    "out": message("File to write, .parquet or .csv."),
    "key": message("Write the answer key to this JSON file."),
    "force": message("Replace an existing file."),
}
EXAMPLE = (
    "shinrai audit sample-data hr --gap intersection --rows 20000 --out applicants.parquet --key answer-key.json\n"
    "shinrai audit sample-data lending --gap none --rows 1000 --out loans.csv"
)


def sample_data_command(language: Language) -> click.Command:
    """Return `audit sample-data`."""

    def carry_out(
        domain: str, gap: str, rows: int, seed: int, strength: str, out: Path, key: Path | None, force: bool
    ) -> int:
        from shinrai.cli import tables
        from shinrai.cli.whole_files import write_whole
        from shinrai.evaluate.audit.synthetic.population import Domain, PlantedGap, population
        from shinrai.evaluate.audit.synthetic.truth import answer_key
        from shinrai.evaluate.audit.synthetic.writing import write_rows

        for file in (out, key):
            if file is not None and file.exists() and not force:
                raise ShinraiError(
                    message("{file} is there already.", file=str(file)), fix=message("Add --force to replace it.")
                )
        made = population(Domain(domain), PlantedGap(gap), _strength(strength))
        write_rows(made, rows, seed, out)
        document = answer_key(made, rows, seed)
        if key is not None:
            write_whole(key, (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode("utf-8"))
        roles = document["roles"]
        tables.line(message("{rows} made-up rows: {file}", rows=f"{rows:,}", file=str(out)), language)
        tables.line(
            message(
                "Columns: label {label}, decision {prediction}, score {score}; favourable is “{favourable}”.",
                label=roles["label"],
                prediction=roles["prediction"],
                score=roles["score"],
                favourable=roles["favourable"],
            ),
            language,
        )
        return 0

    def option(name: str, **more: object) -> click.Option:
        return click.Option([f"--{name}"], help=HELP[name].text(language), **more)  # type: ignore[arg-type]

    file = click.Path(path_type=Path, dir_okay=False)
    params = [
        click.Argument(["domain"], type=click.Choice(["hr", "lending", "insurance"])),
        option(
            "gap", type=click.Choice(["main", "intersection", "simpson", "none"]), default="main", show_default=True
        ),
        option("rows", type=click.IntRange(1, 10**10), default=10_000, show_default=True),
        option("seed", type=click.IntRange(0), default=1, show_default=True),
        option("strength", default="0.2", show_default=True, metavar="SHARE"),
        option("out", type=file, required=True),
        option("key", type=file),
        option("force", is_flag=True),
    ]
    return command("sample-data", language, carry_out, params, HELP["sample-data"], EXAMPLE)


def _strength(text: str) -> Fraction:
    try:
        found = Fraction(text) if len(text) <= 20 else Fraction(0)
    except (ValueError, ZeroDivisionError):
        found = Fraction(0)
    if not Fraction(1, 100) <= found <= Fraction(3, 10):
        raise ShinraiError(
            message("“{text}” is no strength of a gap.", text=text[:20]), fix=message("Give a share from 0.01 to 0.3.")
        )
    return found
