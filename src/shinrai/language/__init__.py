"""What people read: messages in Japanese and English, and errors that carry them.

The lowest room: every other room may import it, it imports none. English text is written in the code as the
message id; Japanese stands in the gettext catalogue of the room that owns the message
(`src/shinrai/<room>/locales/ja/LC_MESSAGES/messages.po`). A message is rendered only where it is shown, so that
one run can answer in both languages.
"""

from shinrai.language.errors import Place, ShinraiError, suggest
from shinrai.language.messages import Bilingual, Language, Message, message, preferred_language

__all__ = [
    "Bilingual",
    "Language",
    "Message",
    "Place",
    "ShinraiError",
    "message",
    "preferred_language",
    "suggest",
]
