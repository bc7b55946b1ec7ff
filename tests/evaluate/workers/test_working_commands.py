"""`shinrai worker` and `shinrai suites share`, as they are typed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

pytest.importorskip("dbos", reason="the extra `workers` is not installed")
pytest.importorskip("psycopg", reason="the extra `workers` is not installed")

from shinrai.cli.working import share_group, worker_command
from shinrai.evaluate.conversation import converse
from shinrai.evaluate.suites import choose_suite
from shinrai.evaluate.targets.chat import ChatTarget
from shinrai.language import Language, ShinraiError

Type = Callable[..., tuple[int, str, str]]


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str], url: str) -> Type:
    """Type a command and return exit code, output and what was said beside it."""
    assert url

    def run(*words: str, language: Language = Language.EN) -> tuple[int, str, str]:
        top = click.Group("shinrai", commands={"worker": worker_command(language), "share": share_group(language)})
        code = top.main(list(words), standalone_mode=False)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_share_work_collect(typed: Type, server: Any, tmp_path: Path) -> None:
    place = ("--database-url", "env:SHARE_DB")
    asked = ("shinrai.refusal.ja", "--url", server.url, "--model", "m", "--repeats", "1", "--in-flight", "8", *place)
    code, out, said = typed("share", "start", *asked, "--detach")
    run = out.strip()
    assert code == 0 and len(run) == 16 and "100 samples" in said
    assert typed("share", "collect", run, *place, "--out", str(tmp_path / "early"))[0] == 2
    work = ("--target", server.url, "--work-folder", str(tmp_path / "w"), *place)
    code, _, said = typed("worker", *work, "--run", run)
    assert code == 0 and f"Run {run}: complete." in said
    # The same command again collects what is there.
    code, out, said = typed("share", "start", *asked, "--out", str(tmp_path / "out"))
    assert code == 0 and "was shared before" in said and "100 of 100 samples came back, 0 are missing." in out
    assert len(server.requests) == 100
    # Scored as if this machine had taken the samples itself.
    target = ChatTarget("system", server.url, "m")
    scored = converse(choose_suite("shinrai.refusal.ja"), target, tmp_path / "out", repeats=1)
    assert (scored.summary.resumed, len(server.requests)) == (100, 100)
    assert all(measurement.coverage.asked for measurement in scored.measurements)
    code, out, _ = typed("share", "list", *place, "--json")
    (listed,) = json.loads(out)
    assert (listed["id"], listed["state"], listed["taken"], listed["repeated"]) == (run, "complete", 100, 0)
    assert typed("share", "watch", run, *place, "--quiet")[0] == 0
    assert typed("share", "forget", run, *place)[0] == 0
    assert json.loads(typed("share", "list", *place, "--json")[1]) == []


def test_a_cancelled_run_is_said_to_be_so(typed: Type, server: Any, tmp_path: Path) -> None:
    place = ("--database-url", "env:SHARE_DB")
    asked = ("shinrai.refusal.ja", "--url", server.url, "--model", "m", "--repeats", "1", *place)
    run = typed("share", "start", *asked, "--detach", "--quiet")[1].strip()
    assert typed("share", "cancel", run, *place) == (0, f"Run {run} is cancelled.\n", "")
    assert "ended before" in typed("share", "cancel", run, *place)[1]
    code, out, _ = typed("share", "start", *asked, "--out", str(tmp_path / "out"), "--quiet")
    assert code == 2 and "cancelled" in out and "0 of 100 samples came back, 100 are missing." in out
    assert run in typed("share", "watch", run, *place, language=Language.JA)[1]
    assert not server.requests


def test_an_address_instead_of_a_reference_is_not_echoed(typed: Type) -> None:
    with pytest.raises(ShinraiError) as found:
        typed("share", "list", "--database-url", "postgresql://someone:hunter2@host/name")
    assert "hunter2" not in str(found.value) and "env:NAME" in str(found.value)


@pytest.mark.parametrize("language", list(Language))
def test_every_command_says_what_it_does(language: Language) -> None:
    group = share_group(language)
    for made in (worker_command(language), *group.commands.values()):
        assert made.help and made.get_help(click.Context(made))
