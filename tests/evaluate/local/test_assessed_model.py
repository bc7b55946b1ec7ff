"""A model in a folder as a target of an assessment, asked, judged by the seats, and verified."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shinrai.assess import assess
from shinrai.evidence import Home
from shinrai_verify.trust import Policy
from shinrai_verify.verify import verify

pytest.importorskip("transformers", reason="the extra `huggingface` is not installed")

SUITE = """\
id: own.echo
version: "1"
title: {ja: こだま, en: Echo}
about: {ja: 試験, en: A test}
language: en
licence: Apache-2.0
source: {origin: own, title: {ja: 試験, en: A test}, certainty: C}
harm_class: none
shows: [JP-GL-C3.evaluation-runs]
repeats: 2
scorers:
  - use: regex
    decision: {metric: pass_rate, comparison: at_least, limit: 0.5}
probes:
  - {id: p1, harm_class: none, ask: one, expect: {regex: {pattern: "."}}}
  - {id: p2, harm_class: none, ask: two, expect: {regex: {pattern: "."}}}
  - {id: p3, harm_class: none, ask: three, expect: {regex: {pattern: "."}}}
"""
TARGET = """\
  talker:
    kind: model
    folder: FOLDER
    sampling: {temperature: 0, max_tokens: 8}
    batch: 2
    suites: [{id: own.echo, version: "1", file: echo.yaml}]
    share: samples
"""


def test_a_model_in_a_folder_is_assessed(
    model_folder: Callable[..., Path], home: Home, tmp_path: Path, talker: Callable[[str], str]
) -> None:
    model: Any = model_folder()
    (tmp_path / "echo.yaml").write_text(SUITE)
    (tmp_path / "shinrai.yaml").write_text(talker(TARGET.replace("FOLDER", str(model))))
    done = assess(tmp_path / "shinrai.yaml", home, tmp_path / "out")
    assert verify(done.bundle, Policy.from_bytes(done.trust.read_bytes())).exit_code == 0
    assert [(t.kind, t.file) for t in done.assessment.targets] == [("model", str(model))]
    (rate,) = done.assessment.measurements
    assert (rate.coverage.whole, rate.coverage.part) == (6, 6)
