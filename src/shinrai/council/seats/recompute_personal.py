"""Whether a column looks like personal data: by its name, or by what its values look like.

Written from the definitions' page alone. Values are walked through instead of matched by long patterns.
"""

import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence

_ONE_IN, _FEWEST = 5, 3
_CHANCE, _BY_LUCK = 1e-6, 0.1

_WHOLE = frozenset({"name", "dob", "zip", "fax", "ssn"})
_ENDINGS = frozenset(
    (
        *("full name", "first name", "last name", "middle name", "family name", "given name", "maiden name", "surname"),
        *("customer name", "client name", "applicant name", "borrower name", "employee name", "candidate name"),
        *("patient name", "student name", "person name", "contact name", "mail", "email", "e mail", "mail address"),
        *("email address", "phone", "telephone", "tel", "mobile", "phone number", "phone no", "tel no"),
        *("telephone number", "mobile number", "address line", "home address", "street address", "postal address"),
        *("postal code", "post code", "postcode", "zip code", "zipcode", "birthday", "birth date", "birthdate"),
        *("date of birth", "my number", "mynumber", "individual number", "passport number", "passport no"),
        *("driver license number", "drivers license number", "residence card number", "credit card number"),
        *("card number", "bank account number", "account number", "social security number", "pension number"),
    )
)
_JAPANESE_ENDINGS = (
    *("氏名", "姓名", "お名前", "名前", "氏名カナ", "氏名かな", "フリガナ", "ふりがな", "メール", "メールアドレス"),
    *("電話", "電話番号", "携帯番号", "ファックス番号", "FAX番号", "住所", "郵便番号", "生年月日", "誕生日"),
    *("マイナンバー", "個人番号", "旅券番号", "パスポート番号", "免許証番号", "在留カード番号", "基礎年金番号"),
    *("被保険者番号", "保険証番号", "口座番号", "クレジットカード番号", "カード番号"),
)

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−ー", "-"))
_DIGITS = frozenset("0123456789")
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_WORD = _DIGITS | _LETTERS
_LOCAL = _WORD | frozenset("._%+-")
_BETWEEN = frozenset("-() ")


def looks_personal(name: str, values: Sequence[str]) -> bool:
    """Decide for one column. values: the canonical values to be looked at, at most 1,000."""
    return name_says_so(name) or values_say_so(values)


def name_says_so(name: str) -> bool:
    """Whether a column's name is in the lists of either language."""
    text = unicodedata.normalize("NFKC", name)
    words = list(_words(text))
    endings = {" ".join(words[start:]) for start in range(len(words))}
    signs_off = "".join(char for char in text if unicodedata.category(char)[0] in "LN").rstrip("0123456789")
    return " ".join(words) in _WHOLE or bool(endings & _ENDINGS) or signs_off.endswith(_JAPANESE_ENDINGS)


def _words(text: str) -> Iterator[str]:
    word = ""
    for before, char in zip(" " + text, text + " ", strict=True):
        if word and (char not in _LETTERS or (before.islower() and char.isupper())):
            yield word.lower()
            word = ""
        word += char if char in _LETTERS else ""


def values_say_so(values: Sequence[str]) -> bool:
    """Whether enough of the values match a pattern, for My Number also more than luck explains."""
    texts = [value.translate(_DASHES) for value in values]
    tests: tuple[Callable[[str], bool], ...] = (has_email, has_phone, has_postal_code, is_card_number, is_my_number)
    for matches in tests:
        count = sum(map(matches, texts))
        if count < _FEWEST or count * _ONE_IN < len(texts):
            continue
        candidates = sum(len(_grouped_digits(text)) == 12 for text in texts)
        if matches is is_my_number and binomial_tail(count, candidates, _BY_LUCK) >= _CHANCE:
            continue
        return True
    return False


def has_email(value: str) -> bool:
    """Whether an e-mail address stands anywhere in a text."""
    return any(_is_local_part(value, at) and _is_domain(value, at + 1) for at in _places(value, "@"))


def has_phone(value: str) -> bool:
    """Whether a Japanese phone number stands anywhere in a text."""
    for start in _places(value, "+81"):
        for end in _after_country_code(value, start + 3):
            if _is_number_behind(value, start, end):
                return True
    return any(_is_number_behind(value, start, start + 1) for start in _places(value, "0"))


def has_postal_code(value: str) -> bool:
    """Whether a postal code with its mark or its hyphen stands anywhere in a text."""
    for mark in _places(value, "〒"):
        first = mark + 1 + (value[mark + 1 : mark + 2] == " ")
        second = first + 3 + (value[first + 3 : first + 4] == "-")
        if _is_postal_code(value, mark, first, second):
            return True
    return any(_is_postal_code(value, at - 3, at - 3, at + 1) for at in _places(value, "-") if at >= 3)


