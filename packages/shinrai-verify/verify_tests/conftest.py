"""One real assessment for the whole session: a small table of decisions, measured, judged and bundled."""

import csv
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import settings

from shinrai.assess import assess
from shinrai.assess.attesting import sign_attestation, sign_scope
from shinrai.assess.plan import make_plan
from shinrai.evidence import Home, Store, open_home
from shinrai.evidence.trust import utc_now
from shinrai.systems import read_description
from shinrai_verify.trust import Policy

from .archives import unpacked
from .said import every_fault_can_be_said as every_fault_can_be_said

# How long an example takes says how busy the machine is, and nothing of the verifier.
settings.register_profile("no deadline", settings.get_profile(settings.get_current_profile_name()), deadline=None)
settings.load_profile("no deadline")
DESCRIPTION = """\
shinrai: 1
system:
  id: screening
  version: "1"
  name: {{ja: 審査, en: Screening}}
  purpose: {{ja: 申込みを審査する。, en: Screens applications.}}
  roles: [developer, business_user]
  kinds: [predictive]
  affected_people: {{ja: 申込者, en: Applicants}}
  decision_effect: {{level: significant, text: {{ja: 否決されうる。, en: May be refused.}}}}
  autonomy: advises
  data: [personal]
  government_use: false
  public_facing: false
  stage: development
  regions: [JP]
  suppliers: []
  model: {{name: m, version: "1"}}
frameworks:
  - {{id: jp.aigb, version: "1.2"}}
people:
  - id: yamada
    name: {{ja: 山田, en: Yamada}}
    position: {{ja: 責任者, en: Lead}}
targets:
  decisions:
    kind: table
    file: rows.csv
    label: approved
    prediction: predicted
    favourable: 1
    groups: [group]
    share: {share}
attestations:
  - id: human-judgement
    shows: JP-AIGB-3.2.human-judgement
    by: yamada
    statement: {{ja: 人が判断する。, en: A person decides.}}
    document: procedure.md
    expires: 2099-03-31
scope:
  approver: yamada
  not_applicable: []
required:
  - JP-AIGB-3.2
validity_days: 180
"""


@dataclass(frozen=True)
class Real:
    """A bundle as a user gets it, and the data folder with the keys that made it."""

    home: Home
    path: Path
    policy: Policy
    trust: Path

    @property
    def files(self) -> dict[str, bytes]:
        return unpacked(self.path.read_bytes())


def _rows(path: Path) -> None:
    dice = random.Random(20)  # noqa: S311  (rows, not secrets)
    with path.open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["approved", "predicted", "group"])
        for number in range(120):
            label = int(dice.random() < 0.6)
            table.writerow([label, label if dice.random() < 0.8 else 1 - label, "ab"[number % 2]])


def assessed(home: Home, folder: Path, share: str, *, signed: bool = True, as_of: datetime | None = None) -> Real:
    """Assess the small system. signed: whether its people sign; as_of: the day that the results are shown for."""
    folder.mkdir()
    description = folder / "shinrai.yaml"
    description.write_text(DESCRIPTION.format(share=share))
    (folder / "procedure.md").write_text("# 手順\n")
    _rows(folder / "rows.csv")
    store, plan = Store(home), make_plan(read_description(description), folder, utc_now().date())
    try:
        if signed:
            sign_attestation(home, store, plan, plan.description.attestations[0], utc_now())
            sign_scope(home, store, plan, date(2099, 3, 31), utc_now())
    finally:
        store.close()
    done = assess(description, home, folder / "out", as_of=as_of)
    return Real(home, done.bundle, Policy.from_bytes(done.trust.read_bytes()), done.trust)


@pytest.fixture(scope="session")
def home(tmp_path_factory) -> Home:
    return open_home(tmp_path_factory.mktemp("home") / "data")


@pytest.fixture(scope="session")
def real(home, tmp_path_factory) -> Real:
    """The first bundle of a data folder."""
    return assessed(home, tmp_path_factory.mktemp("first") / "system", "rows")


@pytest.fixture(scope="session")
def counts(real, tmp_path_factory) -> Real:
    """A later bundle of the same data folder, which withholds the rows."""
    return assessed(real.home, tmp_path_factory.mktemp("second") / "system", "counts")


@pytest.fixture
def assess_anew(tmp_path) -> Callable[..., Real]:
    """Return a function that assesses the small system in a data folder of its own."""
    return lambda **how: assessed(open_home(tmp_path / "data"), tmp_path / "system", "rows", **how)
