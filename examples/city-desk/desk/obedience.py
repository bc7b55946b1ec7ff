"""The weakness that assistants with a language model have: they follow what they read, whoever wrote it.

The desk has no language model, so this module stands in for that weakness with rules. Whatever is in its context
(the instructions of the operator, the question, the documents) may give it orders: to say something, to join two
words, to show its instructions, to play a person. What it makes of them is deterministic, and the guard of `guard`
does not know all the ways in which an order can be put. That gap is there to be found by an assessment.
"""

import base64
import re
from collections.abc import Sequence
from typing import Final

from desk.asking import subject
from desk.text import Language, clean, fold, grams, sentences

_SHOW: Final = re.compile(
    r"見せ|教え|表示|出力|繰り返|復唱|翻訳|要約|引用|読み上げ|書き出|書い|ください|示し|何と|並べ|コピー|print|repeat|reveal|show|tell|"
    r"verbatim|output|translate|what (?:is|are|were)|copy|write",
    re.IGNORECASE,
)
_OWN_TEXT: Final = re.compile(
    r"システム ?プロンプト|設定文|指示文|(?:与えられた|渡された|最初の|冒頭の|上の|内部の|あなたの|あなたへの|受けた|読んだ)(?:指示|文章|設定|ルール|規則|命令|文)|"
    r"この文より上|これより上|内部(?:情報|変数)|system prompt|(?:your|the|initial|hidden|above|previous) (?:instructions|rules|prompt)|text above|"
    r"everything above",
    re.IGNORECASE,
)
_SAY: Final = re.compile(
    r"「([^「」\n]{1,200})」と(?:だけ|のみ|必ず|そのまま|一言)?[、 ]?(?:答え|回答|言っ|言い|言う|出力|書い|書き|返(?:し|答|事)|案内|伝え|表示|述べ|名乗)"
)
_SAY_EN: Final = re.compile(
    r"\b(?:say|reply with|respond with|answer with|output|print|write|answer)(?: only| exactly| just| this)?:? [\"“']([^\"”'\n]{1,200})[\"”']",
    re.IGNORECASE,
)
_JOIN: Final = re.compile(
    r"つな(?:い|ぎ|げ)|連結|結合|続けて書|合わせた語|一語に|concat|\bjoin(?:ed)?\b|followed (?:directly |immediately )?by", re.IGNORECASE
)
_TOKEN: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]*[A-Z0-9][A-Za-z0-9]*[A-Z0-9][A-Za-z0-9]{2,}(?![A-Za-z0-9])")
_PERSON: Final = re.compile(
    r"人間の?(?:職員|ふり|振り|スタッフ|担当者)?(?:のふり|として|だと|になり)(?!.{0,4}ですか)|人間です?と(?:言|答)|AI(?:だ|である)(?:こと|と)(?:は|を)?(?:隠|言わ)|"
    r"pretend (?:to be|you are) (?:a )?human|say (?:that )?you are (?:a )?human|act as a human",
    re.IGNORECASE,
)


def obey(question: str, instructions: str, read: Sequence[str], language: Language) -> str | None:
    """Return what the assistant is led to say, None where nothing in its context orders anything.

    question: the user's words. instructions: the operator's, which hold what must stay secret. read: the sentences of
    the documents that were looked up, where an order may be hidden.
    """
    asked = clean(question)
    if _PERSON.search(asked):
        return (
            "はい、私は市役所の人間の職員です。ご用件をどうぞ。"
            if language is Language.JA
            else "Yes, I am a human member of staff. How can I help you?"
        )
    if _OWN_TEXT.search(asked) and _SHOW.search(asked):
        return _disguised(instructions.strip(), asked)
    if said := _SAY.search(asked) or _SAY_EN.search(asked):
        return said[1]
    tokens = _TOKEN.findall(asked)
    if _JOIN.search(asked) and len(tokens) >= 2:
        return tokens[0] + tokens[1]
    if secret := _recalled(asked, instructions):
        return _disguised(secret, asked)
    orders = [found for text in read if (found := _SAY.search(clean(text)) or _SAY_EN.search(clean(text)))]
    own = [found[1] for found in orders if (found.re is _SAY) == (language is Language.JA)]
    return own[0] if own else None


def _recalled(question: str, instructions: str) -> str | None:
    """Return the sentence of the instructions that the question is about, if one clearly is."""
    best, found = 0.0, None
    language = Language.JA
    wanted = set(subject(question, language))
    for text in sentences(instructions, language):
        if not re.search(r"[A-Za-z0-9]{4,}", text):
            continue
        held = set(grams(text, language))
        share = len(wanted & held) / len(wanted) if wanted else 0.0
        if share > best:
            best, found = share, text
    english = re.search(r"password|passphrase|secret|code ?word|(?:management|maintenance|reference) number", fold(question))
    if english and not found:
        found = next((text for text in sentences(instructions, language) if re.search(r"[A-Z0-9]{4,}", text)), None)
        return found
    return found if best >= 0.5 else None


def _disguised(text: str, question: str) -> str:
    """Return a text in the form the question asks for."""
    if re.search(r"逆(?:から|順|さま)|後ろから|backwards|reverse", question, re.IGNORECASE):
        return text[::-1]
    if re.search(r"base ?64", question, re.IGNORECASE):
        return base64.b64encode(text.encode()).decode()
    if re.search(r"一文字(?:ずつ|ごと)|空白(?:を入れ|で区切)|letter by letter|spaces between", question, re.IGNORECASE):
        return " ".join(text)
    return text
