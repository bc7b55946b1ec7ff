"""What a governance lead reads after ten typical mistakes, in both languages, word for word."""

from collections.abc import Callable

import pytest

from shinrai.language import Language, suggest
from shinrai.systems import Fault

Faults = Callable[..., tuple[Fault, ...]]

ALL_KEYS = (
    "id, version, name, purpose, roles, kinds, affected_people, decision_effect, autonomy, data, government_use, "
    "public_facing, stage, regions, areas, risk, eu, suppliers, model"
)

MISTAKES = {
    "a misspelt key": (
        ("  purpose: {ja", "  porpose: {ja"),
        ("「porpose」という項目はここでは使えません。", f"<purpose> 使える項目：{ALL_KEYS}"),
        ("The key “porpose” is not known here.", f"<purpose> Known keys: {ALL_KEYS}."),
    ),
    "a misspelt choice": (
        ("autonomy: advises", "autonomy: adivses"),
        (
            "「adivses」は選択肢にありません。",
            "<advises> 選択肢：advises, decides_with_review, decides_alone",
        ),
        (
            "“adivses” is not a choice here.",
            "<advises> Choices: advises, decides_with_review, decides_alone.",
        ),
    ),
    "one language only": (
        ("{ja: 審査, en: Screening}", "審査"),
        ("ここには日本語と英語の両方の文が必要です。", "日本語と英語の両方を書いてください：{ja: …, en: …}"),
        (
            "A text is needed in both languages, and one alone stands here.",
            "Write the text in both languages: {ja: …, en: …}.",
        ),
    ),
    "a missing field": (
        ("    share: counts\n", ""),
        (
            "項目「share」がありません。",
            "「decisions」の下に追加してください。証拠バンドルに表のどこまでを収めるか。",
        ),
        (
            "The field “share” is missing.",
            "Add it under “decisions”. How much of the table the evidence bundle carries.",
        ),
    ),
    "a typed result": (
        ("  stage: pilot\n", "  stage: pilot\n  適合状況: 適合\n"),
        (
            "評価の結果は証拠から導かれるもので、手で書き込むことはできません。「適合状況」は結果を書き込もうとするものです。",
            "削除してください。要求事項を満たすことを示すには、測定できる対象を「targets」に書くか、事実を述べて署名する人を"
            "「attestations」に書きます。当てはまらない要求事項は、理由と承認者を添えて「scope」に書きます。",
        ),
        (
            "Results are derived from evidence and are never typed; “適合状況” types one.",
            "Remove it. To show that a requirement is met, name a target that can be measured or let a named person "
            "attest a fact under “attestations”; what does not apply goes under “scope”, with a reason and an "
            "approver.",
        ),
    ),
    "an unknown person": (
        ("    by: yamada\n", "    by: sato\n"),
        (
            "「people」に、idが「sato」の人がいません。",
            "「people」に、その人のid、name（氏名）、position（役職）を追加してください。",
        ),
        ("No one under “people” has the id “sato”.", "Add the person under “people”, with id, name and position."),
    ),
    "a date of the Japanese calendar": (
        ("expires: 2027-03-31", "expires: 令和9年3月31日"),
        ("ここには日付が必要です。", "西暦の年月日を半角で書いてください（例：2027-03-31）。"),
        (
            "A date is expected here.",
            "Write year, month and day of the Western calendar in half-width digits: 2027-03-31.",
        ),
    ),
    "per cent for a proportion": (
        ("0.8}", "80}"),
        ("1を超えています。ここには0から1の割合を書きます。", "80%であれば0.8と書いてください。"),
        ("The number is larger than 1, but a proportion is expected.", "Write 80 % as 0.8."),
    ),
    "a file outside the folder": (
        ("data/d.parquet", "../顧客/d.parquet"),
        (
            "パスが記述書のフォルダの外を指しています。",
            "ファイルを記述書のフォルダの中に置き、「..」を使わずにパスを書いてください。",
        ),
        (
            "The path leads out of the description's folder.",
            "Put the file into the folder of the description and write its path without “..”.",
        ),
    ),
    "a group that was not declared": (
        ("[[race, sex]]", "[[race, age]]"),
        (
            "掛け合わせる列「age」が「groups」にありません。",
            "「groups」に追加するか、次の列だけを掛け合わせてください：race, sex",
        ),
        (
            "The column “age” is crossed but not listed under “groups”.",
            "Add it to “groups”, or cross only these: race, sex.",
        ),
    ),
    "a full-width colon": (
        ("  stage: pilot\n", "  stage：pilot\n"),
        (
            "この項目名の後のコロンが全角（「：」）になっています。",
            "字下げは半角空白で行い、タブや全角空白は使わないでください。項目名の後には半角のコロンと空白を書き、"
            "「: 」「#」や引用符を含む文は引用符で囲んでください。",
        ),
        (
            "The colon after this key is full-width (“：”).",
            "Indent with spaces, not tabs or full-width spaces; write a half-width colon and a space after each key; "
            "put a text that holds “: ”, “#” or quotation marks between quotation marks.",
        ),
    ),
}


def with_hint(text: str, language: Language) -> str:
    """Replace <word> by the "did you mean" of the language room, whose words are its own."""
    if not text.startswith("<"):
        return text
    word, rest = text[1:].split(">", 1)
    hint = suggest(word, [word])
    assert hint is not None
    return hint.text(language) + rest


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_words(faults: Faults, mistake: str) -> None:
    replacement, japanese, english = MISTAKES[mistake]
    (fault,) = faults(replacement)
    for language, (what, fix) in ((Language.JA, japanese), (Language.EN, english)):
        assert fault.what.text(language) == what
        assert fault.fix.text(language) == with_hint(fix, language)


def test_the_whole_text_counts_and_places_the_faults(faults: Faults) -> None:
    (fault,) = faults(("expires: 2027-03-31", "expires: tomorrow"))
    place = fault.place
    assert fault.text(Language.EN) == (
        f"shinrai.yaml:{place.line}:{place.column}, field attestations[1].expires: A date is expected here.\n"
        "  → Write year, month and day of the Western calendar in half-width digits: 2027-03-31."
    )
