"""The key of a sample: a digest of everything that can change the answer.

The digest is SHA-256 over JSON with sorted names, no white space and shortest numbers. Two samples share a key only if
the same target would be asked the same thing under the same settings for the same repeat.
"""

import hashlib
from collections.abc import Callable, Mapping

import msgspec

from shinrai.evaluate.sample import Prompt, Turn

FORMAT = 1
"""Goes up when what is sent for the same prompt changes; every earlier key then means another sample."""

_encode = msgspec.json.Encoder(order="sorted").encode


def sample_key(identity: Mapping[str, object], prompt: Prompt, repeat: int) -> str:
    """Return the key of one sample; identity: of the target (`Target.identity`)."""
    return keys_for(identity)(prompt, repeat)


def keys_for(identity: Mapping[str, object]) -> Callable[[Prompt, int], str]:
    """Return the function that makes the keys of one target; its identity is encoded once."""
    target = msgspec.Raw(_encode(identity))

    def key(prompt: Prompt, repeat: int) -> str:
        parts = {"format": FORMAT, "prompt": prompt_parts(prompt), "repeat": repeat, "target": target}
        return hashlib.sha256(_encode(parts)).hexdigest()

    return key


def prompt_parts(prompt: Prompt) -> dict[str, object]:
    """Return the prompt as JSON values, each image as the digest of its data; empty parts are left out."""
    parts: dict[str, object] = {"turns": [_turn(turn) for turn in prompt.turns]}
    if prompt.follow_ups:
        parts["follow_ups"] = prompt.follow_ups
    if prompt.documents:
        parts["documents"] = [[document.id, document.title, document.text] for document in prompt.documents]
    if prompt.tools:
        parts["tools"] = [[tool.name, tool.description, tool.parameters] for tool in prompt.tools]
    return parts


def _turn(turn: Turn) -> list[object]:
    said: list[object] = [turn.speaker.value, turn.text]
    if turn.images:
        # The digest is taken of the data itself: the one that comes with an image may have been typed.
        said.append([[image.media_type, hashlib.sha256(image.data).hexdigest()] for image in turn.images])
    return said
