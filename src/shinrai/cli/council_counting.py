"""Count a recorded round again, and run the simulator."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shinrai.cli import tables
from shinrai.council.case_file import CouncilCase, read_case
from shinrai.council.counting import RoundCount, count_round, look_again
from shinrai.council.exchange import MAX_FILE, read_statements
from shinrai.council.simulation import run_simulation
from shinrai.council.simulation_page import page
from shinrai.council.standing import report
from shinrai.language import Language, Message, Place, ShinraiError, message
from shinrai_verify.council import FAIL, PASS, Reconsidered
from shinrai_verify.trust import Policy
from shinrai_verify.verify import verdict_record

UNDECIDED = 2
OUTCOMES: Mapping[str, Message] = {
    "pass": message("pass"),
    "fail": message("fail"),
    "inconclusive": message("inconclusive"),
    "undecided": message("undecided"),
    "void": message("void"),
}
WHY: Mapping[str, Message] = {
    "no diversity": message("no diversity: fewer than four domains"),
    "no quorum": message("no value has enough votes"),
    "no domain quorum": message("too few domains agree"),
    "no stratum": message("a kind of member that is needed does not agree"),
}


def recount(language: Language, record: Path, policy: Policy, late: Sequence[Path], *, as_json: bool) -> int:
    """Count a record and show it; returns 0, 1 or 2."""
    case = read_case(record, policy)
    coordinators = case.log.holders("coordinator", case.opened.index)
    count = count_round(case.opened, case.roster, case.rubric, case.log.statements, coordinators, case.log.revoked())
    shown = [envelope for path in late for envelope in read_statements(_read(path), str(path))]
    again = look_again(case.opened, case.roster, count, shown)
    if as_json:
        tables.as_json(_record(case, count, again))
    else:
        _show(language, case, count, again)
    outcomes = {again[control].outcome for control in count.tallies}
    if count.closed is None:
        return UNDECIDED
    return 0 if outcomes == {PASS} else 1 if FAIL in outcomes else UNDECIDED


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_FILE + 1)
    except OSError as error:
        raise ShinraiError(
            message("The file cannot be read: {reason}.", reason=error.strerror or "I/O error"), place=Place(str(path))
        ) from None


def _show(language: Language, case: CouncilCase, count: RoundCount, again: Mapping[str, Reconsidered]) -> None:
    for said in report(case.roster):
        tables.line(said, language)
    attempts = message("Attempts: {n}. The rounds before this one are in the record.", n=len(case.attempts))
    if len(case.attempts) > 1:
        tables.line(attempts, language)
    if count.closed is None:
        tables.line(message("The round is not closed."), language, style="yellow")
    columns = (
        message("Control"),
        message("Outcome"),
        message("Pass"),
        message("Fail"),
        message("Inconclusive"),
        message("Absent"),
        message("Remarks"),
    )
    tables.table(columns, [_row(control, count, again[control], language) for control in sorted(again)], language)


def _row(control: str, count: RoundCount, again: Reconsidered, language: Language) -> list[str | Message]:
    tally = count.tallies[control]
    votes = [str(len(tally.voters[value])) for value in ("pass", "fail", "inconclusive")]
    remarks = [WHY[tally.reason]] if tally.reason else []
    if again.contested:
        remarks.append(message("contested"))
    if again.equivocators:
        remarks.append(message("signed two values: {names}", names=", ".join(again.equivocators)))
    if again.unlogged:
        remarks.append(message("unlogged ballot presented: {names}", names=", ".join(again.unlogged)))
    if tally.dissent:
        remarks.append(message("dissent: {names}", names=", ".join(tally.dissent)))
    said = "; ".join(remark.text(language) for remark in remarks)
    return [control, OUTCOMES[again.outcome], *votes, str(len(tally.absent)), said or "–"]


def _record(case: CouncilCase, count: RoundCount, again: Mapping[str, Reconsidered]) -> dict[str, Any]:
    return {
        "attempts": [opened.id for opened in case.attempts],
        "bundle": case.opened.bundle_id,
        "closed": count.closed,
        "controls": [
            {
                **verdict_record(control, count.tallies[control]),
                "reason": count.tallies[control].reason,
                "reconsidered": {
                    "contested": again[control].contested,
                    "equivocators": list(again[control].equivocators),
                    "outcome": again[control].outcome,
                    "unlogged": list(again[control].unlogged),
                },
            }
            for control in sorted(count.tallies)
        ],
        "report": [tables.both(said) for said in report(case.roster)],
        "round": case.opened.id,
    }


def simulated(language: Language, size: tuple[int, int, int], out: Path, *, force: bool, as_json: bool) -> int:
    """Run the simulator and write a page in each language."""
    found = run_simulation(*size)
    if as_json:
        tables.as_json(
            {
                "correlated": [{"rho": c.rho, "effective": c.effective, "wrong": c.wrong} for c in found.correlated],
                "failures": [
                    {
                        "situation": tables.both(row.what),
                        "outcome": row.outcome,
                        "certificates": row.certificates,
                        "noticed": tables.both(row.note),
                    }
                    for row in found.table
                ],
                "n": found.n,
                "f": found.f,
                "q": found.q,
                "seed": found.seed,
            }
        )
        return 0
    files = {each: out / f"council.{each.value}.html" for each in Language}
    taken = [file for file in files.values() if file.exists()]
    if taken and not force:
        raise ShinraiError(message("{file} is there already.", file=str(taken[0])), fix=message("Give --force."))
    out.mkdir(parents=True, exist_ok=True)
    for each, file in files.items():
        file.write_text(page(found, each), encoding="utf-8")
    for row in found.table:
        said = message("{what}: {outcome}", what=row.what, outcome=OUTCOMES[row.outcome])
        tables.line(said, language)
    tables.line(message("Written: {files}", files=", ".join(map(str, files.values()))), language)
    return 0
