"""A key changes with everything that can change the answer, and with nothing else."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinrai.evaluate.runner.keys import keys_for, sample_key
from shinrai.evaluate.sample import Document, Image, Prompt, Speaker, Tool, Turn
from shinrai.evaluate.targets.chat import ChatTarget
from shinrai.evaluate.targets.chat_wire import Sampling
from shinrai.evaluate.targets.command import CommandTarget
from shinrai.evaluate.targets.python import PythonTarget

words = st.text(st.characters(codec="utf-8"), max_size=8)
images = st.builds(Image, words, st.binary(max_size=4), st.just("unread"))
turns = st.builds(Turn, st.sampled_from(Speaker), words, st.lists(images, max_size=2).map(tuple))
prompts = st.builds(
    Prompt,
    st.lists(turns, min_size=1, max_size=3).map(tuple),
    st.lists(words, max_size=2).map(tuple),
    st.lists(st.builds(Document, words, words, words), max_size=2).map(tuple),
    st.lists(st.builds(Tool, words, words, words), max_size=2).map(tuple),
)
identities = st.dictionaries(words, st.none() | st.integers(-9, 9) | st.floats(allow_nan=False) | words, max_size=3)


@given(identities, prompts, st.integers(0, 3), identities, prompts, st.integers(0, 3))
def test_keys_are_equal_only_for_equal_samples(identity, prompt, repeat, other_identity, other_prompt, other_repeat):
    same = (repr(identity), prompt, repeat) == (repr(other_identity), other_prompt, other_repeat)
    keys_are_equal = sample_key(identity, prompt, repeat) == sample_key(other_identity, other_prompt, other_repeat)
    assert keys_are_equal or not same
    assert not keys_are_equal or (identity == other_identity and prompt == other_prompt and repeat == other_repeat)


FULL = Prompt(
    turns=(
        Turn(Speaker.SYSTEM, "be kind"),
        Turn(Speaker.USER, "hello", (Image("image/png", b"one", "digest"), Image("image/png", b"two", "digest"))),
    ),
    follow_ups=("and?", "so?"),
    documents=(Document("d1", "title", "text"),),
    tools=(Tool("find", "finds", "{}"),),
)


def changed_prompts() -> list[Prompt]:
    system, user = FULL.turns
    first, second = user.images
    return [
        FULL,
        replace(FULL, turns=(replace(system, text="be rude"), user)),
        replace(FULL, turns=(replace(system, speaker=Speaker.ASSISTANT), user)),
        replace(FULL, turns=(user, system)),
        replace(FULL, turns=(system, replace(user, text="hello "))),
        replace(FULL, turns=(system, replace(user, images=(second, first)))),
        replace(FULL, turns=(system, replace(user, images=(first,)))),
        replace(FULL, turns=(system, replace(user, images=(first, replace(second, data=b"three"))))),
        replace(FULL, turns=(system, replace(user, images=(first, replace(second, media_type="image/gif"))))),
        replace(FULL, follow_ups=("so?", "and?")),
        replace(FULL, follow_ups=("and?",)),
        replace(FULL, documents=()),
        replace(FULL, documents=(Document("d2", "title", "text"),)),
        replace(FULL, documents=(Document("d1", "titletext", ""),)),
        replace(FULL, documents=(Document("d1", "title", "text!"),)),
        replace(FULL, tools=()),
        replace(FULL, tools=(Tool("find2", "finds", "{}"),)),
        replace(FULL, tools=(Tool("find", "finds it", "{}"),)),
        replace(FULL, tools=(Tool("find", "finds", '{"type":"object"}'),)),
    ]


def test_any_part_of_a_prompt_changes_the_key():
    keys = [sample_key({"model": "m"}, prompt, repeat) for prompt in changed_prompts() for repeat in (0, 1)]
    assert len(set(keys)) == len(keys)


def test_the_digest_that_comes_with_an_image_is_not_believed():
    def key(told: str) -> str:
        return sample_key({}, Prompt((Turn(Speaker.USER, "?", (Image("image/png", b"x", told),)),)), 0)

    assert key("a") == key("b")


CHAT = ChatTarget("t", "https://host/v1", "m", key="env:KEY", headers={"X-Tenant": "a"})


@pytest.mark.parametrize(
    "change",
    [
        {"url": "https://host2/v1"},
        {"url": "https://host/v1?version=2"},
        {"model": "m2"},
        {"system": "be kind"},
        {"stream": True},
        {"headers": {"X-Tenant": "b"}},
        {"headers": {}},
        {"sampling": Sampling(temperature=0.0)},
        {"sampling": Sampling(temperature=0.1)},
        {"sampling": Sampling(top_p=0.1)},
        {"sampling": Sampling(max_tokens=10)},
        {"sampling": Sampling(seed=1)},
        {"sampling": Sampling(stop=("x",))},
        {"sampling": Sampling(extra={"reasoning_effort": "low"})},
    ],
)
def test_any_part_of_a_chat_target_changes_the_key(change):
    assert keys_for(replace(CHAT, **change).identity())(FULL, 0) != keys_for(CHAT.identity())(FULL, 0)


@pytest.mark.parametrize(
    "change",
    [{"id": "other"}, {"key": "env:OTHER"}, {"url": "https://host/v1/chat/completions"}, {"stream_usage": False}],
)
def test_what_cannot_change_an_answer_leaves_the_key(change):
    assert keys_for(replace(CHAT, **change).identity())(FULL, 0) == keys_for(CHAT.identity())(FULL, 0)


def test_a_changed_program_is_another_target(tmp_path: Path):
    script = tmp_path / "desk.py"

    def both() -> list[Any]:
        command = CommandTarget("c", ("python3", "desk.py"), folder=tmp_path)
        return [command.identity(), PythonTarget("p", "desk:answer", folder=tmp_path).identity()]

    script.write_text("one")
    before = both()
    assert before == both()
    script.write_text("two")
    assert all(old != new for old, new in zip(before, both(), strict=True))
