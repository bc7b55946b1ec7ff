"""What was erased stays away: later bundles name it with its entry, and nothing is measured from it again."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shinrai.assess import Assessed, assess, make_plan, sign_attestation
from shinrai.evidence import Home, Store
from shinrai.evidence.erasure import erase, look_up
from shinrai.evidence.fsck import fsck
from shinrai.evidence.trust import utc_now
from shinrai.language import ShinraiError
from shinrai.systems import read_description
from shinrai_verify.trust import Policy
from shinrai_verify.verify import Verification, verify

Describe = Callable[..., Path]


def run(path: Path, home: Home) -> Assessed:
    return assess(path, home, path.parent.parent / "out")


def check(done: Assessed) -> Verification:
    return verify(done.bundle, Policy.from_bytes(done.trust.read_bytes()))


def listed(done: Assessed) -> dict[str, Any]:
    with zipfile.ZipFile(done.bundle) as bundle:
        return {entry["name"]: entry for entry in json.loads(bundle.read("manifest.json"))["entries"]}


def erased(home: Home, digest: str) -> int:
    store = Store(home)
    try:
        return erase(store, look_up(store, [digest]), "erasure was asked for", utc_now())[digest]
    finally:
        store.close()


def test_a_later_bundle_names_what_was_erased_and_the_entry(describe: Describe, home: Home) -> None:
    path = describe("fair 100")
    plan = make_plan(read_description(path), path.parent, utc_now().date())
    store = Store(home)
    sign_attestation(home, store, plan, plan.description.attestations[0], utc_now())
    store.close()
    document = hashlib.sha256((path.parent / "override.md").read_bytes()).hexdigest()
    index = erased(home, document)
    done = run(path, home)
    assert (
        listed(done)["override.md"]["annotations"]["withheldReason"] == f"erased, as entry {index} of the log declares"
    )
    assert b"has a switch" not in done.bundle.read_bytes()
    outcome = check(done)
    assert (outcome.exit_code, outcome.withheld, outcome.erased) == (2, ["override.md"], {document: index})
    store = Store(home)
    report = fsck(store)
    store.close()
    assert (report.findings, report.withheld) == ((), {document: index})


def test_rows_that_were_erased_are_not_assessed_again(describe: Describe, home: Home) -> None:
    path = describe("fair 100")
    before = run(path, home)
    rows = listed(before)["rows of decisions"]["digest"]["sha256"]
    index = erased(home, rows)
    with pytest.raises(ShinraiError, match=f"was erased, as entry {index}"):
        run(path, home)
    # The bundle that was handed out before holds them still, and still verifies.
    assert check(before).exit_code == 0


def test_rows_that_look_personal_are_salted_though_nobody_said_so(describe: Describe, home: Home) -> None:
    rows = "label,decision,sex,mail\n" + "".join(
        f"{n % 2},{n % 2},{'fm'[n // 2 % 2]},person{n}@mail.example\n" for n in range(200)
    )
    done = run(describe(rows), home)
    entry = listed(done)["rows of decisions"]
    assert entry["annotations"]["salted"] is True
    plain = hashlib.sha256(rows.encode()).hexdigest()
    assert entry["digest"]["sha256"] != plain
    store = Store(home)
    (content,) = look_up(store, [entry["digest"]["sha256"]])
    store.close()
    assert (content.salt, content.name) == (plain, "rows of decisions")
    kinds = {reference.kind for reference in content.rests}
    assert kinds == {"plan/v1", "evidence/v1", "council-rationale/v1", "assessment/v1"}
    erased(home, entry["digest"]["sha256"])
    # With another salt the same file has another digest, which nothing connects with the one before.
    again = listed(run(path_of(done), home))["rows of decisions"]
    assert again["digest"]["sha256"] not in (plain, entry["digest"]["sha256"])


def path_of(done: Assessed) -> Path:
    return done.bundle.parent.parent / "system" / "shinrai.yaml"
