"""Results of other tools in an assessment: read before anything is logged, held against the limits that were planned.

A file is evidence of origin `imported`: its samples are counted here, what it says beyond them stays a claim, and the
file itself is known by its digest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from shinrai.evaluate.interchange.imported import CHECK, ImportedMetric, ImportedRun, Tool, measure, slug
from shinrai.evaluate.interchange.results import read_results
from shinrai.evaluate.measurement import Comparison, Measurement, Rule
from shinrai.language import ShinraiError, message, suggest
from shinrai.systems import Description, ResultsTarget


@dataclass(frozen=True)
class ImportCheck:
    """The results of one file that are taken over. file: where it is."""

    target: str
    described: ResultsTarget
    file: Path
    run: ImportedRun

    @property
    def name(self) -> str:
        """The check's name in the plan: `<target>/imported`."""
        return f"{self.target}/{CHECK}"

    @cached_property
    def rules(self) -> Mapping[str, Rule | None]:
        """The metrics that are taken over, by their name in the file, with the rule of each."""
        return {
            metric.name: Rule(Comparison.AT_LEAST, metric.at_least)
            if metric.at_least is not None
            else Rule(Comparison.AT_MOST, metric.at_most)
            if metric.at_most is not None
            else None
            for metric in self.described.metrics
        }

    @property
    def limits(self) -> Mapping[str, str]:
        """The limits that the description fixes: `<target>/imported/<metric>` -> decimal string."""
        return {f"{self.name}/{slug(name)}": repr(rule.limit) for name, rule in self.rules.items() if rule is not None}

    def measurements(self) -> tuple[Measurement, ...]:
        """Return one measurement for each metric that is taken over, in the description's order."""
        return tuple(measure(self.run, self._metric(name), self.target, rule) for name, rule in self.rules.items())

    def _metric(self, name: str) -> ImportedMetric:
        found = self.run.metric(name)
        assert found is not None  # noqa: S101  (imports() has looked)
        return found


def imports(description: Description, folder: Path) -> dict[str, ImportCheck]:
    """Read the results that a description takes over, by name; what is not there is a located error."""
    found = {}
    for name, described in description.targets.items():
        if isinstance(described, ResultsTarget):
            check = _read(description, name, described, folder)
            found[check.name] = check
    return found


def _read(description: Description, name: str, described: ResultsTarget, folder: Path) -> ImportCheck:
    file = folder / described.file
    if not file.is_file():
        raise ShinraiError(
            message("There is no file {path}.", path=described.file),
            fix=message("Correct the path, or make the file first."),
            place=description.place(("targets", name, "file")),
        )
    # Only what the evidence can name by its digest is read: this one file.
    run = read_results(file, Tool(described.tool) if described.tool else None, alone=True)
    known = [metric.name for metric in run.metrics]
    for number, metric in enumerate(described.metrics):
        if metric.name not in known:
            raise ShinraiError(
                message("The file {path} has no metric “{name}”.", path=described.file, name=metric.name),
                fix=suggest(metric.name, known) or message("It has: {names}.", names=", ".join(known[:30]) or "–"),
                place=description.place(("targets", name, "metrics", number, "name")),
            )
    return ImportCheck(name, described, file, run)
