import random
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from shinrai.evaluate.checks import CheckSettings
from shinrai.evaluate.checks.personal_patterns import (
    PersonalKind,
    flags_of,
    is_card_number,
    is_email,
    is_my_number,
    is_phone,
    is_postal_code,
    names_personal_data,
)
from shinrai.evaluate.measurement import Comparison, Measurement, Outcome, Rule
from shinrai.evaluate.targets.table import TableTarget

MakeTarget = Callable[..., TableTarget]
Measure = Callable[..., dict[str, Measurement]]


def my_number(eleven: str) -> str:
    """The number whose check digit is right, found by trying all ten."""
    return next(eleven + digit for digit in "0123456789" if is_my_number(eleven + digit))


def test_my_number_check_digits(cases: dict[str, Any]) -> None:
    assert all(map(is_my_number, cases["my_number"]["valid"]))
    assert not any(map(is_my_number, cases["my_number"]["invalid"]))
    assert is_my_number("1234-5678-9018")
    assert is_my_number("1234 5678 9018")
    assert not is_my_number("12345678901")
    assert not is_my_number("1234567890188")
    assert not is_my_number("no 123456789018")
    # One right digit for each beginning, so that a tenth of random numbers passes.
    generator = random.Random(4)  # noqa: S311
    for _ in range(200):
        eleven = "".join(generator.choices("0123456789", k=11))
        assert sum(is_my_number(eleven + digit) for digit in "0123456789") == 1


def test_card_numbers(cases: dict[str, Any]) -> None:
    assert all(map(is_card_number, cases["luhn"]["valid"]))
    assert not any(map(is_card_number, cases["luhn"]["invalid"]))
    assert is_card_number("4242 4242 4242 4242")
    assert not is_card_number("0000000000000000")
    assert not is_card_number("card 4242424242424242")
    assert not is_card_number("79927398713")


@pytest.mark.parametrize(
    "text", ["a.b+c@example.co.jp", "メールはx@y.jpまで", "<x_y@sub.example.com>", "連絡先:taro@example.jp。"]
)
def test_email(text: str) -> None:
    assert is_email(text)


@pytest.mark.parametrize("text", ["", "a@b", "@example.com", "a@.com", "a at example.com"])
def test_no_email(text: str) -> None:
    assert not is_email(text)


@pytest.mark.parametrize(
    "text",
    [
        "090-1234-5678",
        "09012345678",
        "03-1234-5678",
        "0312345678",
        "(03)1234-5678",
        "03(1234)5678",
        "電話は045-123-4567です",
        "+81 90-1234-5678",
        "+81-3-1234-5678",
        "+81 (0)3-1234-5678",
        "0120-123-456",
        "050-1234-5678",
    ],
)
def test_phone(text: str) -> None:
    assert is_phone(text)


@pytest.mark.parametrize(
    "text", ["0000012345", "2024-01-15", "1234567890", "09012345", "090123456789", "03-1234-56789", "A0312345678", ""]
)
def test_no_phone(text: str) -> None:
    assert not is_phone(text)


def test_postal_codes() -> None:
    assert all(map(is_postal_code, ["〒100-0001", "〒1000001", "100-0001", "東京都〒100-0001千代田区"]))
    assert not any(map(is_postal_code, ["1000001", "03-100-0001", "100-00011", "AB100-0001", ""]))


@pytest.mark.parametrize(
    "name",
    [
        "name",
        "Name",
        "customer_name",
        "CustomerName",
        "E-mail",
        "email",
        "applicant.email.address",
        "homePhoneNumber",
        "tel",
        "date_of_birth",
        "DOB",
        "zip",
        "氏名",
        "顧客氏名",
        "氏名（カナ）",
        "メールアドレス",
        "電話番号1",
        "現住所",
        "生年月日",
        "マイナンバー",
        "ﾏｲﾅﾝﾊﾞｰ",
    ],
)
def test_names_that_say_personal_data(name: str) -> None:
    assert names_personal_data(name)


@pytest.mark.parametrize(
    "name",
    [
        "sex",
        "性別",
        "product_name",
        "file_name",
        "ip_address",
        "address_changes",
        "メール配信同意",
        "住所変更回数",
        "headphone",
        "region",
        "年代",
        "",
        "42",
    ],
)
def test_names_that_do_not(name: str) -> None:
    assert not names_personal_data(name)


def test_a_pattern_needs_a_fifth_of_the_values_and_three_of_them() -> None:
    mail = [f"user{i}@example.jp" for i in range(20)]
    other = [f"word{i}" for i in range(80)]
    assert [(flag.kind, flag.matches, flag.looked_at) for flag in flags_of("x", mail + other)] == [
        (PersonalKind.EMAIL, 20, 100)
    ]
    assert flags_of("x", mail[:19] + other) == ()
    assert flags_of("x", mail[:2]) == ()
    assert len(flags_of("x", mail[:3])) == 1
    assert flags_of("x", []) == ()


