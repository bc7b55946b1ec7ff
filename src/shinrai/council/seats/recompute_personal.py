"""Whether a column looks like personal data: by its name, or by what its values look like.

Written from the definitions' page alone, with its own patterns and check digits.
"""

import math
import re
from collections.abc import Sequence

from shinrai.council.seats.recompute_values import canonical_text

_SHARE, _FEWEST, _CHANCE, _BY_LUCK = 0.2, 3, 1e-6, 0.1

_ENGLISH = frozenset(
    (
        *("address", "birthdate", "birthday", "cardnumber", "cellphone", "creditcard", "dateofbirth", "dob", "email"),
        *("emailaddress", "familyname", "fax", "firstname", "fullname", "givenname", "individualnumber", "lastname"),
        *("mail", "mailaddress", "maidenname", "middlename", "mobile", "mynumber", "passport", "phone", "phonenumber"),
        *("postalcode", "postcode", "ssn", "surname", "tel", "telephone", "zipcode", "applicantname", "customername"),
        *("employeename", "patientname"),
    )
)
_JAPANESE = (
    *("氏名", "姓名", "名前", "フリガナ", "ふりがな", "メール", "電話", "携帯番号", "住所", "郵便番号", "生年月日"),
    *("誕生日", "マイナンバー", "個人番号", "旅券番号", "パスポート", "免許証番号", "カード番号", "口座番号"),
)
_WORD = re.compile(r"[A-Z]*[^\W\dA-Z_]+|[A-Z]+")
_LONGEST_RUN = 4

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−⁃﹣ー", "-"))
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@([A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}")
_PHONE = re.compile(
    r"(\+81[- ]?|0)\d{1,4}([- ]\d{1,4}[- ]|\(\d{1,4}\)[- ]?|\d{0,4})\d{3,4}|\(0\d{1,4}\)[- ]?\d{1,4}[- ]?\d{3,4}",
    re.ASCII,
)
_POSTAL = re.compile(r"〒 ?\d{3}-?\d{4}|\d{3}-\d{4}", re.ASCII)
_GROUPED = re.compile(r"\d+([- ]\d+)*", re.ASCII)
_LONGEST = 200


def looks_personal(name: str, values: Sequence[str]) -> bool:
    """Decide for one column. values: its first distinct canonical values, at most 1,000."""
    return name_says_so(name) or values_say_so(values)


def name_says_so(name: str) -> bool:
    """Whether a column's name is in the list of either language."""
    text = canonical_text(name) or ""
    words = [word.casefold() for word in _WORD.findall(text)]
    runs = {
        "".join(words[start:end])
        for start in range(len(words))
        for end in range(start + 1, min(start + _LONGEST_RUN, len(words)) + 1)
    }
    return text.casefold() == "name" or bool(runs & _ENGLISH) or any(term in text for term in _JAPANESE)


def values_say_so(values: Sequence[str]) -> bool:
    """Whether enough of the values match a pattern, for My Number also more than luck explains."""
    for matches in (_is_email, _is_phone, _is_postal_code, is_card_number, is_my_number):
        count = sum(matches(value.translate(_DASHES)) for value in values if len(value) <= _LONGEST)
        if count < _FEWEST or count < _SHARE * len(values):
            continue
        if matches is is_my_number and binomial_tail(count, len(values), _BY_LUCK) >= _CHANCE:
            continue
        return True
    return False


def is_card_number(value: str) -> bool:
    """Whether a text is a payment card number: an issuer's prefix, its length, and Luhn's check digit."""
    digits = _digits(value)
    if not 14 <= len(digits) <= 19 or not _issued(digits):
        return False
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(part // 10 + part % 10 for part in doubled) % 10 == 0


def is_my_number(value: str) -> bool:
    """Whether a text is 12 digits of which the last checks the others (ministerial ordinance, article 5)."""
    digits = _digits(value)
    if len(digits) != 12:
        return False
    # Weights from the right of the first eleven: 2 to 7, then 2 to 6.
    weighted = sum(int(digit) * (place % 6 + 2) for place, digit in enumerate(reversed(digits[:11])))
    remainder = weighted % 11
    return int(digits[11]) == (0 if remainder <= 1 else 11 - remainder)


def binomial_tail(successes: int, trials: int, chance: float) -> float:
    """P(X >= successes) of a binomial X, summed term by term."""
    return math.fsum(
        math.comb(trials, k) * chance**k * (1 - chance) ** (trials - k) for k in range(successes, trials + 1)
    )


def _digits(value: str) -> str:
    return re.sub("[- ]", "", value) if _GROUPED.fullmatch(value) else ""


def _issued(digits: str) -> bool:
    """Visa, Mastercard, American Express, JCB, Diners Club, Discover, UnionPay."""
    four, size = int(digits[:4]), len(digits)
    return (
        (digits[0] == "4" and size in {16, 19})
        or (size == 16 and (5100 <= four <= 5599 or 2221 <= four <= 2720 or 3528 <= four <= 3589))
        or (size == 15 and digits[:2] in {"34", "37"})
        or (size == 14 and (3000 <= four <= 3059 or digits[:2] in {"36", "38", "39"}))
        or (size == 16 and (four == 6011 or digits[:2] == "65" or 6440 <= four <= 6499))
        or (16 <= size <= 19 and digits[:2] == "62")
    )


def _is_email(value: str) -> bool:
    return _EMAIL.fullmatch(value) is not None


def _is_phone(value: str) -> bool:
    if _PHONE.fullmatch(value) is None:
        return False
    digits = re.sub(r"\D", "", value)
    if value.startswith("+81"):
        # Abroad the trunk 0 is dropped, though many write it all the same.
        digits = "0" + digits.removeprefix("81").removeprefix("0")
    return len(digits) in {10, 11} and digits[1] != "0"


def _is_postal_code(value: str) -> bool:
    return _POSTAL.fullmatch(value) is not None
