"""A local model: it answers as transformers would, alone or in a batch, and only from its own safe files."""

import asyncio
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shinrai.evaluate.runner.engine import run
from shinrai.evaluate.runner.journal import open_journal, read_journal
from shinrai.evaluate.runner.progress import RunSummary
from shinrai.evaluate.runner.settings import RunSettings
from shinrai.evaluate.sample import Document, FaultKind, Image, PlannedSample, Prompt, Sample, Speaker, Tool, Turn
from shinrai.evaluate.targets.huggingface import HuggingFaceTarget
from shinrai.evaluate.targets.target import Watch
from shinrai.language import Language, ShinraiError

torch = pytest.importorskip("torch", reason="the extra `huggingface` is not installed")
transformers = pytest.importorskip("transformers", reason="the extra `huggingface` is not installed")
safetensors = pytest.importorskip("safetensors.torch", reason="the extra `huggingface` is not installed")

Make = Callable[..., Path]
Plan = Callable[..., list[PlannedSample]]
TEXTS = ["図書館は何時までですか。", "Hello?", "a", "ごみは", "x" * 200, "🦝", "1+1=", "市役所の電話番号は。"]


def target(folder: Path, **described: Any) -> HuggingFaceTarget:
    return HuggingFaceTarget(
        "local", folder, **{"device": "cpu", "dtype": "float32", "max_new_tokens": 12, **described}
    )


def taken(plan: list[PlannedSample], of: HuggingFaceTarget, path: Path) -> tuple[RunSummary, list[Sample]]:
    with open_journal(path, {}) as journal:
        summary = run(plan, of, RunSettings(), journal)
    found = sorted(read_journal(path), key=lambda each: each.position)
    return summary, [each.sample for each in found]


def texts(samples: list[Sample]) -> list[str]:
    return [sample.answer for sample in samples]


def by_transformers(folder: Path, messages: list[dict[str, str]], tokens: int) -> tuple[str, int]:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    asked = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    made = model.generate(**asked, max_new_tokens=tokens, do_sample=False)
    width = asked["input_ids"].shape[1]
    return tokenizer.decode(made[0, width:], skip_special_tokens=True), width


@pytest.mark.slow
def test_it_answers_what_transformers_would_alone_or_in_a_batch(
    model_folder: Make, questions: Plan, tmp_path: Path
) -> None:
    folder = model_folder()
    answers = {}
    for batch in (1, 3, 8):
        asked = target(folder, batch=batch)
        summary, samples = taken(questions(asked, TEXTS), asked, tmp_path / f"{batch}")
        assert (summary.answered, summary.faults) == (len(TEXTS), {})
        answers[batch] = texts(samples)
    assert answers[1] == answers[3] == answers[8]
    for text, sample in zip(TEXTS, samples, strict=True):
        expected, width = by_transformers(folder, [{"role": "user", "content": text}], 12)
        assert (sample.answer, sample.answers[0].input_tokens) == (expected, width)
    assert {sample.answers[0].output_tokens for sample in samples} == {12}
    assert {sample.answers[0].finish for sample in samples} == {"length"}
    assert len(set(texts(samples))) == len(TEXTS)


def test_a_conversation_with_instructions_and_documents_is_what_an_endpoint_gets(
    model_folder: Make, questions: Plan, tmp_path: Path
) -> None:
    folder = model_folder()
    asked = target(folder, system="短く答える。")
    plan = questions(asked, ["何時?"], documents=(Document("d", "案内", "九時"),), follow_ups=("本当?",))
    summary, [sample] = taken(plan, asked, tmp_path / "j")
    assert summary.answered == 1 and len(sample.answers) == 2
    messages = [
        {"role": "system", "content": "短く答える。"},
        {"role": "user", "content": '<document id="d" title="案内">\n九時\n</document>\n\n何時?'},
    ]
    first, _ = by_transformers(folder, messages, 12)
    assert sample.answers[0].text == first
    messages += [{"role": "assistant", "content": first}, {"role": "user", "content": "本当?"}]
    assert sample.answers[1].text == by_transformers(folder, messages, 12)[0]


def test_it_stops_where_the_model_ends(model_folder: Make, questions: Plan, tmp_path: Path) -> None:
    folder = model_folder()
    whole = target(folder)
    _, [before] = taken(questions(whole, ["Hello?"]), whole, tmp_path / "whole")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    asked = tokenizer.apply_chat_template([{"role": "user", "content": "Hello?"}], add_generation_prompt=True)
    row = torch.tensor([asked["input_ids"]])
    made = model.generate(row, max_new_tokens=12, do_sample=False)[0, row.shape[1] :].tolist()
    end = made[5]
    model.generation_config.eos_token_id = [end]
    model.generation_config.save_pretrained(folder)
    _, [sample] = taken(questions(whole, ["Hello?"]), whole, tmp_path / "ended")
    place = made.index(end)
    assert sample.answer == tokenizer.decode(made[:place], skip_special_tokens=True)
    assert (sample.answers[0].finish, sample.answers[0].output_tokens) == ("stop", place + 1)
    assert sample.key != before.key


