"""What has to be said beside a mitigation: the law, chance, the trade-off between rates, what numbers rest on."""

from collections.abc import Mapping

from shinrai.evaluate.audit.mitigation.choosing import Chosen
from shinrai.evaluate.audit.mitigation.outcome import UTILITY, Outcome
from shinrai.evaluate.audit.mitigation.parts import BINS
from shinrai.evaluate.audit.mitigation.thresholds import Equal, Rule
from shinrai.evaluate.audit.words import title
from shinrai.evaluate.statistics.gaps import difference_gap
from shinrai.language import Message, message

EQUAL: Mapping[Equal, Message] = {
    Equal.SELECTION_RATE: message("equal selection rates (demographic parity)"),
    Equal.TPR: message("equal true positive rates (equal opportunity)"),
    Equal.FPR: message("equal false positive rates"),
    Equal.EQUALIZED_ODDS: message("equal true and false positive rates (equalised odds)"),
}

NEARLY = 0.05
"""Below this share of rows selected, or not selected, equal rates say little."""

LAW = message(
    "Caution: rules that depend on a person's group can be unlawful, also where they are meant to help: in Japan for "
    "instance by sex in recruitment (Equal Employment Opportunity Act), and likewise under other countries' laws. Ask "
    "a lawyer before using them. This is no legal advice."
)


def rate_title(name: str) -> Message:
    """Return what people call a number of an outcome."""
    return message("Worth of a row") if name == UTILITY else title(name)


def cautions(chosen: Chosen) -> list[Message]:
    """Return what a reader has to know of rules for each group."""
    said = [LAW]
    fitted, parted = chosen.fitted, chosen.parted
    selected = chosen.outcome.overall.after["selection_rate"].value
    if selected is not None and not NEARLY <= selected <= 1 - NEARLY:
        said.append(
            message(
                "Groups are alike here because {share} of all rows are selected. Set --rate to the rate that is "
                "wanted, or --gain to what a wrong decision costs.",
                share=f"{selected:.1%}",
            )
        )
    by_chance = chosen.outcome.overall.by_chance
    if by_chance:
        said.append(
            message(
                "Chance decides {count} of the rows held back: two people alike in everything can be decided "
                "differently. --deterministic does without.",
                count=f"{by_chance:,}",
            )
        )
    if fitted.pooled:
        names = ", ".join(" × ".join(levels) for levels in fitted.pooled)
        said.append(
            message("Too small for rules of their own, and under the rule of all rows: {groups}.", groups=names)
        )
    if chosen.outcome.missing:
        said.append(
            message(
                "{count} of the rows held back have no group; the rule of all rows decides them.",
                count=f"{chosen.outcome.missing:,}",
            )
        )
    if parted.left_out:
        said.append(message("Left out, without label, decision or score: {count} rows.", count=f"{parted.left_out:,}"))
    if parted.keys is not None and parted.keys < parted.rows:
        said.append(
            message(
                "{rows} rows belong to {keys} keys: intervals take rows as independent, and are too narrow here.",
                rows=f"{parted.rows:,}",
                keys=f"{parted.keys:,}",
            )
        )
    return said


def base_rates_differ(outcome: Outcome) -> Message | None:
    """Say that rates cannot all be equal, where groups differ in how frequent the favourable label is."""
    counts = [(int(group.before["tpr"].n), group.rows) for group in outcome.groups if group.rows]
    if len(counts) < 2 or difference_gap(counts).interval.low == 0:
        return None
    rates = [part / whole for part, whole in counts]
    return message(
        "Favourable labels are not equally frequent in the groups ({low} to {high}). Then no rules but perfect ones "
        "make tpr, fpr and positive predictive value equal all at once (Chouldechova 2017, Kleinberg et al. 2016): "
        "what was made equal was bought with what was not, and which of them matters is for people to decide.",
        low=f"{min(rates):.1%}",
        high=f"{max(rates):.1%}",
    )


def rule_text(rule: Rule) -> Message:
    """Say a rule in words."""
    if not rule.steps:
        return message("nobody")
    texts = []
    for step in rule.steps:
        score = f"{step.cut / BINS:.4f}"
        if step.chance == 1:
            texts.append(message("from {score} on", score=score))
        else:
            texts.append(
                message("from {score} on with chance {chance}", score=score, chance=f"{float(step.chance):.4f}")
            )
    said = texts[0]
    for more in texts[1:]:
        said = message("{first}; {more}", first=said, more=more)
    return said
