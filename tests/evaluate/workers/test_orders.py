"""What a shared run is, and what may not be shared."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shinrai.evaluate.runner.settings import Prices, RunSettings
from shinrai.evaluate.targets.chat import ChatTarget
from shinrai.evaluate.workers.order import Order, decoded, encoded, order_for, planned
from shinrai.language import ShinraiError

SUITE = "shinrai.refusal.ja"
TARGET = ChatTarget("desk", "https://desk.example/v1", "m", key="env:DESK_KEY", headers={"X-Team": "env:TEAM"})


@pytest.fixture(scope="module")
def made() -> Order:
    return order_for(SUITE, TARGET, chunk=32, repeats=1)[0]


def test_an_order_survives_the_database(made: Order) -> None:
    assert decoded(encoded(made)) == made
    assert decoded(encoded(made)).id == made.id
    assert planned(made) == order_for(SUITE, TARGET, chunk=32, repeats=1)[1]


def test_chunks_cover_the_plan_once(made: Order) -> None:
    positions = [at for number in range(made.chunks) for at in range(*made.span(number))]
    assert positions == list(range(made.planned))


@pytest.mark.parametrize("change", [{"seed": 1}, {"label": "again"}, {"chunk": 33}, {"repeats": 2}])
def test_the_id_follows_from_the_whole_order(change: dict[str, Any], made: Order) -> None:
    assert order_for(SUITE, TARGET, **{"chunk": 32, "repeats": 1, **change})[0].id != made.id


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda order: replace(order, version="0.0.0"), "may plan otherwise"),
        (lambda order: replace(order, plan="0" * 64), "another plan"),
        (lambda order: replace(order, planned=order.planned + 1), "another plan"),
        (lambda order: replace(order, suite=order.suite.replace("probes:", "probess:")), "probess"),
    ],
)
def test_another_plan_is_refused(change: Callable[[Order], Order], reason: str, made: Order) -> None:
    with pytest.raises(ShinraiError, match=reason):
        planned(change(made))


@pytest.mark.parametrize(
    ("target", "settings", "reason"),
    [
        ({"headers": {"X-Api-Key": "abc"}}, {}, "X-Api-Key"),
        ({"key": "sk-abc"}, {}, "no reference"),
        ({}, {"prices": Prices(1, 2, "USD"), "cost_limit": 5.0}, "cost limit"),
        ({}, {"requests_per_minute": 60}, "number of workers"),
    ],
)
def test_what_machines_cannot_keep_is_refused(target: dict[str, Any], settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(ShinraiError, match=reason) as found:
        order_for(SUITE, replace(TARGET, **target), RunSettings(**settings))
    assert "abc" not in str(found.value)


@pytest.mark.parametrize("text", [b"", b"{}", b"[" * 100_000, b'{"chunk":0}', b"\xff"])
def test_other_text_is_no_order(text: bytes) -> None:
    with pytest.raises(ShinraiError, match="no shared run"):
        decoded(text)


@pytest.mark.parametrize("change", [{"chunk": 0}, {"chunk": 10**6}, {"planned": 0}, {"planned": 2**40}, {"seed": -1}])
def test_senseless_orders_are_refused(change: dict[str, Any], made: Order) -> None:
    with pytest.raises(ShinraiError, match="no shared run"):
        decoded(encoded(replace(made, **change)))
