"""`shinrai frameworks`: look up what is asked, what applies, what changed and what maps to what."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shinrai.cli.building import command, group, json_option
from shinrai.cli.framework_files import check_command, export_command, import_command, template_command
from shinrai.cli.framework_lists import compare_command, list_command, search_command
from shinrai.cli.framework_relations import diff_command, map_command
from shinrai.language import Language, Message, ShinraiError, message

if TYPE_CHECKING:
    from shinrai.frameworks import Applicability, Framework, Requirement
    from shinrai.systems import Description, RiskTier

HELP = {
    "frameworks": message("Look up laws, guidelines and standards: what they ask, of whom, and how sure we are."),
    "show": message(
        "Show a framework, or one of its requirements.\n\n"
        "FRAMEWORK is an id such as jp.aigb (its newest version), jp.aigb@1.1, or a YAML file of your own."
    ),
    "applies": message(
        "Say which requirements are asked of a described system, and why each one is in or out.\n\n"
        "With --set, show what would change if a fact of the system were another."
    ),
    "set": message("Change a fact, such as autonomy=decides_alone or roles=provider,government; may be repeated."),
    "on": message("Day that decides what has come into effect (default: today)."),
    "framework": message("Take this framework instead of those the description names; may be repeated."),
    "reasons": message("Also list what does not apply."),
}

FORCE = {"must": message("must"), "should": message("should"), "may": message("may")}
CERTAINTY = {
    "C": message("confirmed in the source"),
    "C2": message("from a secondary source"),
    "M": message("unverified: compare with the original"),
}


FILES = (import_command, export_command, template_command, check_command)


def frameworks_group(language: Language) -> click.Group:
    """Return the group with its commands."""
    made = group("frameworks", language, HELP["frameworks"])
    for build in (list_command, _show, search_command, _applies, diff_command, map_command, compare_command, *FILES):
        made.add_command(build(language))
    return made


def _show(language: Language) -> click.Command:
    def carry_out(framework: str, requirement: str | None, as_json: bool) -> int:
        from shinrai.frameworks import choose

        chosen = choose(framework)
        if requirement is not None:
            return _show_requirement(chosen, _named(chosen, requirement), language, as_json=as_json)
        return _show_framework(chosen, language, as_json=as_json)

    options: list[click.Parameter] = [
        click.Argument(["framework"]),
        click.Argument(["requirement"], required=False),
        json_option(language),
    ]
    example = "shinrai frameworks show jp.guideline13\nshinrai frameworks show jp.aigb JP-AIGB-6.2"
    return command("show", language, carry_out, options, HELP["show"], example)


def _named(framework: "Framework", name: str) -> "Requirement":
    from shinrai.language import suggest

    if name not in framework.by_id:
        raise ShinraiError(
            message("{framework} has no requirement “{id}”.", framework=f"{framework.id} {framework.version}", id=name),
            fix=suggest(name, framework.by_id) or message("Look it up: shinrai frameworks search WORD"),
        )
    return framework.by_id[name]


def _show_framework(framework: "Framework", language: Language, *, as_json: bool) -> int:
    from shinrai.cli import tables

    if as_json:
        tables.as_json(framework_json(framework))
        return 0
    f = framework
    tables.line(f.title, language, style="bold")
    for fact in _header(f):
        tables.line(fact, language)
    for note in f.certainty_notes:
        tables.line(message("Note: {text}", text=note), language)
    for question in f.open_questions:
        tables.line(message("Still to be checked: {text}", text=question), language, style="yellow")
    tables.line("", language)
    depth = _depths(f)
    rows = [("  " * depth[r.id] + r.id, FORCE[r.force], r.certainty.value, _codes(r), r.title) for r in f.requirements]
    columns = (message("Id"), message("Force"), message("Mark"), message("Evidence"), message("Title"))
    tables.table(columns, rows, language)
    return 0


def _header(f: "Framework") -> list[Message]:
    marks = {mark: sum(r.certainty.value == mark for r in f.requirements) for mark in CERTAINTY}
    facts = [
        message("{id} {version}, {issuer}", id=f.id, version=f.version, issuer=f.issuer),
        message("Published {published}, valid from {day}.", published=f.published, day=f.valid_from),
        message(
            "{n} rows: {c} confirmed, {c2} from secondary sources, {m} unverified.",
            n=len(f.requirements),
            c=marks["C"],
            c2=marks["C2"],
            m=marks["M"],
        ),
        message("Source: {address} ({licence})", address=f.source, licence=f.licence),
    ]
    if f.superseded_by:
        facts.insert(2, message("Superseded by version {version}.", version=f.superseded_by))
    if f.coverage == "extract":
        facts.append(message("An extract: nothing follows from what is not in it."))
    return facts


def _depths(framework: "Framework") -> dict[str, int]:
    found: dict[str, int] = {}
    for requirement in framework.requirements:
        found[requirement.id] = 0 if requirement.principle is None else found[requirement.principle] + 1
    return found


def _codes(requirement: "Requirement") -> str:
    return " ".join(dict.fromkeys(leaf.code.value for leaf in requirement.expects)) or "—"


def _show_requirement(framework: "Framework", r: "Requirement", language: Language, *, as_json: bool) -> int:
    from shinrai.cli import tables
    from shinrai.frameworks.applicability import FACT_NAMES, ROLE_NAMES

    if as_json:
        tables.as_json({"framework": framework.id, "version": framework.version, **requirement_json(r)})
        return 0
    tables.line(message("{id}  {title}", id=r.id, title=r.title), language, style="bold")
    tables.line(r.text, language)
    roles = [ROLE_NAMES[role] for role in ROLE_NAMES if role in r.roles]
    tables.line("", language)
    tables.line(
        message("Asked of: {who}", who=_join(roles, language) if roles else message("everyone")), language, indent=2
    )
    if r.when:
        when = [FACT_NAMES[fact] for fact in FACT_NAMES if fact in r.when]
        tables.line(message("Only if: {facts}", facts=_join(when, language)), language, indent=2)
    for start in r.starts:
        fact = FACT_NAMES[start.when] if start.when else message("every system")
        tables.line(message("From {day}: {fact}", day=start.day, fact=fact), language, indent=2)
    tables.line(message("Force: {force}", force=FORCE[r.force]), language, indent=2)
    tables.line(
        message("Certainty: {mark} ({means})", mark=r.certainty.value, means=CERTAINTY[r.certainty]), language, indent=2
    )
    tables.line(message("Source: {source}", source=r.source), language, indent=2)
    for leaf in r.expects:
        tables.line(
            message("Evidence {code}: {title}  {id}", code=leaf.code.value, title=leaf.title, id=leaf.id),
            language,
            indent=2,
        )
    return 0


def _join(names: list[Message], language: Language) -> str:
    return ("、" if language is Language.JA else ", ").join(name.text(language) for name in names)


def framework_json(f: "Framework") -> dict[str, Any]:
    """Return a framework as the JSON of `show`."""
    from shinrai.cli.tables import both

    return {
        "id": f.id,
        "version": f.version,
        "title": both(f.title),
        "issuer": both(f.issuer),
        "force": f.force.value,
        "published": f.published.isoformat(),
        "validFrom": f.valid_from.isoformat(),
        "supersededBy": f.superseded_by,
        "source": f.source,
        "licence": f.licence,
        "languageOfRecord": f.language_of_record,
        "coverage": f.coverage.value,
        "scope": {"regions": sorted(f.scope.regions), "facts": sorted(f.scope.facts)},
        "digest": f.digest,
        "sourceKeys": {key.key: both(key.title) for key in f.source_keys},
        "certaintyNotes": [both(note) for note in f.certainty_notes],
        "openQuestions": [both(question) for question in f.open_questions],
        "requirements": [requirement_json(r) for r in f.requirements],
    }


def requirement_json(r: "Requirement") -> dict[str, Any]:
    """Return a requirement as JSON."""
    from shinrai.cli.tables import both

    return {
        "id": r.id,
        "kind": r.kind.value,
        "title": both(r.title),
        "text": both(r.text),
        "roles": sorted(role.value for role in r.roles),
        "when": sorted(r.when),
        "starts": [{"when": start.when, "day": start.day.isoformat()} for start in r.starts],
        "phases": [phase.value for phase in r.phases],
        "force": r.force.value,
        "certainty": r.certainty.value,
        "source": r.source,
        "principle": r.principle,
        "continues": r.continues,
        "tags": list(r.tags),
        "expects": [{"id": leaf.id, "code": leaf.code.value, "title": both(leaf.title)} for leaf in r.expects],
    }


def _applies(language: Language) -> click.Command:
    def carry_out(
        description: Path,
        changes: tuple[str, ...],
        framework: tuple[str, ...],
        on: datetime | None,
        every: bool,
        as_json: bool,
    ) -> int:
        from shinrai.systems import changed, read_description

        before = read_description(description)
        after = changed(before, dict(_change(each) for each in changes)) if changes else None
        today = on.date() if on else _today()
        asked = _frameworks(before, description.parent, framework)
        if as_json:
            return _applies_json(before, after, asked, today)
        if after is not None:
            return _show_change(before, after, asked, today, language)
        return _show_applicability(before, asked, today, language, every=every)

    options: list[click.Parameter] = [
        click.Argument(["description"], type=click.Path(path_type=Path), default=Path("shinrai.yaml")),
        click.Option(["--set", "changes"], multiple=True, metavar="FACT=WORD", help=HELP["set"].text(language)),
        click.Option(["--framework"], multiple=True, help=HELP["framework"].text(language)),
        click.Option(["--on"], type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help=HELP["on"].text(language)),
        click.Option(["--all", "every"], is_flag=True, help=HELP["reasons"].text(language)),
        json_option(language),
    ]
    example = (
        "shinrai frameworks applies shinrai.yaml --all\n"
        "shinrai frameworks applies shinrai.yaml --set autonomy=decides_alone"
    )
    return command("applies", language, carry_out, options, HELP["applies"], example)


def _change(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise ShinraiError(
            message("“{text}” is not a change.", text=text),
            fix=message("Write it as FACT=WORD: autonomy=decides_alone"),
        )
    return name.strip(), value.strip()


def _today() -> date:
    from shinrai.evidence.trust import utc_now

    return utc_now().date()


def _frameworks(description: "Description", folder: Path, named: tuple[str, ...]) -> list["Framework"]:
    from shinrai.frameworks import choose, load_framework, read_file

    if named:
        return [choose(each) for each in named]
    return [
        read_file(folder / pin.file) if pin.file else load_framework(pin.id, pin.version)
        for pin in description.frameworks
    ]


def _considered(description: "Description", frameworks: list["Framework"], day: date) -> list["Applicability"]:
    from shinrai.assess.plan import system_facts
    from shinrai.frameworks import applicability

    facts = system_facts(description, day)
    return [each for framework in frameworks for each in applicability(framework, facts)]


def _show_applicability(
    description: "Description", frameworks: list["Framework"], day: date, language: Language, *, every: bool
) -> int:
    from shinrai.cli import tables
    from shinrai.systems import TIER_NAMES, risk_tier

    tier = risk_tier(description.system)
    tables.line(message("Risk tier: {tier}", tier=TIER_NAMES[tier.tier]), language, style="bold")
    for step in tier.steps:
        tables.line(step, language, indent=2)
    tables.line(_asked(tier), language, indent=2)
    for framework in frameworks:
        considered = _considered(description, [framework], day)
        applying = [each for each in considered if each.applies]
        tables.line("", language)
        title = message(
            "{title}: {n} of {m} rows apply on {day}",
            title=framework.title,
            n=len(applying),
            m=len(considered),
            day=day,
        )
        tables.line(title, language, style="bold")
        rows = [
            ("✓" if each.applies else "–", each.requirement.id, each.requirement.title, each.reason)
            for each in considered
            if each.applies or every
        ]
        tables.table((message("In"), message("Id"), message("Title"), message("Reason")), rows, language)
    return 0


def _asked(tier: "RiskTier") -> Message:
    asked = tier.consequences
    return message(
        "It asks for: the checks {checks}; at least {n} samples; a new measurement every {days} days; "
        "seats held by people: {seats}.",
        checks=", ".join(asked.checks),
        n=asked.minimum_n,
        seats=asked.human_seats,
        days=asked.review_days,
    )


def _show_change(
    before: "Description", after: "Description", frameworks: list["Framework"], day: date, language: Language
) -> int:
    from shinrai.cli import tables
    from shinrai.systems import TIER_NAMES, risk_tier

    old, new = risk_tier(before.system), risk_tier(after.system)
    tables.line(
        message("Risk tier: {old} → {new}", old=TIER_NAMES[old.tier], new=TIER_NAMES[new.tier]), language, style="bold"
    )
    for step in new.steps:
        tables.line(step, language, indent=2)
    tables.line(_asked(new), language, indent=2)
    moved = _changes(before, after, frameworks, day)
    tables.line("", language)
    if not moved:
        tables.line(message("No requirement comes in or goes out."), language)
        return 0
    rows = [("+" if now.applies else "−", now.requirement.id, now.requirement.title, now.reason) for _, now in moved]
    tables.table((message("Change"), message("Id"), message("Title"), message("Reason")), rows, language)
    return 0


def _changes(
    before: "Description", after: "Description", frameworks: list["Framework"], day: date
) -> list[tuple["Applicability", "Applicability"]]:
    pairs = zip(_considered(before, frameworks, day), _considered(after, frameworks, day), strict=True)
    return [(was, now) for was, now in pairs if was.applies != now.applies]


def _applies_json(before: "Description", after: "Description | None", frameworks: list["Framework"], day: date) -> int:
    from shinrai.cli import tables

    document: dict[str, Any] = {
        "on": day.isoformat(),
        "tier": _tier_json(before),
        "requirements": [_reason_json(each) for each in _considered(before, frameworks, day)],
    }
    if after is not None:
        document["after"] = {
            "tier": _tier_json(after),
            "changes": [_reason_json(now) for _, now in _changes(before, after, frameworks, day)],
        }
    tables.as_json(document)
    return 0


def _tier_json(description: "Description") -> dict[str, Any]:
    from shinrai.cli.tables import both
    from shinrai.systems import eu_classes, risk_tier

    tier = risk_tier(description.system)
    asked = tier.consequences
    return {
        "tier": tier.tier.value,
        "steps": [both(step) for step in tier.steps],
        "checks": list(asked.checks),
        "minimumN": asked.minimum_n,
        "humanSeats": asked.human_seats,
        "reviewDays": asked.review_days,
        "euClasses": sorted(eu_classes(description.system)),
    }


def _reason_json(each: "Applicability") -> dict[str, Any]:
    from shinrai.cli.tables import both

    return {
        "id": each.requirement.id,
        "title": both(each.requirement.title),
        "applies": each.applies,
        "reason": both(each.reason),
    }
