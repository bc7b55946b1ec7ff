"""Texts from outside that formats trip over: in JUnit, SARIF and in-toto as in OSCAL."""

import json
import re

import pytest
from defusedxml import ElementTree

from shinrai.language import Language
from shinrai.report import to_junit, to_sarif
from shinrai.report.intoto import to_test_result, to_verification_result
from shinrai_verify.dsse import Statement
from shinrai_verify.encoding import strict_json

from .test_oscal import TRAPS, with_text
from .test_sarif import errors

_OBEYED = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\ud800-\udfff]")


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("language", Language)
def test_junit_is_well_formed_and_counts_the_case(trap: str, language: Language) -> None:
    xml = to_junit(with_text(TRAPS[trap]), language)
    assert not _OBEYED.search(xml)
    root = ElementTree.fromstring(xml.encode("utf-8"))
    (case,) = root.iter("testcase")
    assert [child.tag for child in case] == ["system-out"]
    assert root.get("tests") == "1"
    # One line each, as the file has them: no value breaks out of its attribute.
    assert len(xml.splitlines()) == 9


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("alerts_only", [False, True])
def test_sarif_is_valid(trap: str, alerts_only: bool) -> None:
    sample = with_text(TRAPS[trap])
    assert errors(sample, alerts_only=alerts_only) == []
    data = json.dumps(to_sarif(sample, alerts_only=alerts_only), ensure_ascii=False)
    assert not _OBEYED.search(data.replace("\\n", ""))


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("make", [to_test_result, to_verification_result])
def test_intoto_is_read_by_the_outsiders_strict_parser(trap: str, make) -> None:
    payload = make(with_text(TRAPS[trap])).to_bytes()
    assert not _OBEYED.search(payload.decode("utf-8"))
    assert strict_json(payload, "it")
    assert Statement.from_bytes(payload, "it").predicate_type.startswith("https://in-toto.io/")


def test_markup_from_outside_is_text_in_xml() -> None:
    xml = to_junit(with_text(TRAPS["bidi and controls"]))
    assert "<script>" not in xml
    (case,) = ElementTree.fromstring(xml).iter("testcase")
    assert '<script>alert("x")</script>' in (case.get("name") or "")