def _is_postal_code(value: str, start: int, first: int, second: int) -> bool:
    """Whether 3 digits at `first` and 4 at `second` are one, with nothing that goes on before `start` or behind."""
    digits = value[first : first + 3] + value[second : second + 4]
    return (
        len(digits) == 7
        and _DIGITS.issuperset(digits)
        and _before(value, start) not in _WORD
        and _before(value, start) != "-"
        and _ends(value, second + 4, "-")
    )


def is_card_number(value: str) -> bool:
    """Whether a text is a payment card number: an issuer's prefix, its length, and Luhn's check digit."""
    digits = _grouped_digits(value)
    if not 13 <= len(digits) <= 19 or not _issued(digits):
        return False
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(part // 10 + part % 10 for part in doubled) % 10 == 0


def is_my_number(value: str) -> bool:
    """Whether a text is 12 digits of which the last checks the others (ministerial ordinance, article 5)."""
    digits = _grouped_digits(value)
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


def _places(value: str, sign: str) -> Iterator[int]:
    at = value.find(sign)
    while at >= 0:
        yield at
        at = value.find(sign, at + 1)


def _before(value: str, at: int) -> str:
    return value[at - 1] if at else ""


def _ends(value: str, at: int, *others: str) -> bool:
    """Whether what begins at a place is no letter, digit or other sign that would go on."""
    following = value[at : at + 1]
    return following not in _WORD and following not in others


def _is_local_part(value: str, at: int) -> bool:
    start = at
    while start and value[start - 1] in _LOCAL:
        start -= 1
    return 1 <= at - start <= 64


def _is_domain(value: str, at: int) -> bool:
    """Whether labels that each end in a dot, and then a word of letters, begin at a place."""
    for _ in range(8):
        end = at
        while value[end : end + 1] in _WORD or value[end : end + 1] == "-":
            end += 1
        if not 1 <= end - at <= 63 or value[end : end + 1] != ".":
            return False
        at = end + 1
        end = at
        while value[end : end + 1] in _LETTERS:
            end += 1
        if 2 <= end - at <= 24 and _ends(value, end):
            return True
    return False


def _after_country_code(value: str, at: int) -> Iterator[int]:
    """Yield where the number can begin behind +81: a space or hyphen, and a trunk 0 in brackets, may stand between."""
    for begin in (at, at + 1) if value[at : at + 1] in {" ", "-"} else (at,):
        yield begin
        if value.startswith("(0)", begin):
            yield begin + 3


def _is_number_behind(value: str, start: int, at: int) -> bool:
    """Whether the digits that begin at `at` make a phone number whose 0 or +81 stands at `start`."""
    if _before(value, start) in _WORD or _before(value, start) in {"+", "-"} or value[at : at + 1] not in _DIGITS:
        return False
    digits, end = value[at], at + 1
    wanted = 9
    while len(digits) < wanted:
        gap = 0
        while gap < 2 and value[end + gap : end + gap + 1] in _BETWEEN:
            gap += 1
        following = value[end + gap : end + gap + 1]
        if following not in _DIGITS:
            return False
        digits, end = digits + following, end + gap + 1
        if len(digits) == 2 and digits in {"20", "50", "60", "70", "80", "90"}:
            wanted = 10
    return digits[0] != "0" and not (wanted == 10 and digits[2] == "0") and _ends(value, end, "-")


def _grouped_digits(value: str) -> str:
    """Return the digits of a text that is nothing else, single spaces and hyphens between them aside; or no text."""
    return re.sub("[- ]", "", value) if re.fullmatch(r"[0-9]+([- ][0-9]+)*", value) else ""


def _issued(digits: str) -> bool:
    """Visa, Mastercard, American Express, JCB, Diners Club, Discover, UnionPay."""
    four, size = int(digits[:4]), len(digits)
    return (
        (digits[0] == "4" and size in {13, 16, 19})
        or (size == 16 and (5100 <= four <= 5599 or 2221 <= four <= 2720))
        or (size >= 16 and 3528 <= four <= 3589)
        or (size == 15 and digits[:2] in {"34", "37"})
        or (size == 14 and (3000 <= four <= 3059 or digits[:2] in {"36", "38", "39"}))
        or (size == 16 and (four == 6011 or digits[:2] == "65" or 6440 <= four <= 6499))
        or (size >= 16 and digits[:2] == "62")
    )