def test_full_width_and_other_hyphens_are_read() -> None:
    assert (
        flags_of("x", ["０９０−１２３４−５６７８", "０３ー１２３４ー５６７８", "045‐123‐4567"])[0].kind
        is PersonalKind.PHONE
    )


def test_my_number_takes_more_than_chance() -> None:
    generator = random.Random(8)  # noqa: S311
    numbers = ["".join(generator.choices("0123456789", k=12)) for _ in range(1_000)]
    assert all(flag.kind is not PersonalKind.MY_NUMBER for flag in flags_of("x", numbers))
    right = [my_number("".join(generator.choices("0123456789", k=11))) for _ in range(11)]
    wrong = right[0][:-1] + str((int(right[0][-1]) + 1) % 10)
    assert [flag.kind for flag in flags_of("x", [*right, wrong])] == [PersonalKind.MY_NUMBER]
    assert flags_of("x", right[:5]) == ()
    assert [flag.kind for flag in flags_of("x", right[:7])] == [PersonalKind.MY_NUMBER]


def test_columns_are_flagged_and_values_never_echoed(target_of: MakeTarget, measure: Measure) -> None:
    columns = {
        "label": [1, 0] * 20,
        "prediction": [1, 0] * 20,
        "contact": [f"taro{i}@example.jp" for i in range(40)],
        "氏名": [f"山田{i}" for i in range(40)],
        "amount": [float(i) for i in range(40)],
        "number": [int(my_number(f"{i + 10}234567890"[:11])) for i in range(40)],
        "note": [["taro@example.jp"]] * 40,
    }
    m = measure(target_of(columns), "personal_data")["all.columns"]
    assert (m.value, m.low, m.high) == (3 / 7, 3 / 7, 3 / 7)
    assert m.rule == Rule(Comparison.AT_MOST, 0.0)
    assert (m.outcome, m.decisive, m.counts) == (Outcome.FAIL, True, {"found": 3, "columns": 7})
    assert [finding.en for finding in m.findings] == [
        "Column “contact”: 40 of 40 values looked at are like e-mail addresses.",
        "Column “氏名”: its name says personal data.",
        "Column “number”: 40 of 40 values looked at are like My Numbers (individual numbers).",
    ]
    assert m.findings[2].ja == "列「number」：調べた40個の値のうち40個がマイナンバー（個人番号）の形をしています。"
    for finding in m.findings:
        for text in (finding.ja, finding.en):
            assert "taro" not in text
            assert "山田" not in text


def test_the_first_thousand_values_in_order_are_looked_at(target_of: MakeTarget, measure: Measure) -> None:
    values = [f"a{i:05d}" for i in range(1_000)] + [f"b{i}@example.jp" for i in range(1_000)]
    columns = {"label": [1, 0] * 1_000, "x": values}
    assert measure(target_of(columns), "personal_data")["all.columns"].value == 0.0
    columns["x"] = values[::-1]
    assert measure(target_of(columns), "personal_data")["all.columns"].value == 0.0


def test_long_values_are_cut_and_a_limit_can_be_set(target_of: MakeTarget, measure: Measure) -> None:
    columns = {"label": [1, 0] * 20, "x": ["a" * 2_000 + f" {i}@example.jp" for i in range(40)]}
    assert measure(target_of(columns), "personal_data")["all.columns"].outcome is Outcome.PASS
    columns["x"] = [f"{i}@example.jp" for i in range(40)]
    allowed = measure(target_of(columns), "personal_data", CheckSettings({"columns": 0.5}))["all.columns"]
    assert allowed.outcome is Outcome.PASS


def test_values_within_nested_ones_are_looked_at(target_of: MakeTarget, measure: Measure) -> None:
    columns = {
        "label": [0, 1] * 20,
        "lists": [[f"u{i}@example.jp", None, ""] for i in range(40)],
        "records": [{"at": 1.5, "new": True, "to": {"tel": f"090-1234-{i + 1000}"}} for i in range(40)],
        "keys": pa.array([[(f"u{i}@example.jp", 1)] for i in range(40)], pa.map_(pa.string(), pa.int64())),
        "bytes": [f"u{i}@example.jp".encode() for i in range(40)],
        "late": [[f"x{i}.{j}" if i < 30 else f"u{i}.{j}@example.jp" for j in range(40)] for i in range(40)],
    }
    m = measure(target_of(columns), "personal_data")["all.columns"]
    assert m.counts["found"] == 3
    assert [f.en.split("”")[0] for f in m.findings] == ["Column “lists", "Column “records", "Column “bytes"]
