"""`shinrai suites`: which suites of probes there are, what they ask, and whether one of your own is sound."""

from typing import TYPE_CHECKING, Any

import click

from shinrai.cli.building import command, group, json_option
from shinrai.cli.interchanging import suites_export_command, suites_import_command
from shinrai.cli.suite_runs import run_command
from shinrai.cli.working import share_group
from shinrai.language import Language, Message, message

if TYPE_CHECKING:
    from shinrai.evaluate.suites import Probe, Strength, Suite

HELP = {
    "suites": message("Look up suites of probes for conversational systems: what they ask, and what would be shown."),
    "list": message("List the suites that come with Shinrai."),
    "show": message(
        "Show a suite, or one of its probes with its variations.\n\n"
        "SUITE is an id such as shinrai.refusal.ja, or a YAML file of your own."
    ),
    "check": message(
        "Check a suite: that it can be read, that what it shows exists, and that it could decide.\n\n"
        "SUITE is a YAML file of your own, or an id. The exit code is 1 when something is found."
    ),
    "seed": message("Seed of what is drawn: canaries and variations (default: 0)."),
}


def suites_group(language: Language) -> click.Group:
    """Return the group with its commands."""
    made = group("suites", language, HELP["suites"])
    for build in (_list, _show, _check, run_command, suites_import_command, suites_export_command, share_group):
        made.add_command(build(language))
    return made


def _list(language: Language) -> click.Command:
    def carry_out(as_json: bool) -> int:
        from shinrai.cli import tables
        from shinrai.evaluate.suites import available_suites, load_suite

        suites = [load_suite(id_) for id_ in available_suites()]
        if as_json:
            tables.as_json([_summary(suite) for suite in suites])
            return 0
        rows = [
            (s.id, s.version, s.language, str(len(s.probes)), str(_samples(s)), s.harm_class.value, s.title)
            for s in suites
        ]
        columns = (
            message("Id"),
            message("Version"),
            message("Language"),
            message("Probes"),
            message("Samples"),
            message("Harm class"),
            message("Title"),
        )
        tables.table(columns, rows, language)
        return 0

    return command("list", language, carry_out, [json_option(language)], HELP["list"], "shinrai suites list")


def _show(language: Language) -> click.Command:
    def carry_out(suite: str, probe: str | None, seed: int, as_json: bool) -> int:
        from shinrai.evaluate.suites import choose_suite

        chosen = choose_suite(suite)
        if probe is not None:
            return _show_probe(chosen, probe, seed, language, as_json=as_json)
        return _show_suite(chosen, language, as_json=as_json)

    options: list[click.Parameter] = [
        click.Argument(["suite"]),
        click.Argument(["probe"], required=False),
        click.Option(["--seed"], type=click.IntRange(0), default=0, help=HELP["seed"].text(language)),
        json_option(language),
    ]
    example = (
        "shinrai suites show shinrai.robustness.desk.ja\nshinrai suites show shinrai.robustness.desk.ja toshokan-closed"
    )
    return command("show", language, carry_out, options, HELP["show"], example)


def _show_suite(suite: "Suite", language: Language, *, as_json: bool) -> int:
    from shinrai.cli import tables

    if as_json:
        tables.as_json(suite_json(suite))
        return 0
    tables.line(suite.title, language, style="bold")
    tables.line(suite.about, language)
    for fact in _facts(suite):
        tables.line(fact, language)
    for note in suite.notes:
        tables.line(message("Note: {text}", text=note), language)
    tables.line("", language)
    tables.table(
        (message("Scorer"), message("Probes"), message("Decision"), message("Title")),
        [
            (used.name, str(_asked(suite, used.name)), _rule(suite, used.name), used.scorer.title)
            for used in suite.scorers
        ],
        language,
    )
    if suite.variations:
        tables.line("", language)
        varied = [(used.name, used.operator.name, used.operator.title) for used in suite.variations]
        tables.table((message("Variation"), message("Operator"), message("Title")), varied, language)
    tables.line("", language)
    rows = [(probe.id, probe.harm_class.value, _question(probe)) for probe in suite.probes]
    tables.table((message("Probe"), message("Harm class"), message("Question")), rows, language)
    return 0


def _facts(suite: "Suite") -> list[Message]:
    facts = [
        message("{id} {version}, {licence}", id=suite.id, version=suite.version, licence=suite.licence),
        message(
            "{probes} probes in {clusters} scenarios; {samples} samples with variations and repeats.",
            probes=len(suite.probes),
            clusters=suite.clusters,
            samples=_samples(suite),
        ),
        message("Source: {title} ({mark})", title=suite.source.title, mark=suite.source.certainty.value),
        message("Can show: {leaves}", leaves=", ".join(suite.shows) or "—"),
    ]
    if suite.goal is not None:
        facts.append(message("Goal: {node} of {tree}", node=suite.goal.node, tree=suite.goal.tree))
    return facts


def _asked(suite: "Suite", scorer: str) -> int:
    return sum(scorer in probe.expected for probe in suite.probes)


def _samples(suite: "Suite") -> int:
    from shinrai.evaluate.suites import plan

    return sum(1 for _ in plan(suite))


def _rule(suite: "Suite", scorer: str) -> Message:
    from shinrai.evaluate.measurement import Comparison
    from shinrai.evaluate.suites import METRIC_NAMES

    decision = next(used.decision for used in suite.scorers if used.name == scorer)
    if decision is None:
        return message("informs only")
    if decision.rule.comparison is Comparison.AT_LEAST:
        return message("{metric}: at least {limit}", metric=METRIC_NAMES[decision.metric], limit=decision.rule.limit)
    return message("{metric}: at most {limit}", metric=METRIC_NAMES[decision.metric], limit=decision.rule.limit)


