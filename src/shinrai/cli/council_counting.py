"""Count a recorded round again, and run the simulator."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shinrai.cli import tables
from shinrai.council.canaries import ANSWERS, CANARIES, revealed
from shinrai.council.case_file import CouncilCase, read_case
from shinrai.council.counting import RoundCount, count_round, look_again
from shinrai.council.exchange import MAX_FILE, read_statements
from shinrai.council.faults import located
from shinrai.council.reliability import LEAST_ITEMS, Rate, Reliability, reliability
from shinrai.council.simulation import run_simulation
from shinrai.council.simulation_page import page
from shinrai.council.standing import report
from shinrai.language import Language, Message, Place, ShinraiError, message
from shinrai_verify.council import FAIL, PASS, Reconsidered
from shinrai_verify.trust import Policy
from shinrai_verify.verify import verdict_record

UNDECIDED = 2
_NOT_COUNTED = message(
    "Do not rely on it. Ask for the record again, and tell the members what was wrong with this one."
)
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
    case = read_case(record, policy, fix=_NOT_COUNTED)
    coordinators = case.log.holders("coordinator", case.opened.index)
    count = count_round(case.opened, case.roster, case.rubric, case.log.statements, coordinators, case.log.revoked())
    shown = [envelope for path in late for envelope in read_statements(_read(path), str(path))]
    again = look_again(case.opened, case.roster, count, shown)
    measured = _measured(case, count)
    if as_json:
        tables.as_json({**_record(case, count, again), "knownAnswers": _measured_record(measured)})
    else:
        _show(language, case, count, again)
        if measured is not None:
            _show_measured(language, measured)
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


def _measured(case: CouncilCase, count: RoundCount) -> Reliability | None:
    """Return how members did on known answers; None where the record holds none that an administrator vouches for."""
    told = [leaf for leaf in case.log.of(ANSWERS) if leaf.statement.predicate.get("round") == case.opened.id]
    committed = [leaf for leaf in case.log.of(CANARIES) if leaf.index < case.opened.index]
    if not told or not committed:
        return None
    for leaf in (told[-1], committed[-1]):
        if leaf.keyid not in case.log.holders("admin", leaf.index):
            raise ShinraiError(message("The known answers are signed by somebody who was no administrator then."))
    with located(None):
        answers = revealed(case.opened, count, committed[-1], told[-1])
    votes = {
        control: {member: str(leaf.statement.predicate["value"]) for member, leaf in by.items()}
        for control, by in count.counted.items()
    }
    return reliability([member.id for member in case.roster.members], answers.truth, votes)


def _show_measured(language: Language, found: Reliability) -> None:
    said = message("Known answers: {n} items. They measure the members and weight no vote.", n=found.items)
    tables.line(said, language, style="bold")
    columns = (
        message("Member"),
        message("Sensitivity"),
        message("Specificity"),
        message("Inconclusive"),
        message("Absent"),
    )
    rows = [
        (each.member, _rate(each.sensitivity), _rate(each.specificity), str(each.undecided), str(each.absent))
        for each in found.members
    ]
    tables.table(columns, rows, language)
    if found.effective is None:
        least = message(
            "How many independent votes the members are worth is said from {least} items on.", least=LEAST_ITEMS
        )
        tables.line(least, language)
        return
    effective = found.effective
    tables.line(
        message(
            "The {n} members are worth {kish} independent votes [{low}, {high}] by the mean correlation of their "
            "errors ({phi}), {eigen} [{low2}, {high2}] by its eigenvalues.",
            n=len(found.members),
            kish=f"{effective.by_kish:.1f}",
            low=f"{effective.kish.low:.1f}",
            high=f"{effective.kish.high:.1f}",
            phi=f"{effective.phi:.2f}",
            eigen=f"{effective.by_eigenvalues:.1f}",
            low2=f"{effective.eigenvalues.low:.1f}",
            high2=f"{effective.eigenvalues.high:.1f}",
        ),
        language,
    )


def _rate(rate: Rate) -> str:
    if rate.interval is None:
        return "–"
    return f"{rate.hits}/{rate.n} [{rate.interval.low:.2f}, {rate.interval.high:.2f}]"


def _measured_record(found: Reliability | None) -> dict[str, Any] | None:
    if found is None:
        return None
    effective = found.effective
    return {
        "effective": effective
        and {
            "eigenvalues": [effective.by_eigenvalues, effective.eigenvalues.low, effective.eigenvalues.high],
            "kish": [effective.by_kish, effective.kish.low, effective.kish.high],
            "phi": effective.phi,
            "withoutError": effective.without_error,
        },
        "items": found.items,
        "members": [
            {
                "absent": each.absent,
                "inconclusive": each.undecided,
                "member": each.member,
                "sensitivity": _rate_record(each.sensitivity),
                "specificity": _rate_record(each.specificity),
            }
            for each in found.members
        ],
    }


def _rate_record(rate: Rate) -> dict[str, Any]:
    bounds = rate.interval
    return {"hits": rate.hits, "n": rate.n, "low": bounds and bounds.low, "high": bounds and bounds.high}


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
