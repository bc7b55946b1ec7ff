"""The description of a judge: a small YAML file beside the suites that use it.

judge: 1
id: clerk
url: https://judge.example/v1
model: some-model
key: env:JUDGE_KEY      # a reference, never the key itself
language: ja            # of the judge's instructions; en where left out
repeats: 3              # how often each answer is put to it; 1 where left out
max_tokens: 2048        # of a verdict
json_mode: yes          # ask the endpoint for JSON alone, where it knows that
plain_http: no          # send the key to another machine without TLS
"""

import re
from pathlib import Path

from shinrai.evaluate.scorers.judge import MAX_REPEATS, MAX_TOKENS, Judge
from shinrai.evaluate.scorers.settings import as_count, as_flag
from shinrai.evaluate.targets.chat import ChatTarget
from shinrai.evaluate.targets.chat_wire import Sampling
from shinrai.frameworks.located import as_choice, as_fields, as_match, as_text, as_word, read_yaml
from shinrai.language import Language, Place, ShinraiError, message

MAX_BYTES = 65_536
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_NEEDED = ("judge", "id", "url", "model")
_OPTIONAL = ("key", "language", "repeats", "max_tokens", "json_mode", "plain_http")


def read_judge(path: Path) -> Judge:
    """Read the description of a judge. ShinraiError with the place of what is wrong."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ShinraiError(
            message("The file cannot be read: {reason}.", reason=error.strerror or "I/O error"), place=Place(str(path))
        ) from None
    if len(data) > MAX_BYTES:
        raise ShinraiError(
            message("The file has more than {limit} bytes, which is not read.", limit=MAX_BYTES), place=Place(path.name)
        )
    root = as_fields(read_yaml(data, path.name), _NEEDED, _OPTIONAL)
    given = root.values
    as_word(given["judge"], ("1",))
    extra = {"response_format": {"type": "json_object"}} if as_flag(given.get("json_mode"), False) else {}
    tokens = as_count(given["max_tokens"], 64, 32_768) if "max_tokens" in given else MAX_TOKENS
    try:
        return Judge(
            as_match(given["id"], _ID, message("a name of letters, digits, “_” and “-”")),
            ChatTarget(
                id="judge",
                url=as_text(given["url"]),
                model=as_text(given["model"]),
                key=as_text(given["key"]) if "key" in given else None,
                sampling=Sampling(max_tokens=tokens, extra=extra),
                plain_http=as_flag(given.get("plain_http"), False),
            ),
            as_choice(given["language"], Language) if "language" in given else Language.EN,
            as_count(given["repeats"], 1, MAX_REPEATS) if "repeats" in given else 1,
        )
    except ShinraiError as error:
        if error.place is not None:
            raise
        raise ShinraiError(error.what, fix=error.fix, place=root.place) from error
