"""Say in both languages what is wrong with a file: the faults of the verifier's formats, and those of the log's own."""

from collections.abc import Mapping

from shinrai.language import Bilingual, Language, Message, message
from shinrai_verify.encoding import Fault, Named
from shinrai_verify.messages import say

_OWN = {
    said.template
    for said in (
        message("{what} is not a tlog-proof file", what="{what}"),
        message("{what} does not show that the entry is in the log", what="{what}"),
        message("{what} is not of the form that a witness takes", what="{what}"),
        message("the witness key {key} is not a C2SP verifier key for cosignatures", key="{key}"),
        message("{what} is over something else", what="{what}"),
        message("{what} is not one of an authority that you trust", what="{what}"),
        message("{what} is of another kind", what="{what}"),
        message("the proof"),
        message("the checkpoint"),
        message("the timestamp"),
        message("the witness key"),
        message("the declaration"),
        message("the request"),
        message("the answer"),
    )
}


def in_words(fault: Fault) -> Bilingual:
    """Return what a fault says."""
    ja, en = (_said(fault.text, fault.fields, language) for language in (Language.JA, Language.EN))
    return Bilingual(ja=ja, en=en)


def _said(text: str, fields: Mapping[str, object], language: Language) -> str:
    shown = {
        name: _said(value.text, value.fields, language) if isinstance(value, Named) else value
        for name, value in fields.items()
    }
    return Message(text, shown).text(language) if text in _OWN else say(language.value, text, shown)
