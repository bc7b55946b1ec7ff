"""Results are derived from evidence; a description that types one is refused.

This is the rule everything else stands on, so it has a message of its own instead of "unknown key".
"""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Final

from shinrai.language import Message, message
from shinrai.systems.quoting import shown

Path = tuple[str | int, ...]

_KEYS: Final = """
    status state result results met not_met partly partly_met compliant compliance conformant conformity conforms
    score scores scoring verdict verdicts outcome outcomes passed failed rating grade judgement judgment
    適合 不適合 適合状況 適合性 状態 状況 結果 評価結果 判定 判定結果 達成 未達成 達成状況 達成度
    準拠 準拠状況 遵守 遵守状況 点数 得点 評点 スコア ステータス 合否 合格 不合格
"""
_VALUES: Final = """
    met not_met partly partly_met not_assessed not_applicable compliant non_compliant not_compliant conformant
    pass passed fail failed inconclusive satisfied not_satisfied
    適合 不適合 一部適合 部分適合 適合している 達成 未達成 一部達成 準拠 非準拠 遵守 合格 不合格 満たす 満たさない
"""
RESULT_KEYS: Final = frozenset(_KEYS.split())
RESULT_VALUES: Final = frozenset(_VALUES.split())


def is_result_value(value: object) -> bool:
    """Whether a value reads as a result of an assessment."""
    return isinstance(value, str) and _plain(value) in RESULT_VALUES


def typed_result_keys(value: object, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every key that types a result, wherever it stands.

    Names of targets and headers are the user's own words, and `score` is the name of a column inside a target.
    """
    if isinstance(value, Mapping):
        for key, inner in value.items():
            here = (*path, key)
            inside = path[2:] if len(path) > 1 and path[0] == "targets" else None
            free = path == ("targets",) or (inside == () and key == "score") or inside == ("headers",)
            if not free and _plain(key) in RESULT_KEYS:
                yield here
            else:
                yield from typed_result_keys(inner, here)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from typed_result_keys(inner, (*path, place))


def typed_result_statements(root: object) -> Iterator[Path]:
    """Yield the path of every attestation whose statement is a bare result instead of a fact."""
    attestations = root.get("attestations") if isinstance(root, Mapping) else None
    for place, attestation in enumerate(attestations if isinstance(attestations, list) else ()):
        statement = attestation.get("statement") if isinstance(attestation, Mapping) else None
        for language, text in statement.items() if isinstance(statement, Mapping) else ():
            if is_result_value(text):
                yield ("attestations", place, "statement", language)


def refusal(word: object) -> tuple[Message, Message]:
    """Return what is wrong with a typed result, and what to do instead."""
    return (
        message("Results are derived from evidence and are never typed; “{word}” types one.", word=shown(word)),
        message(
            "Remove it. To show that a requirement is met, name a target that can be measured or let a named person "
            "attest a fact under “attestations”; what does not apply goes under “scope”, with a reason and an approver."
        ),
    )


def _plain(word: str) -> str:
    """Fold spelling: full-width signs, capitals, hyphens, blanks and full stops at the end."""
    folded = unicodedata.normalize("NFKC", word).casefold().strip().rstrip(".。")
    return folded.replace("-", "_").replace(" ", "_")
