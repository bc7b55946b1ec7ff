import pytest

from shinrai.evaluate.statistics.undefined import Undefined
from shinrai.language import Language


@pytest.mark.parametrize("why", list(Undefined))
def test_what_is_undefined_says_why(why: Undefined) -> None:
    text = why.reason().text(Language.EN)
    assert text.endswith(".")
    assert len(text) > 20
    assert sum(other.reason().text(Language.EN) == text for other in Undefined) == 1
