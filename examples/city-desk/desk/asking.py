"""What a question asks for: which aspects of a subject, and which of its words name the subject itself."""

import re
from collections.abc import Mapping
from typing import Final

from desk.documents import Aspect
from desk.text import Language, fold, grams, plain, weighed_grams

# Matched on folded text: katakana has become hiragana.
_JA: Final[Mapping[Aspect, re.Pattern[str]]] = {
    Aspect.FEE: re.compile(r"いくら|お金が(?:かか|い)|料金|手数料|費用|値段|金額|何円|有料|無料|ただです|家賃は|保育料|円かか|自己負担|かかるお金"),
    Aspect.HOURS: re.compile(
        r"何時|なんじ|時間|じかん|開い|開く|閉ま|営業|土曜|日曜|土日|祝日|休日|夜間|平日|年末|年始|休館|休み|曜日|夜に|夜も|24時間"
    ),
    Aspect.PLACE: re.compile(r"どこ|場所|窓口は|何番|何階|行き方|あくせす"),
    Aspect.BRING: re.compile(r"必要な|ひつような|必要です|持ち物|持っ|何が要|何がい[るり]|何をもっ|書類|もちもの|用意"),
    Aspect.DEADLINE: re.compile(r"いつまで|期限|締め?切|〆切|何日以内|いつから|期間|何日前|間に合|いつ|時期|締切"),
    Aspect.TIME: re.compile(r"何日(?!以内|前)|どれくらい|どのくらい|どれぐらい|どのぐらい|日数|かかりますか|何週間|何か月|いつ届|その日に|当日"),
    Aspect.WHO: re.compile(r"誰|だれ|対象|資格|代理|何歳|何才|家族が|本人(?!確認)|代わり|私でも|年齢|もらえ|受けられ|入れますか"),
    Aspect.HOW: re.compile(r"どうや|どうす|どうし|どのように|方法|手続|やり方|申し込|申込|申請|たい(?:です|の|ん|けど|と|。|$)|捨て|出し方|処分|作り方|作る|おんらいん|ねっと|郵送|どうなり|取れ|とれ"),
    Aspect.CONTACT: re.compile(r"電話|問い合わせ|問合せ|連絡先|連絡|担当|どの課|何課|相談先"),
}
_EN: Final[Mapping[Aspect, re.Pattern[str]]] = {
    Aspect.FEE: re.compile(r"how much|cost|fees?\b|price|charge|\bfree\b|\bpay for|expensive|\byen\b"),
    Aspect.HOURS: re.compile(r"what time|hours|\bopen|\bclose|weekend|saturday|sunday|holiday|at night|evening|new year"),
    Aspect.PLACE: re.compile(r"\bwhere\b|address|location|counter|how do i get to|access|which floor"),
    Aspect.BRING: re.compile(r"\bbring\b|\bneed\b|documents?\b|papers?\b|required|\btake with"),
    Aspect.DEADLINE: re.compile(r"deadline|\bby when|until when|how soon|due|within|how many days|\bwhen\b|how late"),
    Aspect.TIME: re.compile(r"how long|how many (?:weeks|months)|take to|same day"),
    Aspect.WHO: re.compile(r"\bwho\b|eligible|can i\b|am i\b|can my|somebody else|husband|wife|how old|foreigners?\b"),
    Aspect.HOW: re.compile(r"\bhow (?:do|can|should|to)\b|apply|online|by post|\bregister\b|sign up|\bbook\b|want to|procedure"),
    Aspect.CONTACT: re.compile(r"phone|contact|call\b|who do i ask|which (?:division|department|office)|e-?mail"),
}
# What a question says about asking, not about its subject. Longer forms first.
_ASKING_JA: Final = re.compile(
    r"教えて(?:ください|下さい|ほしい|もらえますか)?|知りたい(?:です|のですが)?|お願いします|すみません|すいません|こんにちは|"
    r"何を(?:持って|もって)|何が|何を|何時|何日|何歳|何円|どこ(?:で|に|へ)?|どうやって|どう(?:すれば|したら)|どのように|どのくらい|"
    r"何曜日|休みの日|お?休み|ひつような?(?:もの)?|もの|いくら|いつまで(?:に)?|いつから|いつ|誰が|だれが|必要な(?:もの|物|書類)|必要|持ち物|手続き?|方法|やり方|"
    r"(?:でき|出来|もらえ|取れ|とれ|受けられ|使え)(?:ますか|る|ますでしょうか)?|いい(?:ですか|でしょうか)|よい(?:ですか)?|ですか|ますか|でしょうか|ません(?:か)?|"
    r"ください|下さい|ています|ました|ません|です|ます|したい|のですが|んですが|けど|について|場合|とき|ときは|時は|"
    r"しおかぜ市(?:の|で|に|は)?|市役所(?:の|で|に)(?!行)|料金|手数料|費用|かかり"
)
_ASKING_EN: Final = frozenset(
    [stem for word in (
        "a an the is are am was be do does did can could may must should will would i you we it they my your me us our "
        "to of for in on at by with from and or if about as that this there please tell know want need have has get "
        "how what when where which who why much many long city shiokaze hello hi thanks any some not so what's i'm "
        "i'd i've it's where's don't just also into up out your their them he she his her one new next month now today please"
    ).split() for stem in grams(word, Language.EN)]
)
_DATE: Final = re.compile(r"[0-9]{4}年度?(?:の?[0-9]{1,2}月)?(?:[0-9]{1,2}日)?|[0-9]{1,2}月[0-9]{1,2}日")
_DEMONSTRATIVE_JA: Final = re.compile(r"^(?:では|じゃあ?|それ|その|これ|この|あと|ちなみに|また|そちら|同じ|ほかに|他に)")
_DEMONSTRATIVE_EN: Final = re.compile(
    r"^(?:and|then|also|so)\b|\b(?:it|that|this|there|them|they|one|those)\b(?! (?:is|was) (?:raining|cold))"
)


def aspects(question: str, language: Language) -> frozenset[Aspect]:
    """Return what a question asks for; empty where it only names a subject."""
    folded = fold(question)
    return frozenset(
        aspect for aspect, pattern in (_JA if language is Language.JA else _EN).items() if pattern.search(folded)
    )


def subject(question: str, language: Language) -> dict[str, bool]:
    """Return the grams of a question without those that only ask, each with whether it is soft (see `text`)."""
    if language is Language.EN:
        return {gram: soft for gram, soft in weighed_grams(question, language) if gram not in _ASKING_EN}
    bare = _ASKING_JA.sub(" ", _DATE.sub(" ", plain(question)))
    found: dict[str, bool] = {}
    for gram, soft in weighed_grams(bare, language):
        found[gram] = found.get(gram, True) and soft
    # One leftover character between two cuts is a particle, not a subject.
    return {gram: soft for gram, soft in found.items() if len(gram) > 1 or not soft}


def points_back(question: str, language: Language) -> bool:
    """Whether a question speaks of something said before."""
    folded = fold(question).strip()
    return bool((_DEMONSTRATIVE_JA if language is Language.JA else _DEMONSTRATIVE_EN).search(folded))
