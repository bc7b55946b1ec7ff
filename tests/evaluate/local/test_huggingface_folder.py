"""Folders that are refused before any library sees them, and what is said where the extra is missing."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from shinrai.evaluate.targets.huggingface import HuggingFaceTarget
from shinrai.evaluate.targets.huggingface_files import check_folder, model_digests
from shinrai.language import ShinraiError

INDEX = "model.safetensors.index.json"


def folder_of(path: Path, **files: Any) -> Path:
    """Write files; `__` in a name stands for a dot."""
    folder = path / "model"
    folder.mkdir()
    for name, content in {"config__json": "{}", **files}.items():
        if content is not None:
            (folder / name.replace("__", ".")).write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def index_of(name: object) -> dict[str, object]:
    return {"metadata": {}, "weight_map": {"lm_head.weight": name}}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"pytorch_model__bin": "x"}, "The weights are pickled"),
        ({"consolidated__00__pth": "x"}, "The weights are pickled"),
        ({}, "The folder has no weights"),
        ({"config__json": None, "model__safetensors": ""}, "The folder has no config.json"),
        ({"config__json": "[1]", "model__safetensors": ""}, "no JSON object"),
        ({"config__json": "[" * 100_000, "model__safetensors": ""}, "no JSON object"),
        ({"model__safetensors": "", "adapter_config__json": "{}"}, "base model lies elsewhere"),
        ({"model__safetensors__index__json": index_of("../other/model.safetensors")}, "no safetensors in this folder"),
        ({"model__safetensors__index__json": index_of("/etc/model.safetensors")}, "no safetensors in this folder"),
        ({"model__safetensors__index__json": index_of("gone.safetensors")}, "no safetensors in this folder"),
        ({"model__safetensors__index__json": index_of("a.bin"), "a__bin": "x"}, "no safetensors in this folder"),
        ({"model__safetensors__index__json": index_of(3)}, "no safetensors in this folder"),
        ({"model__safetensors__index__json": {"weight_map": []}}, "no safetensors in this folder"),
        (
            {"config__json": {"transformers_weights": "adapter_model.bin"}, "adapter_model__bin": "x"},
            "no safetensors in this folder",
        ),
        ({"config__json": {"transformers_weights": 3}, "model__safetensors": ""}, "no safetensors in this folder"),
    ],
)
def test_a_folder_that_is_refused(tmp_path: Path, files: dict[str, Any], said: str) -> None:
    folder = folder_of(tmp_path, **files)
    with pytest.raises(ShinraiError, match=said) as raised:
        check_folder(folder)
    assert str(raised.value).startswith(str(folder)) and raised.value.fix is not None


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ShinraiError, match="no such folder"):
        check_folder(tmp_path / "none")


def test_digests_are_of_what_may_be_read_and_follow_the_content(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, model__safetensors="w", README__md="about", pytorch_model__bin="x", chat__jinja="t")
    (folder / "additional_chat_templates").mkdir()
    (folder / "additional_chat_templates" / "rag.jinja").write_text("t")
    (folder / "original").mkdir()
    (folder / "original" / "weights.safetensors").write_text("not read")
    first = model_digests(folder)
    assert list(first) == ["additional_chat_templates/rag.jinja", "chat.jinja", "config.json", "model.safetensors"]
    assert first["chat.jinja"] == "e3b98a4da31a127d4bde6e43033f66ba274cab0eb7eb1c70ec41402bf6273dd8"
    (folder / "chat.jinja").write_text("another")
    assert {name for name, digest in model_digests(folder).items() if digest != first[name]} == {"chat.jinja"}


@pytest.mark.parametrize(
    "settings",
    [
        {"max_new_tokens": 0},
        {"temperature": 0.0},
        {"temperature": float("nan")},
        {"top_p": 0.0},
        {"top_p": 1.5},
        {"seed": -1},
        {"batch": 0},
        {"device": "cuda:x"},
        {"device": "/dev/sda"},
        {"dtype": "int4"},
    ],
)
def test_settings_that_make_no_sense(tmp_path: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(ShinraiError, match="local model"):
        HuggingFaceTarget("local", tmp_path, **settings)


@pytest.mark.parametrize("library", ["torch", "transformers"])
def test_without_the_extra_the_error_says_what_to_install(
    tmp_path: Path, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(tmp_path, model__safetensors="w")
    target = HuggingFaceTarget("local", folder)
    for name in ("torch", "transformers"):
        monkeypatch.setitem(sys.modules, name, None if name >= library else object())  # type: ignore[arg-type]
    with pytest.raises(ShinraiError, match=f"needs {library}.*") as raised:
        target.identity()
    assert "pip install 'shinrai[huggingface]'" in str(raised.value)

    async def opened() -> None:
        async with target.open():
            pass

    with pytest.raises(ShinraiError, match=f"needs {library}"):
        asyncio.run(opened())
