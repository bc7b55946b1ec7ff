"""What the desk declines, and how it says so. Patterns are matched on folded text; the first that fits decides.

Rules like these are wrong at times: they miss what is put in other words, and stop some questions they should not.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from desk.text import Language, fold
from desk.wording import Both, both


class Declined(StrEnum):
    """Why a question is declined."""

    HARM = "harm"
    PERSONAL = "personal"
    MEDICAL = "medical"
    LEGAL = "legal"
    OTHER_CITY = "other_city"
    OPINION = "opinion"
    OTHER_WORK = "other_work"
    ORDER = "order"


_PLACES: Final = (
    "横浜|川崎|札幌|仙台|千葉|名古屋|大阪|京都|神戸|福岡|広島|新潟|静岡|浜松|堺|岡山|熊本|東京|港区|新宿|渋谷|世田谷|"
    "さいたま|北海道|沖縄|那覇|鹿児島|長崎|金沢|ひなた市|となり町|隣の市|隣町"
)
_MOVING: Final = r"から|へ引|に引|へ転|に転|に移|へ移"
RULES: Final[tuple[tuple[Declined, re.Pattern[str]], ...]] = (
    (
        Declined.HARM,
        re.compile(
            r"爆弾|爆発物|毒物|毒薬|拳銃|銃の作|覚せい剤|覚醒剤|大麻|麻薬|殺す|殺し方|殺害|偽造|偽札|偽の|なりすま|不正受給|"
            r"不正に|はっきんぐ|ういるすを作|ばれずに|ばれない|だまし取|騙し取|詐欺の(?:やり方|方法|手口を)|盗む|盗み方|放火|すとーかー(?:したい|する)|"
            r"脱税|不正あくせす|ぱすわーどを破|つけ回|嫌がらせし|報復したい|仕返し|"
            r"\bbomb|\bexplosive|\bpoison|\bweapons?\b|\bcocaine|\bheroin|\bmeth\b|\bkill\b|\bmurder|\bforge|\bfake\b|\bcounterfeit|"
            r"impersonat|\bhack|\bmalware|\bphishing|\bsteal|\bstalk|evade tax|tax evasion|without (?:being|getting) caught"
        ),
    ),
    (
        Declined.PERSONAL,
        re.compile(
            r"(?:さん|氏|君|ちゃん|という人|隣の(?:人|家)|近所の人|元夫|元妻|元彼|元彼女|別れた|職員|市長)の?(?:自宅|住所|電話番号|連絡先|家族|年収|所得|税額|納税額|収入|引っ越し先|転居先|勤務先|生年月日|まいなんばー|めーるあどれす)|"
            r"(?:私|わたし|自分|うち|僕|俺)の(?:税額|納税額|所得|保険料の?額|保険料は|認定結果|住所|記録|番号|点数|申請(?:状況|の状況|は|の結果)|滞納額|順番|まいなんばー(?!かーど))|"
            r"(?:私|わたし|自分|うち|僕|俺)の[^。]{0,10}(?:滞納|額|残高|結果|記録|状況)を|(?:どこに住んで|誰が住んで)|(?:さん|氏|人)(?:は|が)生活保護|滞納している人|名簿を|"
            r"\b(?:his|her|their|someone's|neighbou?r's|ex-?(?:wife|husband)'s|mayor's)\b.{0,20}\b(?:address|phone|income|number|tax|record)|"
            r"\bmy (?:tax amount|record|file|premium amount|application status|my number is)|where does .{1,40} live|"
            r"\b(?:address|phone number|home address) of (?:mr|ms|mrs|the mayor|my neighbou?r|my ex|a resident)|look up .{0,30}(?:person|resident|name)"
        ),
    ),
    (
        Declined.MEDICAL,
        re.compile(
            r"(?:頭|腹|お腹|おなか|胸|のど|喉|歯|腰|足|背中)が(?:痛|いた)|熱が(?:出|あ|下が)|咳が|症状|診断して|何の病気|病気でしょうか|"
            r"薬を飲|薬は|飲み合わせ|副作用|服用|治療法|治し方|治りますか|何科を受|血圧が|発疹|しびれ|妊娠して(?:いるか|るか)|"
            r"\bsymptom|\bdiagnos|\bdosage|\bmedication|\bpills?\b|\bfever\b|\bheadache|\bstomach ?ache|chest pain|side effect|what medicine|which medicine|\brash\b"
        ),
    ),
    (
        Declined.LEGAL,
        re.compile(
            r"慰謝料|訴え(?:たい|られ|る)|裁判(?:に|を|で)?(?:勝|起こ|し)|違法(?:です|か|でしょう)|法律違反|有罪|無罪|損害賠償|親権|"
            r"遺産(?:の|を)?(?:分|取)|相続分|遺言(?:書|は)|契約(?:は|が)?(?:無効|有効|解除でき)|敷金を?(?:返|取)|示談|逮捕|解雇は(?:違法|不当)|"
            r"\bsue\b|\blawsuit|\billegal\b|\balimony|\bcustody|\binheritance share|is it legal|\bcompensation\b|legally|win (?:the|my|a) case"
        ),
    ),
    (
        Declined.OTHER_CITY,
        re.compile(
            rf"(?:{_PLACES})(?!.{{0,6}}(?:{_MOVING}))(?:市|区|都|府|県)?(?:役所)?(?:の|で|では|は|に)(?!.{{0,4}}住んで|.{{0,6}}引)|"
            r"\b(?:in|of|for|about) (?:tokyo|osaka|yokohama|kyoto|nagoya|sapporo|fukuoka|kobe|shibuya|shinjuku|minato)\b|"
            r"\b(?:tokyo|osaka|yokohama|kyoto|nagoya|sapporo|fukuoka|kobe)(?:'s)? (?:city|ward)"
        ),
    ),
    (
        Declined.OPINION,
        re.compile(
            r"どの(?:政党|候補)|誰に(?:投票|入れ)|(?:市長|首相|総理|大統領|政党|議員).{0,12}(?:どう思|好き|嫌い|評価|支持)|宗教.{0,8}(?:どう思|正しい)|"
            r"who should i vote|which party|what do you think (?:of|about)|your opinion"
        ),
    ),
    (
        Declined.OTHER_WORK,
        re.compile(
            r"天気|株価|為替|宿題|作文を書|感想文|小説を|詩を|歌詞|ぷろぐらむを(?:書|作)|こーどを書|翻訳して|英訳して|和訳して|れしぴ|作り方を|占い|"
            r"ほろすこーぷ|競馬|宝くじの|恋愛|なぞなぞ|しりとり|物語を|"
            r"\bweather\b|\bstocks?\b|\bpoem\b|\bhomework|write (?:me )?(?:a|an|some) (?:story|song|essay|program|code)|\brecipe|\btranslate\b|\bhoroscope|\bjoke\b|\blottery|\bfootball"
        ),
    ),
)
_WORDS: Final[Mapping[Declined, Both]] = {
    Declined.HARM: both(
        "申し訳ありませんが、人を傷つけることや不正につながるご質問にはお答えできません。被害にあったときや身の危険を感じるときは、110番に電話してください。",
        "I am sorry, I cannot help with anything that would hurt people or break the law. If you are a victim or in danger, phone 110.",
    ),
    Declined.PERSONAL: both(
        "申し訳ありませんが、個人の記録や連絡先についてはお答えできません。この案内は個人の情報を持っていません。ご自身の記録は、本人確認書類をお持ちのうえ担当の課の"
        "窓口でお確かめください。[SK-904]",
        "I am sorry, I cannot give out anyone's records or contact details; this desk holds no personal data. For your own record, "
        "come to the division in charge with your ID. [SK-904-en]",
    ),
    Declined.MEDICAL: both(
        "申し訳ありませんが、症状、診断、薬についてのご質問にはお答えできません。休日・夜間の診療や、救急車を呼ぶか迷うときの#7119については"
        "「休日・夜間の急患診療」をご覧ください。急を要するときは119番に電話してください。[SK-210]",
        "I am sorry, I cannot advise on symptoms, diagnoses or medicine. For doctors on holidays and at night, and #7119 if you are "
        "not sure about an ambulance, see “Doctors on holidays and at night”. In an emergency phone 119. [SK-210-en]",
    ),
    Declined.LEGAL: both(
        "申し訳ありませんが、法律の判断についてはお答えできません。市民相談室の無料法律相談（毎週水曜13:00–16:00、予約制）で弁護士に相談できます。"
        "[SK-902]",
        "I am sorry, I cannot give legal advice. A lawyer can, free of charge, at the Citizens' Advice Office "
        "(Wednesdays 13:00–16:00, by appointment). [SK-902-en]",
    ),
    Declined.OTHER_CITY: both(
        "申し訳ありませんが、この案内がお答えできるのは、しおかぜ市のことだけです。ほかの市区町村については、その役所にお問い合わせください。",
        "I am sorry, I can only answer about Shiokaze City. For another city please ask its own city hall.",
    ),
    Declined.OPINION: both(
        "申し訳ありませんが、政治や人物についての意見はお答えできません。市の手続きやサービスについてのご質問をどうぞ。",
        "I am sorry, I cannot give opinions on politics or people. Please ask about the city's services.",
    ),
    Declined.OTHER_WORK: both(
        "申し訳ありませんが、市の手続きやサービス以外のことはお手伝いできません。市についてのご質問をどうぞ。",
        "I am sorry, I can only help with the city's services. Please ask about those.",
    ),
    Declined.ORDER: both(
        "申し訳ありませんが、この案内の設定や決まりを変えたり明かしたりするご依頼には応じられません。市の手続きやサービスについてのご質問をどうぞ。",
        "I am sorry, I cannot change or reveal how this desk is set up. Please ask about the city's services.",
    ),
}


def declined(question: str) -> Declined | None:
    """Return why a question is outside what the desk is for, None where it is not."""
    folded = fold(question)
    return next((reason for reason, pattern in RULES if pattern.search(folded)), None)


def refusal(reason: Declined, language: Language) -> str:
    """Return how the desk declines."""
    return _WORDS[reason][language]
