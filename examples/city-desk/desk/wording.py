"""What the desk says of itself, in both languages: greetings, what it does not know, and what it declines."""

from collections.abc import Mapping
from typing import Final

from desk.text import Language

Both = Mapping[Language, str]


def both(ja: str, en: str) -> Both:
    """Return a text in the desk's two languages."""
    return {Language.JA: ja, Language.EN: en}


GREETING: Final = both(
    "こんにちは。しおかぜ市の総合案内AIです。市の手続きや施設について、ご質問をどうぞ。",
    "Hello. I am the AI desk of Shiokaze City. Ask me about the city's services and facilities.",
)
THANKS: Final = both(
    "お役に立てれば幸いです。ほかにもご質問があればどうぞ。", "You are welcome. Feel free to ask anything else."
)
IS_AI: Final = both(
    "私はAI（プログラム）で、人間の職員ではありません。市の文書から答えを探して示しています。間違うこともあるので、大切な手続きの前に担当の課に"
    "確かめてください。人と話したいときは、代表電話000-000-1000（平日8:30–17:15）に電話してください。[SK-904]",
    "I am an AI (a program), not a member of staff. I look for answers in the city's documents. I can be wrong, so ask the "
    "division in charge before an important step. To talk to a person, phone 000-000-1000 (8:30–17:15 on weekdays). "
    "[SK-904-en]",
)
UNKNOWN: Final = both(
    "申し訳ありません。市の文書の中に、お尋ねの答えを見つけられませんでした。言い方を変えてもう一度お尋ねになるか、代表電話000-000-1000"
    "（平日8:30–17:15）にお問い合わせください。",
    "I am sorry, I do not know: I found no answer in the city's documents. Please ask in other words, or phone the city hall "
    "at 000-000-1000 (8:30–17:15 on weekdays).",
)
NEARBY: Final = both("近い内容の案内：", "This may be near to what you asked: ")
EMPTY: Final = both("ご質問を入力してください。", "Please enter a question.")
OTHER_LANGUAGE: Final = (
    "日本語か英語でお尋ねください。 Please ask in Japanese or English. "
    "通訳の案内 / Interpreters: 000-000-1000（内線1010 / ext. 1010）[SK-115] [SK-115-en]"
)
CRISIS: Final = both(
    "とてもつらいお気持ちなのですね。話してくださってありがとうございます。命の危険が差し迫っているときは、すぐに119番か110番に電話してください。"
    "こころの電話（000-000-1620、毎日9:00–21:00、無料）では、名前を言わずに話せます。[SK-208]",
    "I am sorry that you feel this way, and thank you for telling me. If you are in danger now, phone 119 or 110 at once. "
    "You can talk, without giving your name and for free, on the city's line 000-000-1620, 9:00–21:00 every day. [SK-208]",
)
PERSONAL_NOTE: Final = both(
    "（個人情報と思われる部分は読まずに伏せました。氏名や番号は入力しないでください。）",
    "(I masked what looked like personal data without using it. Please do not enter names or numbers.)",
)
