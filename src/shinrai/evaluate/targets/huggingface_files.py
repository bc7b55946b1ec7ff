"""The folder of a local model: what is read from it, what is refused, and the digests that name it.

Only what safetensors, JSON and text files hold is ever read. A folder whose weights are pickles, or lie elsewhere, is
refused before any library sees it: a pickle runs code when it is loaded, and weights from elsewhere would not be those
that the digests name.
"""

import hashlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from shinrai.evaluate.targets.values import shown
from shinrai.language import Message, Place, ShinraiError, message

_READ = frozenset({".json", ".safetensors", ".jinja", ".txt", ".model", ".tiktoken"})
_PICKLES = frozenset({".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"})
_WEIGHTS = "model.safetensors"
_INDEX = ".safetensors.index.json"
_TEMPLATES = "additional_chat_templates"
_LARGEST_JSON = 67_108_864


def model_digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 (lowercase hex) of every file that the loading libraries may read, by its name in the folder.

    ShinraiError with the place: the folder is not one that is loaded, see `check_folder`.
    """
    check_folder(folder)
    try:
        return {
            file.relative_to(folder).as_posix(): _digest(file, file.stat().st_size, file.stat().st_mtime_ns)
            for file in sorted(_files(folder))
        }
    except OSError as error:
        raise _refused(
            folder,
            message("The model's files cannot be read: {reason}.", reason=error.strerror or "I/O error"),
            message("Check who may read them."),
        ) from None


def check_folder(folder: Path) -> None:
    """Refuse a folder that holds no whole model in safetensors; ShinraiError says which file is the reason."""
    if not folder.is_dir():
        raise _refused(folder, message("There is no such folder."), message("Name the folder of a model."))
    config = _json(folder, "config.json")
    if (folder / "adapter_config.json").exists():
        raise _refused(
            folder / "adapter_config.json",
            message("The folder holds an adapter, whose base model lies elsewhere."),
            message("Merge the adapter into its base model and save both as one."),
        )
    names = {file.name for file in folder.iterdir()}
    given = config.get("transformers_weights")
    indexes = {name for name in names if name.endswith(_INDEX)}
    if given is None and _WEIGHTS not in names and _WEIGHTS.replace(".safetensors", _INDEX) not in names:
        raise _without_weights(folder, names)
    named = {name: _named_weights(folder, name) for name in sorted(indexes)}
    if given is not None:
        named["config.json"] = frozenset({given}) if isinstance(given, str) else frozenset({"?"})
    for source, weights in named.items():
        for weight in sorted(weights):
            if weight not in names or not (weight.endswith((".safetensors", _INDEX))):
                raise _refused(
                    folder / source,
                    message("It names weights that are no safetensors in this folder: {name}.", name=shown(weight)),
                    message("Save the model again, whole, as safetensors."),
                )


def _files(folder: Path) -> Iterator[Path]:
    for place in (folder, folder / _TEMPLATES):
        if place.is_dir():
            yield from (file for file in place.iterdir() if file.suffix in _READ and file.is_file())


@lru_cache(maxsize=4096)
def _digest(file: Path, size: int, changed: int) -> str:  # noqa: ARG001  (both only tell versions of a file apart)
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _json(folder: Path, name: str) -> Mapping[str, Any]:
    file = folder / name
    try:
        if file.stat().st_size > _LARGEST_JSON:
            raise ValueError
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except FileNotFoundError:
        raise _refused(
            folder,
            message("The folder has no {name}.", name=name),
            message("Name the folder of a model as transformers saves it."),
        ) from None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        raise _refused(
            file, message("The file is no JSON object that can be read."), message("Take the model's own file.")
        ) from None


def _named_weights(folder: Path, index: str) -> frozenset[str]:
    weights = _json(folder, index).get("weight_map")
    if not isinstance(weights, dict):
        return frozenset({"?"})
    return frozenset(name if isinstance(name, str) else "?" for name in weights.values())


def _without_weights(folder: Path, names: set[str]) -> ShinraiError:
    pickles = sorted(name for name in names if Path(name).suffix in _PICKLES)
    if pickles:
        return _refused(
            folder / pickles[0],
            message("The weights are pickled, and loading a pickle runs whatever code is in it."),
            message("Get the model as safetensors, or have somebody who trusts the file convert it."),
        )
    return _refused(
        folder,
        message("The folder has no weights: neither {name} nor an index of several.", name=_WEIGHTS),
        message("Name the folder of a model as transformers saves it."),
    )


def _refused(place: Path, what: Message, fix: Message) -> ShinraiError:
    return ShinraiError(what, fix=fix, place=Place(str(place)))
