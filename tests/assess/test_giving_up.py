"""A run that was planned and never finished is shown, until somebody says why."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from shinrai.assess.run import give_up
from shinrai.cli.commands import run
from shinrai.evidence import Store, ensure_trust, open_home, sign
from shinrai.evidence.keys import load_signer
from shinrai.evidence.store import Addition
from shinrai.language import ShinraiError
from shinrai_verify.dsse import Statement
from shinrai_verify.verify import ABANDONMENT, PLAN


def test_a_reason_is_logged_for_a_plan_and_for_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = open_home(tmp_path / "home")
    store = Store(home)
    try:
        ensure_trust(home, store, {}, datetime(2026, 11, 20, tzinfo=UTC))
        about = {"checks": ["t/check"], "controls": [], "items": []}
        plan = sign(Statement("x", "ab" * 32, PLAN, about), load_signer(home.keys, "producer"))
        (index,) = store.append(Addition([plan]))
        logged = give_up(home, store, index, "withdrawn")
        assert logged.statement.subject_sha256 == "ab" * 32
        with pytest.raises(ShinraiError, match="Entry 0 of the log is no plan"):
            give_up(home, store, 0, "x")
        found = store.of_type(ABANDONMENT)
    finally:
        store.close()
    assert [entry.statement.predicate for entry in found] == [{"plan": plan.payload_sha256, "reason": "withdrawn"}]
    asked = ["log", "give-up", str(index), "--reason", "again", "--home", str(home.path), "--lang", "en"]
    assert run(asked) == 0
    assert "Signed as entry 3 of the log." in capsys.readouterr().out
