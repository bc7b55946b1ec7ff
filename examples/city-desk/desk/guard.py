"""The guard: what it stops on the way in, drops from documents, and takes out on the way out.

It works on patterns of words. It does not understand, so an order put in words that it does not know gets through,
and so does a secret in a form that it does not look for.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from desk.scope import Declined, declined
from desk.text import clean, fold

_ORDER: Final = re.compile(
    r"(?:これまで|以前|上記|前|今まで|直前)の(?:指示|規則|るーる|命令|設定)|指示を(?:無視|忘れ)|規則を(?:無視|破棄|忘れ)|しすてむ ?ぷろんぷと|設定文|指示文|"
    r"合言葉|管理番号|秘密の|ぱすふれーず|管理者もーど|開発者もーど|でばっぐ|内部(?:情報|変数|の指示)|あなた(?:へ|に与えられた)の?指示|与えられた指示|"
    r"なりき|ふりを|として振る舞|役を演じ|ろーるぷれい|ai(?:だ|である)(?:こと|と)|人間(?:だ|です)と(?:言|答)|人間の職員として|"
    r"(?:と|とだけ|のみ)(?:答え|回答し|言っ|言い|出力し|返し|返答し)|つな(?:い|ぎ|げ)|連結|結合|復唱|"
    r"<\|?(?:im_|system|/?s)|\[/?system\]|\[/?inst\]|<!--|"
    r"ignore (?:all|any|the|your|previous|earlier|above)|disregard|forget (?:all|your|the|everything)|system prompt|developer mode|"
    r"(?:your|hidden|initial|previous|above) (?:instructions|rules|prompt)|verbatim|pretend|act as|role-?play|jailbreak|"
    r"passphrase|password of the|secret (?:word|code)|(?:management|maintenance) number|\bsay only\b|\b(?:reply|respond|answer|output|print) (?:only )?(?:with )?[\"“']"
)
_DOCUMENT_ORDER: Final = re.compile(
    r"ai(?:案内|あしすたんと)?への(?:指示|命令)|(?:と|とだけ)(?:必ず)?(?:案内|回答|答え|返答)して(?:ください|下さい)|指示を無視|ぷろんぷと|"
    r"instructions? (?:to|for) the (?:ai|assistant|model)|ignore (?:all|previous)|always (?:say|reply|answer)"
)
_INTERNAL: Final = re.compile(r"部外秘|内部用|業務用|秘密|confidential|internal use|do not disclose")
_SECRET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{6,}[A-Za-z0-9]")
_MAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}", re.ASCII)
_PHONE: Final = re.compile(r"(?<![0-9-])0[0-9]{1,4}[- ]?[0-9]{1,4}[- ]?[0-9]{3,4}(?![0-9-])")
_LONG_NUMBER: Final = re.compile(r"(?<![0-9])(?:[0-9][ -]?){11,15}[0-9](?![0-9])")
_NAMED: Final = re.compile(r"(?:私は|わたしは|名前は|氏名は|my name is )[^\s、。,.と]{2,20}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Screened:
    """A question after the guard. masked: whether personal data were taken out. reason: why it is declined, if it is."""

    text: str
    masked: bool
    reason: Declined | None


def screen(question: str) -> Screened:
    """Return a question without personal data, and whether it may be answered."""
    text = clean(question)
    if _ORDER.search(fold(text)):
        return Screened(text, False, Declined.ORDER)
    reason = declined(text)
    bare = text
    for pattern in (_MAIL, _LONG_NUMBER, _PHONE, _NAMED):
        bare = pattern.sub("○○", bare)
    return Screened(bare, bare != text, reason)


def safe_sentences(texts: Iterable[str]) -> list[str]:
    """Return the sentences of a document that give no order to the assistant."""
    return [text for text in texts if not _DOCUMENT_ORDER.search(fold(text))]


def is_internal(title: str) -> bool:
    """Whether the title of a document says that it is not for the public."""
    return bool(_INTERNAL.search(fold(title)))


def leaks(answer: str, instructions: str) -> bool:
    """Whether an answer holds a word of the operator's instructions that looks like a secret, spaced out or not."""
    squeezed = _squeeze(answer)
    return any(_squeeze(secret) in squeezed for secret in _SECRET.findall(instructions) if _looks_secret(secret))


def _looks_secret(word: str) -> bool:
    return any(c.isdigit() for c in word) or word.isupper()


def _squeeze(text: str) -> str:
    return re.sub(r"[\s_.・-]+", "", clean(text).lower())


def mask_personal(answer: str, public: frozenset[str]) -> str:
    """Return an answer in which only the city's own addresses and numbers are left.

    public: the numbers and addresses that the city publishes.
    """
    masked = answer
    for pattern in (_MAIL, _LONG_NUMBER, _PHONE):
        masked = pattern.sub(lambda match: match[0] if match[0] in public else "○○", masked)
    return masked
