"""Small real systems to assess, and data folders outside the repository."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from shinrai.evidence import Home, Store, open_home

# How fast an example runs says something about the machine, not about the code.
settings.register_profile("no deadline", settings.get_profile(settings.get_current_profile_name()), deadline=None)
settings.load_profile("no deadline")

DESCRIPTION = """\
shinrai: 1
system:
  id: desk
  version: "1"
  name: {{ja: 窓口, en: Desk}}
  purpose: {{ja: 試験, en: A test}}
  roles: [{roles}]
  kinds: [predictive]
  affected_people: {{ja: 申込者, en: Applicants}}
  decision_effect: {{level: significant, text: {{ja: 可否, en: Yes or no}}}}
  autonomy: {autonomy}
  data: [none]
  government_use: false
  public_facing: false
  stage: pilot
  regions: [JP]
  risk: {{likelihood: possible, reason: {{ja: 試行のため, en: A trial}}, audience: team}}
  model: {{name: rule, version: "{model}"}}
frameworks:
  - {{id: jp.guideline13, version: "2025-12-19"}}
people:
  - {{id: yamada, name: {{ja: 山田 花子, en: Hanako Yamada}}, position: {{ja: 部長, en: Head}}}}
targets:
  decisions:
    kind: table
    file: {file}
    label: label
    prediction: decision
    favourable: {favourable}
    groups: [{groups}]
    share: {share}
attestations:
  - id: override
    shows: JP-GL-C1.override-design
    by: yamada
    statement: {{ja: 担当者が決める。, en: The officer decides.}}
    document: override.md
    expires: {expires}
scope: {{approver: yamada}}
required: [{required}]
{more}"""

TALKER = """\
shinrai: 1
system:
  id: talker
  version: "1"
  name: {ja: 話し手, en: Talker}
  purpose: {ja: 試験, en: A test}
  roles: [provider]
  kinds: [generative]
  affected_people: {ja: 利用者, en: Users}
  decision_effect: {level: limited, text: {ja: なし, en: None}}
  autonomy: advises
  data: [none]
  government_use: false
  public_facing: false
  stage: pilot
  regions: [JP]
  risk: {likelihood: rare, reason: {ja: 試験, en: A test}, audience: team}
  model: {name: echo, version: "1"}
frameworks:
  - {id: jp.guideline13, version: "2025-12-19"}
people:
  - id: yamada
    name: {ja: 山田, en: Yamada}
    position: {ja: 部長, en: Head}
targets:
TARGETS
scope: {approver: yamada}
required: [JP-GL-C3]
"""


@pytest.fixture(scope="session")
def talker() -> Callable[[str], str]:
    """Describe a system that talks. Takes the block under `targets:`, indented by two; returns the description."""
    return lambda targets: TALKER.replace("TARGETS", targets.rstrip("\n"))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A fresh data folder."""
    return open_home(tmp_path / "home")


@pytest.fixture
def store(home: Home) -> Store:
    """The log of the fresh data folder."""
    return Store(home)


@pytest.fixture
def describe(tmp_path: Path) -> Callable[..., Path]:
    """Write a description and a table of decisions; returns the path of the description.

    rows: the text of the table, or `fair N` or `biased N` for a made one of ten or twelve times N rows.
    """

    def write(rows: str = "fair 100", **changes: str) -> Path:
        folder = tmp_path / "system"
        folder.mkdir(exist_ok=True)
        (folder / "override.md").write_text("The officer's screen has a switch.\n", encoding="utf-8")
        given = {
            "roles": "provider",
            "autonomy": "advises",
            "model": "1",
            "file": "decisions.csv",
            "favourable": "1",
            "groups": "sex",
            "share": "rows",
            "expires": "2099-03-31",
            "required": "JP-GL-C1, JP-GL-C2",
            "more": "",
        } | changes
        (folder / given["file"]).write_text(table(rows), encoding="utf-8")
        path = folder / "shinrai.yaml"
        path.write_text(DESCRIPTION.format(**given), encoding="utf-8")
        return path

    return write


def table(rows: str) -> str:
    """Return the text of a table, made where it is asked for by name."""
    kind, _, scale = rows.partition(" ")
    makers = {"fair": fair_rows, "biased": biased_rows}
    return makers[kind](int(scale)) if kind in makers else rows


def fair_rows(scale: int) -> str:
    """A perfect decision maker on two groups of 3·scale and 7·scale rows: every rate is equal by construction."""
    lines = ["label,decision,sex"]
    for sex, share in (("f", 3), ("m", 7)):
        lines += [f"1,1,{sex}"] * (share * scale // 2) + [f"0,0,{sex}"] * (share * scale // 2)
    return "\n".join(lines) + "\n"


def biased_rows(scale: int) -> str:
    """Women are selected half as often as men, whatever the label says."""
    lines = ["label,decision,sex"]
    for label in (0, 1):
        lines += [f"{label},1,f"] * (2 * scale) + [f"{label},0,f"] * (4 * scale)
        lines += [f"{label},1,m"] * (4 * scale) + [f"{label},0,m"] * (2 * scale)
    return "\n".join(lines) + "\n"


SEATS_ELSEWHERE = """\
council: 1
seats:
  - {id: recompute, kind: tool, operator: a, domain: a}
  - {id: provenance, kind: tool, operator: b, domain: b}
  - {id: statistics, kind: tool, operator: c, domain: c}
  - {id: policy, kind: tool, operator: d, domain: d}
  - {id: completeness, kind: tool, operator: e, domain: e}
"""


@pytest.fixture
def seats_agree_elsewhere(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[Any], None]:
    """Hold that each tool seat that has nothing but the case of a bundle says what the embedded one has said."""
    from shinrai.assess.bundle_case import case_of
    from shinrai.cli import main
    from shinrai.council.case_file import read_case
    from shinrai.council.tool_seat import INSTRUMENTS, tool_opinions
    from shinrai_verify.trust import Policy

    def compared(done: Any) -> None:
        monkeypatch.setenv("SHINRAI_HOME", str(home.path))
        (tmp_path / "seats.yaml").write_text(SEATS_ELSEWHERE)
        capsys.readouterr()
        assert main(["council", "roster", "--file", str(tmp_path / "seats.yaml"), "--lang", "en"]) == 0
        roster = capsys.readouterr().out.split("Roster: ")[1].split()[0]
        file = str(tmp_path / "case.zip")
        assert main(["council", "open", str(done.bundle), "--roster", roster, "--case", file]) == 0
        policy = Policy.from_bytes(done.trust.read_bytes())
        council = read_case(Path(file), policy)
        keys = policy.outside.in_turn(council.log.trust[-1].turns).logs
        (key,) = [key for key in keys if key.name == council.opened.origin and key.covers(council.log.head.size)]
        leaves = [leaf for result in done.assessment.results for leaf in result.leaves if leaf.verdict]
        embedded = {(vote.seat, leaf.id): vote.value for leaf in leaves for vote in leaf.verdict.votes}
        found = {}
        for instrument in INSTRUMENTS:
            folder = tmp_path / f"case of {instrument}"
            folder.mkdir()
            opinions = tool_opinions(instrument, council, case_of(council, key, folder))
            found |= {(instrument, control): opinion.value for control, opinion in opinions.items()}
        assert embedded
        assert found == embedded

    return compared