def test_draws_depend_on_seed_question_and_repeat_but_not_on_the_batch(
    model_folder: Make, questions: Plan, tmp_path: Path
) -> None:
    folder = model_folder()
    found = {}
    for name, settings in {
        "one": {"batch": 1},
        "many": {"batch": 16},
        "again": {"batch": 16},
        "other": {"batch": 16, "seed": 1},
        "greedy": {"batch": 16, "temperature": None},
        "narrow": {"batch": 16, "top_p": 1e-6},
    }.items():
        asked = target(folder, **{"temperature": 1.0, **settings})
        _, samples = taken(questions(asked, TEXTS[:3], repeats=3), asked, tmp_path / name)
        found[name] = texts(samples)
    assert found["one"] == found["many"] == found["again"]
    assert len(set(found["many"])) == 9
    assert not set(found["other"]) & set(found["many"])
    assert found["narrow"] == found["greedy"] and len(set(found["greedy"])) == 3


def test_the_draws_follow_the_models_own_probabilities(model_folder: Make, questions: Plan, tmp_path: Path) -> None:
    folder, n = model_folder(), 4000
    asked = target(folder, temperature=1.5, max_new_tokens=1, batch=500)
    plan = questions(asked, ["Hello?"], repeats=n)
    _, samples = taken(plan, asked, tmp_path / "j")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    row = tokenizer.apply_chat_template([{"role": "user", "content": "Hello?"}], add_generation_prompt=True)
    with torch.inference_mode():
        expected = torch.softmax(model(torch.tensor([row["input_ids"]])).logits[0, -1] / 1.5, dim=-1)
    by_text: Counter[str] = Counter()
    for token, share in enumerate(expected.tolist()):
        by_text[tokenizer.decode([token], skip_special_tokens=True)] += share
    seen = Counter(texts(samples))
    likely = [text for text, share in by_text.items() if share * n >= 10]
    assert len(likely) >= 10
    statistic = sum((seen[text] - n * by_text[text]) ** 2 / (n * by_text[text]) for text in likely)
    # Wilson-Hilferty bound of the chi-square distribution at about 1 in 10,000.
    freedom = len(likely)
    assert statistic < freedom * (1 - 2 / (9 * freedom) + 3.72 * (2 / (9 * freedom)) ** 0.5) ** 3


def test_tools_and_images_are_refused(model_folder: Make, questions: Plan, tmp_path: Path) -> None:
    asked = target(model_folder())
    [plain] = questions(asked, ["Hello?"])
    image = Image("image/png", b"x", "00")
    prompts = [
        Prompt(plain.prompt.turns, tools=(Tool("look", "up", "{}"),)),
        Prompt((Turn(Speaker.USER, "see", (image,)),)),
        Prompt((Turn(Speaker.TOOL, "{}"), Turn(Speaker.USER, "so?"))),
        Prompt((Turn(Speaker.USER, "long " * 300),)),
        plain.prompt,
    ]
    plan = [replace(plain, key=f"{n:064x}", prompt=prompt) for n, prompt in enumerate(prompts)]
    summary, samples = taken(plan, asked, tmp_path / "j")
    assert summary.faults == {FaultKind.REFUSED: 4} and summary.answered == 1
    assert [sample.fault and sample.fault.detail for sample in samples] == [
        "a local model is given no tools",
        "a local model is shown no images",
        "a local model is given no tools",
        "prompt and answer do not fit into the model's context",
        None,
    ]


def test_a_template_that_refuses_costs_its_own_sample_only(model_folder: Make, questions: Plan, tmp_path: Path) -> None:
    template = "{% if 'ban' in messages[0].content %}{{ raise_exception('no') }}{% endif %}{{ messages[0].content }}"
    asked = target(model_folder(template=template), batch=4)
    summary, samples = taken(questions(asked, ["fine", "ban this", "good"]), asked, tmp_path / "j")
    assert (summary.answered, summary.faults) == (2, {FaultKind.REFUSED: 1})
    assert samples[1].fault and samples[1].fault.detail.startswith("the chat template does not take the conversation")


def test_numbers_that_are_none_make_no_answer(model_folder: Make, questions: Plan, tmp_path: Path) -> None:
    folder = model_folder()
    weights = safetensors.load_file(folder / "model.safetensors")
    weights["model.norm.weight"] = torch.full_like(weights["model.norm.weight"], float("nan"))
    safetensors.save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    asked = target(folder)
    summary, samples = taken(questions(asked, ["Hello?"]), asked, tmp_path / "j")
    assert summary.faults == {FaultKind.SERVER_ERROR: 1}
    assert samples[0].fault and samples[0].fault.detail == "the model's numbers are not finite"


def test_whoever_stops_waiting_stops_the_model(model_folder: Make, questions: Plan) -> None:
    """So many tokens would take several minutes."""
    asked = target(model_folder(context=1_000_000), max_new_tokens=131_072, batch=2)
    [sample] = questions(asked, ["Hello?"])

    async def give_up() -> bool:
        async with asked.open() as respondent:
            watch = Watch()
            reply = asyncio.create_task(respondent.reply(sample, (), watch))
            while watch.heard is None:
                await asyncio.sleep(0.01)
            reply.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reply
            again = asyncio.create_task(respondent.reply(sample, (), second := Watch()))
            while second.heard is None:
                await asyncio.sleep(0.01)
            return not again.done()

    assert asyncio.run(give_up())


