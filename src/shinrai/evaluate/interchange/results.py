"""Read a result file of any tool that is known, and write what was read as JSON for the evidence."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from shinrai.evaluate.interchange.garak import read_garak
from shinrai.evaluate.interchange.imported import ImportedMetric, ImportedRun, ImportedScore, Tool
from shinrai.evaluate.interchange.inspect_log import read_inspect_log
from shinrai.evaluate.interchange.limits import MAX_FILE, parse_json, read_file, too_large, unreadable
from shinrai.evaluate.interchange.moonshot import read_moonshot
from shinrai.evaluate.interchange.promptfoo import read_promptfoo
from shinrai.language import Bilingual, Place, ShinraiError, message

_READERS: Mapping[Tool, Callable[[Path, str], ImportedRun]] = {
    Tool.INSPECT: read_inspect_log,
    Tool.PROMPTFOO: read_promptfoo,
    Tool.MOONSHOT: read_moonshot,
}
_REPORT, _HITLOG = ".report.jsonl", ".hitlog.jsonl"


def read_results(
    path: Path, tool: Tool | None = None, hitlog: Path | None = None, *, alone: bool = False
) -> ImportedRun:
    """Read the results of another tool. tool: whose they are; None looks into the file. hitlog: of garak.

    A garak report takes the list of hits beside it where none is named, unless it is to be read alone. ShinraiError
    with a place for anything that is not a whole file of that tool.
    """
    digest = _digest(path)
    which = _tool(path) if tool is None else tool
    if which is not Tool.GARAK:
        return _READERS[which](path, digest)
    if hitlog is None and not alone and path.name.endswith(_REPORT):
        beside = path.with_name(path.name.removesuffix(_REPORT) + _HITLOG)
        hitlog = beside if beside.is_file() else None
    return read_garak(path, digest, hitlog)


def _digest(path: Path) -> str:
    made = sha256()
    try:
        size = path.stat().st_size
        if size > MAX_FILE:
            raise too_large(path.name, size, MAX_FILE)
        with path.open("rb") as file:
            while part := file.read(1024 * 1024):
                made.update(part)
    except OSError as error:
        raise unreadable(path.name) from error
    return made.hexdigest()


def _tool(path: Path) -> Tool:
    if path.suffix == ".eval":
        return Tool.INSPECT
    if path.suffix == ".jsonl":
        return Tool.GARAK
    root = parse_json(read_file(path), path.name)
    if isinstance(root, dict):
        results = root.get("results")
        if "eval" in root and "status" in root:
            return Tool.INSPECT
        if isinstance(results, dict) and "results" in results:
            return Tool.PROMPTFOO
        if isinstance(results, dict) and ("recipes" in results or "cookbooks" in results):
            return Tool.MOONSHOT
    raise ShinraiError(
        message("No tool that is known writes such a file."),
        fix=message("Say whose it is: {known}.", known=", ".join(tool.value for tool in Tool)),
        place=Place(path.name),
    )


def run_to_json(run: ImportedRun) -> dict[str, Any]:
    """Return a run as JSON values, every sample included, so that its numbers can be recomputed without the file."""
    return {
        "tool": run.tool.value,
        "tool_version": run.tool_version,
        "file": run.file,
        "sha256": run.sha256,
        "models": list(run.models),
        "started": run.started.isoformat() if run.started else None,
        "finished": run.finished.isoformat() if run.finished else None,
        "status": run.status,
        "metrics": [_metric(metric) for metric in run.metrics],
        "notes": [_text(note) for note in run.notes],
    }


def _metric(metric: ImportedMetric) -> dict[str, Any]:
    return {
        "name": metric.name,
        "model": metric.model,
        "asked": metric.asked,
        "scores": [_score(score) for score in metric.scores],
        "claims": [
            {"name": claim.name, "value": claim.value, "recomputed": claim.recomputed} for claim in metric.claims
        ],
    }


def _score(score: ImportedScore) -> dict[str, Any]:
    return {
        "sample": score.sample,
        "repeat": score.repeat,
        "cluster": score.cluster,
        "outcome": score.outcome.value,
        "value": score.value,
        "reason": _text(score.reason) if score.reason else None,
    }


def _text(text: Bilingual) -> dict[str, str]:
    return {"ja": text.ja, "en": text.en}
