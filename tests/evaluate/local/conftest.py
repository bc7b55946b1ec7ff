"""A tiny model made here: random weights, a byte tokenizer, a chat template. Nothing is downloaded."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shinrai.evaluate.runner.keys import keys_for
from shinrai.evaluate.sample import PlannedSample, Prompt, Speaker, Turn

TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def tiny_tokenizer(template: str | None) -> Any:
    import tokenizers
    from tokenizers import decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = tokenizers.Tokenizer(models.BPE(vocab={letter: n for n, letter in enumerate(alphabet)}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    marks = ["<|system|>", "<|user|>", "<|assistant|>"]
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<|end|>", pad_token="<|pad|>")  # noqa: S106
    tokenizer.add_special_tokens({"additional_special_tokens": marks})
    tokenizer.chat_template = template
    return tokenizer


@pytest.fixture
def model_folder(tmp_path: Path) -> Callable[..., Path]:
    """Save a tiny model; returns its folder. context: its longest conversation in tokens."""
    torch = pytest.importorskip("torch", reason="the extra `huggingface` is not installed")
    transformers = pytest.importorskip("transformers", reason="the extra `huggingface` is not installed")

    def make(name: str = "tiny", template: str | None = TEMPLATE, context: int = 1024, **settings: Any) -> Path:
        tokenizer = tiny_tokenizer(template)
        torch.manual_seed(20261120)
        config = transformers.LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=context,
            initializer_range=0.4,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=None,
            **settings,
        )
        folder = tmp_path / name
        transformers.LlamaForCausalLM(config).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return folder

    return make


@pytest.fixture
def questions() -> Callable[..., list[PlannedSample]]:
    """Plan questions to a target; parts go to every prompt."""

    def make(target: Any, texts: list[str], repeats: int = 1, **parts: Any) -> list[PlannedSample]:
        key = keys_for(target.identity())
        prompts = [Prompt((Turn(Speaker.USER, text),), **parts) for text in texts]
        return [
            PlannedSample(key(prompt, repeat), "suite", f"p{n}", None, repeat, f"p{n}", prompt)
            for n, prompt in enumerate(prompts)
            for repeat in range(repeats)
        ]

    return make