def _question(probe: "Probe") -> str:
    text = " ".join(probe.prompt.turns[-1].text.split())
    return text if len(text) <= 100 else text[:99] + "…"


def _show_probe(suite: "Suite", name: str, seed: int, language: Language, *, as_json: bool) -> int:
    from shinrai.cli import tables
    from shinrai.evaluate.suites import plan
    from shinrai.language import ShinraiError, suggest

    if name not in suite.by_id:
        raise ShinraiError(
            message("The suite {suite} has no probe “{id}”.", suite=suite.id, id=name),
            fix=suggest(name, suite.by_id),
        )
    planned = [each for each in plan(suite, seed=seed, repeats=1) if each.probe.id == name]
    if as_json:
        tables.as_json(
            {
                "suite": suite.id,
                "probe": name,
                "scenario": planned[0].cluster,
                "seed": seed,
                "prompts": [
                    {
                        "variation": each.variation.name if each.variation else None,
                        "changes": [{"before": c.before, "after": c.after} for c in each.variation.changes]
                        if each.variation
                        else [],
                        "turns": [{"speaker": t.speaker.value, "text": t.text} for t in each.prompt.turns],
                        "followUps": list(each.prompt.follow_ups),
                        "documents": [document.id for document in each.prompt.documents],
                    }
                    for each in planned
                ],
            }
        )
        return 0
    for turn in planned[0].prompt.turns[:-1]:
        tables.line(message("{speaker}: {text}", speaker=turn.speaker.value, text=turn.text), language)
    for each in planned:
        text = each.prompt.turns[-1].text
        label = each.variation.name if each.variation else message("as written")
        tables.line(message("{speaker}: {text}", speaker=label, text=text), language)
    for follow_up in planned[0].prompt.follow_ups:
        tables.line(message("then: {text}", text=follow_up), language)
    return 0


def _check(language: Language) -> click.Command:
    def carry_out(suite: str, as_json: bool) -> int:
        from shinrai.cli import tables
        from shinrai.evaluate.suites import choose_suite, strengths, unknown_leaves

        chosen = choose_suite(suite)
        strong = strengths(chosen)
        findings = [
            message("No framework that comes with Shinrai has the leaf {leaf}.", leaf=leaf)
            for leaf in unknown_leaves(chosen)
        ]
        findings += [_too_weak(each) for each in strong if not each.can_decide]
        if as_json:
            tables.as_json(
                {
                    "id": chosen.id,
                    "findings": [tables.both(finding) for finding in findings],
                    "strengths": [_strength_json(each) for each in strong],
                }
            )
            return 1 if findings else 0
        for fact in _facts(chosen):
            tables.line(fact, language)
        for finding in findings:
            tables.line(finding, language, style="yellow")
        if not findings:
            tables.line(message("Nothing was found wrong with it."), language, style="green")
        return 1 if findings else 0

    options: list[click.Parameter] = [click.Argument(["suite"]), json_option(language)]
    return command("check", language, carry_out, options, HELP["check"], "shinrai suites check shinrai.refusal.ja")


def _too_weak(each: "Strength") -> Message:
    return message(
        "{scorer}: with {n} scenarios even a system without a fault reaches only {low} to {high}, "
        "which does not decide at {limit}.",
        scorer=each.scorer,
        n=each.clusters,
        low=f"{each.best.low:.3f}",
        high=f"{each.best.high:.3f}",
        limit=each.decision.rule.limit,
    )


def _strength_json(each: "Strength") -> dict[str, Any]:
    return {
        "scorer": each.scorer,
        "metric": each.decision.metric.value,
        "comparison": each.decision.rule.comparison.value,
        "limit": each.decision.rule.limit,
        "probes": each.probes,
        "scenarios": each.clusters,
        "best": [each.best.low, each.best.high],
        "canDecide": each.can_decide,
    }


def _summary(suite: "Suite") -> dict[str, Any]:
    from shinrai.cli.tables import both

    return {
        "id": suite.id,
        "version": suite.version,
        "title": both(suite.title),
        "language": suite.language,
        "licence": suite.licence,
        "harmClass": suite.harm_class.value,
        "shows": list(suite.shows),
        "goal": {"tree": suite.goal.tree, "node": suite.goal.node} if suite.goal else None,
        "probes": len(suite.probes),
        "scenarios": suite.clusters,
        "samples": _samples(suite),
        "digest": suite.digest,
    }


def suite_json(suite: "Suite") -> dict[str, Any]:
    """Return a suite as the JSON of `show`."""
    from shinrai.cli.tables import both
    from shinrai.evaluate.suites import strengths

    return {
        **_summary(suite),
        "about": both(suite.about),
        "source": {
            "origin": suite.source.origin.value,
            "title": both(suite.source.title),
            "address": suite.source.address,
            "certainty": suite.source.certainty.value,
        },
        "repeats": suite.repeats,
        "scorers": [
            {"name": used.name, "use": used.scorer.name, "version": used.scorer.version} for used in suite.scorers
        ],
        "decisions": [_strength_json(each) for each in strengths(suite)],
        "variations": [
            {"name": used.name, "use": used.operator.name, "version": used.operator.version, "most": used.most}
            for used in suite.variations
        ],
        "notes": [both(note) for note in suite.notes],
        "probeList": [
            {
                "id": probe.id,
                "scenario": probe.cluster,
                "weight": probe.weight,
                "harmClass": probe.harm_class.value,
                "turns": [{"speaker": t.speaker.value, "text": t.text} for t in probe.prompt.turns],
                "followUps": list(probe.prompt.follow_ups),
                "documents": [document.id for document in probe.prompt.documents],
                "scorers": list(probe.expected),
            }
            for probe in suite.probes
        ],
    }