def test_the_identity_names_files_libraries_and_settings(model_folder: Make) -> None:
    folder = model_folder()
    first = target(folder).identity()
    assert first["files"].keys() >= {"config.json", "model.safetensors", "tokenizer.json"}
    assert first["libraries"].keys() == {"tokenizers", "torch", "transformers"}
    assert json.loads(json.dumps(first)) == first
    (folder / "README.md").write_text("about")
    assert target(shutil.copytree(folder, folder.with_name("elsewhere"))).identity() == first
    for changed in ({"seed": 1}, {"system": "x"}, {"temperature": 0.5}, {"max_new_tokens": 13}, {"batch": 2}):
        assert target(folder, **changed).identity() != first
    (folder / "chat_template.jinja").write_text("{{ messages[0].content }}")
    assert target(folder).identity() != first


def test_weights_that_are_missing_are_not_filled_with_chance(model_folder: Make) -> None:
    folder = model_folder()
    weights = safetensors.load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    safetensors.save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ShinraiError, match="lack 1 of its weights"):
        opened(target(folder))


def test_without_a_chat_template_nobody_knows_how_to_talk_to_it(model_folder: Make) -> None:
    with pytest.raises(ShinraiError, match="no chat template"):
        opened(target(model_folder(template=None)))


def test_code_that_comes_with_a_model_is_not_run(model_folder: Make, tmp_path: Path) -> None:
    folder, mark = model_folder(), tmp_path / "ran"
    (folder / "modeling_evil.py").write_text(f"open({str(mark)!r}, 'w')\nclass Evil: pass\nclass EvilConfig: pass\n")
    config = json.loads((folder / "config.json").read_text())
    config |= {
        "model_type": "evil",
        "architectures": ["Evil"],
        "auto_map": {"AutoConfig": "modeling_evil.EvilConfig", "AutoModelForCausalLM": "modeling_evil.Evil"},
    }
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ShinraiError, match="cannot be loaded"):
        opened(target(folder))
    assert not mark.exists()


def test_a_pickle_beside_safetensors_is_not_read(model_folder: Make, questions: Plan, tmp_path: Path) -> None:
    folder = model_folder()
    asked = target(folder)
    before = taken(questions(asked, TEXTS), asked, tmp_path / "before")[1]
    for name in ("pytorch_model.bin", "model.pt", "training_args.bin"):
        (folder / name).write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    assert texts(taken(questions(asked, TEXTS), asked, tmp_path / "after")[1]) == texts(before)


def test_weights_in_several_files(model_folder: Make, questions: Plan, tmp_path: Path) -> None:
    folder = model_folder()
    asked = target(folder)
    before = taken(questions(asked, TEXTS), asked, tmp_path / "before")[1]
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="20KB")
    assert len(list(folder.glob("model-*.safetensors"))) > 1
    assert texts(taken(questions(asked, TEXTS), asked, tmp_path / "after")[1]) == texts(before)


def test_a_broken_file_is_an_error_that_can_be_read(model_folder: Make) -> None:
    folder = model_folder()
    (folder / "model.safetensors").write_bytes(b"\xff" * 64)
    with pytest.raises(ShinraiError) as raised:
        opened(target(folder))
    assert "cannot be loaded" in str(raised.value) and str(raised.value).startswith(str(folder))
    assert raised.value.text(Language.JA)


WATCHED = """
import asyncio, sys
sys.path.insert(0, {tests!r})
tried = []
def watch(event, given):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg"):
        tried.append((event, str(given)))
sys.addaudithook(watch)
from pathlib import Path
from shinrai.evaluate.sample import PlannedSample, Prompt, Speaker, Turn
from shinrai.evaluate.targets.huggingface import HuggingFaceTarget
from shinrai.evaluate.targets.target import Watch
target = HuggingFaceTarget("local", Path({folder!r}), max_new_tokens=5, temperature=1.0)
target.identity()
sample = PlannedSample("0" * 64, "s", "p", None, 0, "p", Prompt((Turn(Speaker.USER, "Hello?"),)))
async def ask():
    async with target.open() as model:
        return await model.reply(sample, (), Watch())
assert asyncio.run(ask()).output_tokens
import threading
assert [t.name for t in threading.enumerate() if not t.daemon] == ["MainThread"], threading.enumerate()
print(tried)
"""


@pytest.mark.slow
def test_loading_and_asking_looks_nothing_up(model_folder: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "TRANSFORMERS_OFFLINE", "DO_NOT_TRACK"):
        monkeypatch.delenv(name, raising=False)
    script = WATCHED.format(folder=str(model_folder()), tests=str(Path(__file__).parent))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def opened(of: HuggingFaceTarget) -> None:
    async def go() -> None:
        async with of.open():
            pass

    asyncio.run(go())
