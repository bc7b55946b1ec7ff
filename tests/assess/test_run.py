"""An assessment from description to bundle, on small real tables."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from shinrai.assess import Assessed, Result, assess, at, make_plan, sign_attestation, sign_scope
from shinrai.assess.attesting import signed_attestations
from shinrai.evidence import Home, Store, open_home
from shinrai.evidence.trust import utc_now
from shinrai.language import Language, ShinraiError
from shinrai.systems import read_description
from shinrai_verify.trust import Policy
from shinrai_verify.verify import Verification, verify

TODAY = date(2026, 11, 20)

Describe = Callable[..., Path]
FAIRNESS = "JP-GL-C2"


def run(path: Path, home: Home, **given: object) -> Assessed:
    return assess(path, home, path.parent.parent / "out", **given)  # type: ignore[arg-type]


def check(done: Assessed, **given: object) -> Verification:
    return verify(done.bundle, Policy.from_bytes(done.trust.read_bytes()), **given)  # type: ignore[arg-type]


def result(done: Assessed, requirement: str) -> Result:
    return next(r.result for r in done.assessment.results if r.id == requirement)


def sign_all(path: Path, home: Home) -> None:
    plan = make_plan(read_description(path), path.parent, TODAY)
    store = Store(home)
    for request in plan.description.attestations:
        sign_attestation(home, store, plan, request, utc_now())
    store.close()


def test_a_fair_system_meets_fairness_and_a_biased_one_does_not(describe: Describe, home: Home) -> None:
    fair = run(describe("fair 500"), home)
    assert result(fair, FAIRNESS) is Result.MET
    assert check(fair).exit_code == 0
    biased = run(describe("biased 200"), home)
    assert result(biased, FAIRNESS) is Result.NOT_MET
    assert biased.assessment.summary.exit_code == 1
    assert check(biased).exit_code == 0
    verdicts = {
        leaf.verdict.outcome
        for r in biased.assessment.results
        for leaf in r.leaves
        if r.id == FAIRNESS and leaf.verdict
    }
    assert verdicts == {"fail"}


def test_few_rows_are_inconclusive_and_name_the_n(describe: Describe, home: Home) -> None:
    done = run(describe("fair 12"), home)
    assert result(done, FAIRNESS) is Result.NOT_ASSESSED
    open_ones = [m for m in done.assessment.measurements if m.decisive and m.outcome == "inconclusive" and m.needed_n]
    assert open_ones
    assert all(m.needed_n > m.n for m in open_ones)
    assert done.assessment.summary.exit_code == 2


def test_every_number_has_n_interval_and_coverage(describe: Describe, home: Home) -> None:
    for m in run(describe("fair 50"), home).assessment.measurements:
        assert m.n >= 0
        assert m.coverage.whole == 500
        assert (m.value is None) == (m.interval is None)
        if m.value is not None and m.interval is not None:
            assert m.interval.low <= m.value <= m.interval.high
        else:
            assert m.reason is not None


def test_an_attestation_counts_once_signed_and_never_as_measured(describe: Describe, home: Home) -> None:
    path = describe("fair 100")
    before = run(path, home)
    assert result(before, "JP-GL-C1") is Result.NOT_ASSESSED
    assert "signed" in next(a.cause.en for a in before.assessment.attestations if a.cause)
    sign_all(path, home)
    after = run(path, home)
    leaf = next(leaf for r in after.assessment.results for leaf in r.leaves if leaf.id == "JP-GL-C1.override-design")
    assert (leaf.state, leaf.origin) == ("met", "attested")
    assert after.assessment.summary.origins["attested"] == 1
    assert check(after).exit_code == 0


def test_an_attestation_cannot_show_what_needs_a_measurement(describe: Describe, home: Home) -> None:
    path = describe("fair 100")
    path.write_text(path.read_text().replace("shows: JP-GL-C1.override-design", "shows: JP-GL-C6.red-team-runs"))
    known = (
        {leaf.id for leaf in make_plan(read_description(path), path.parent, TODAY).leaves.values()}
        if "red-team"
        else set()
    )
    assert "JP-GL-C6.red-team-runs" in known
    sign_all(path, home)
    done = run(path, home)
    leaf = next(leaf for r in done.assessment.results for leaf in r.leaves if leaf.id == "JP-GL-C6.red-team-runs")
    assert (leaf.state, leaf.origin) == ("not_assessed", None)
    assert "needs a measurement" in leaf.cause.en


@pytest.mark.parametrize(
    ("change", "named"),
    [({"model": "2"}, "model"), ({"autonomy": "decides_alone"}, "autonomy"), ({"roles": "developer"}, "roles")],
)
def test_a_material_change_lapses_the_signature_and_is_named(
    describe: Describe, home: Home, change: dict[str, str], named: str
) -> None:
    sign_all(describe("fair 100"), home)
    path = describe("fair 100", **change)
    plan, store = make_plan(read_description(path), path.parent, TODAY), Store(home)
    signed = signed_attestations(store, plan)[0]
    assert signed.logged is None
    assert signed.cause is not None
    assert named in str(signed.cause)


def test_a_changed_text_or_document_lapses_the_signature(describe: Describe, home: Home) -> None:
    path = describe("fair 100")
    sign_all(path, home)
    for change in (
        lambda: path.write_text(path.read_text().replace("The officer decides.", "Nobody decides.")),
        lambda: (path.parent / "override.md").write_text("another text"),
    ):
        kept = path.read_text(), (path.parent / "override.md").read_text()
        change()
        store = Store(home)
        cause = signed_attestations(store, make_plan(read_description(path), path.parent, TODAY))[0].cause
        store.close()
        assert "changed after it was signed" in str(cause)
        path.write_text(kept[0])
        (path.parent / "override.md").write_text(kept[1])


def test_an_unimportant_change_keeps_the_signature(describe: Describe, home: Home) -> None:
    path = describe("fair 100")
    sign_all(path, home)
    path.write_text(path.read_text() + "# a comment\n")
    store = Store(home)
    assert signed_attestations(store, make_plan(read_description(path), path.parent, TODAY))[0].logged is not None


def test_what_does_not_apply_needs_an_approver(describe: Describe, home: Home) -> None:
    path = describe("fair 100")
    assert result(run(path, home), "JP-GL-3.1") is Result.NOT_ASSESSED
    plan, store = make_plan(read_description(path), path.parent, TODAY), Store(home)
    sign_scope(home, store, plan, datetime(2099, 1, 1, tzinfo=UTC).date(), utc_now())
    store.close()
    done = run(path, home)
    found = next(r for r in done.assessment.results if r.id == "JP-GL-3.1")
    assert found.result is Result.NOT_APPLICABLE
    assert found.approver is not None
    assert found.approver.ja == "山田 花子"
    changed = run(describe("fair 100", roles="developer"), home)
    assert next(r for r in changed.assessment.results if r.id == "JP-GL-3.1").result is Result.NOT_ASSESSED


def test_results_expire_by_themselves(describe: Describe, home: Home) -> None:
    path = describe("fair 500")
    sign_all(path, home)
    done = run(path, home)
    assert done.assessment.summary.exit_code == 2  # JP-GL-C1 also asks for logs, which nothing reads yet
    later = at(done.assessment, datetime(2100, 1, 1, tzinfo=UTC))
    assert {r.id: r.result for r in later.results}[FAIRNESS] is Result.NOT_ASSESSED
    assert later.summary.origins == {"measured": 0, "imported": 0, "attested": 0}
    assert not any(m.current for m in later.measurements)
    direct = run(path, home, as_of=datetime(2100, 1, 1, tzinfo=UTC))
    assert [r.result for r in direct.assessment.results] == [r.result for r in later.results]
    assert check(direct).exit_code == 0
    earlier = at(done.assessment, datetime(2020, 1, 1, tzinfo=UTC))
    assert {r.id: r.result for r in earlier.results}[FAIRNESS] is Result.NOT_ASSESSED


def test_counts_alone_keep_the_rows_at_home(describe: Describe, home: Home) -> None:
    done = run(describe("fair 100", share="counts"), home)
    outcome = check(done)
    assert outcome.exit_code == 2
    assert outcome.withheld == ["rows of decisions"]
    assert done.assessment.targets[0].shared == "counts"
    assert b"1,1,f" not in done.bundle.read_bytes()


def test_rows_that_look_personal_are_withheld(describe: Describe, home: Home) -> None:
    rows = "label,decision,sex,mail\n" + "".join(
        f"{n % 2},{n % 2},{'fm'[n // 2 % 2]},person{n}@mail.example\n" for n in range(200)
    )
    done = run(describe(rows), home)
    assert done.assessment.targets[0].shared == "withheld"
    assert b"person7@mail.example" not in done.bundle.read_bytes()
    assert check(done).exit_code == 2
    assert result(done, "JP-GL-C7") is Result.NOT_MET


def test_the_same_input_again_is_a_new_run_with_its_own_plan(describe: Describe, home: Home) -> None:
    path = describe("fair 50")
    first, second = run(path, home), run(path, home)
    assert first.assessment.council.round != second.assessment.council.round
    assert check(second).exit_code == 0


def test_an_older_bundle_is_seen_through(describe: Describe, home: Home, tmp_path: Path) -> None:
    path = describe("fair 50")
    old = run(path, home).bundle.read_bytes()
    new = run(path, home)
    seen = check(new).checkpoint_note
    replayed = tmp_path / "old.zip"
    replayed.write_bytes(old)
    outcome = verify(replayed, Policy.from_bytes(new.trust.read_bytes()), last_seen=seen)
    assert outcome.exit_code == 1
    assert any("older than what you have seen" in step.text for step in outcome.steps)
    assert verify(replayed, Policy.from_bytes(new.trust.read_bytes())).exit_code == 0


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("", "empty"),
        ("label,decision,sex\n", "row"),
        ("label,decision,sex\n1,0.31,f\n0,0.72,m\n", "probabilit"),
        ("label,decision,sex\n1,1,f\n2,0,m\n0,1,f\n", "two values"),
        ("label,decision,sex\nyes,yes,f\nno,no,m\n", "favourable"),
    ],
)
def test_bad_tables_are_errors_that_are_counted_and_shown(describe: Describe, home: Home, rows: str, says: str) -> None:
    done = run(describe(rows), home)
    assert {m.outcome for m in done.assessment.measurements} == {"error"}
    assert done.assessment.summary.exit_code == 2
    reasons = [m.reason for m in done.assessment.measurements if m.reason]
    assert all(says in reason.en for reason in reasons)
    assert all(re.search("[ぁ-ん]", reason.ja) for reason in reasons)
    assert result(done, FAIRNESS) is Result.NOT_ASSESSED
    # Nobody could look for personal data, so the rows stay at home.
    assert check(done).exit_code == 2


@pytest.mark.parametrize(
    ("group", "outcome"),
    [(lambda _: "", "error"), (lambda n: f"g{n}", "error"), (lambda n: "女" if n % 2 else "女 ", "inconclusive")],
    ids=["all missing", "10,000 values", "one group in two spellings"],
)
def test_bad_groups_are_errors_or_open(
    describe: Describe, home: Home, group: Callable[[int], str], outcome: str
) -> None:
    rows = "label,decision,sex\n" + "".join(f"{n % 2},{n % 2},{group(n)}\n" for n in range(10_000))
    done = run(describe(rows), home)
    found = {m.outcome for m in done.assessment.measurements if m.check == "group_fairness"}
    assert found == {outcome}
    assert result(done, FAIRNESS) is Result.NOT_ASSESSED


def test_names_that_no_framework_knows_are_located(describe: Describe, home: Home) -> None:
    path = describe("fair 20", required="JP-GL-C22")
    with pytest.raises(ShinraiError) as caught:
        run(path, home)
    text = caught.value.text(Language.EN)
    assert "required[1]" in text
    assert "JP-GL-C2" in text
    assert re.search(r"shinrai.yaml:\d+:\d+", text)
    assert re.search("[ぁ-ん]", caught.value.text(Language.JA))


def test_a_missing_file_is_located(describe: Describe, home: Home) -> None:
    path = describe("fair 20")
    (path.parent / "decisions.csv").unlink()
    with pytest.raises(ShinraiError, match=r"shinrai.yaml:\d+:\d+, field targets.decisions.file"):
        run(path, home)


@pytest.mark.parametrize(
    ("change", "field", "hint"),
    [
        ({"groups": "sexx"}, "targets.decisions.groups[1]", "Did you mean “sex”?"),
        ({"groups": "国籍"}, "targets.decisions.groups[1]", "It has: label, decision, sex."),
    ],
)
def test_a_missing_column_is_located(
    describe: Describe, home: Home, change: dict[str, str], field: str, hint: str
) -> None:
    with pytest.raises(ShinraiError) as caught:
        run(describe("fair 20", **change), home)
    assert field in str(caught.value)
    assert hint in str(caught.value)
    assert not home.database.exists()


@pytest.mark.slow
def test_killed_at_any_step_it_goes_on_and_ends_as_if_nothing_had_happened(
    describe: Describe, home: Home, tmp_path: Path
) -> None:
    path = describe("fair 100")
    command = [
        sys.executable,
        "-m",
        "shinrai",
        "assess",
        str(path),
        "--home",
        str(home.path),
        "--out",
        str(tmp_path / "out"),
    ]
    seen: dict[int, str] = {}
    for line_number in (1, 3, 5, 6, 8, 10, 11):
        process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        assert process.stderr is not None
        for _ in range(line_number):
            process.stderr.readline()
        time.sleep(0.002 * line_number)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        with sqlite3.connect(home.database) as db:
            entries = dict(db.execute("SELECT idx, hex(leaf_hash) FROM log_leaf"))
        assert seen.items() <= entries.items()
        assert sorted(entries) == list(range(len(entries)))
        seen = entries
    finished = subprocess.run([*command, "--quiet"], capture_output=True, text=True, check=False)
    assert finished.returncode == 2, finished.stderr
    with sqlite3.connect(home.database) as db:
        plans = db.execute("SELECT count(*) FROM log_leaf WHERE predicate_type LIKE '%plan/v1'").fetchone()[0]
        twice = db.execute("SELECT count(*) FROM run_step GROUP BY run, step, part HAVING count(*) > 1").fetchall()
        delivered = db.execute("SELECT count(*) FROM run_step WHERE step = 'delivered'").fetchone()[0]
    # A kill may come after the last step: then the next start is a new run. None is left half done.
    assert plans == delivered
    assert delivered < 4
    assert twice == []
    bundle, trust = tmp_path / "out" / "bundle.zip", tmp_path / "out" / "trust.json"
    outcome = verify(bundle, Policy.from_bytes(trust.read_bytes()))
    assert outcome.exit_code == 0
    statements = [json.loads(line) for line in _lines(bundle)]
    assert len({s["payload"] + s["signatures"][0]["sig"] for s in statements}) == len(statements)
    fresh = run(path, open_home(tmp_path / "fresh"))
    written = json.loads((tmp_path / "out" / "assessment.json").read_text())
    assert [r["result"] for r in written["results"]] == [r.result for r in fresh.assessment.results]
    assert [m["value"] for m in written["measurements"]] == [m.value for m in fresh.assessment.measurements]


def _lines(bundle: Path) -> list[bytes]:
    from shinrai_verify.bundle import open_bundle

    return open_bundle(bundle).read("attestations.intoto.jsonl").splitlines()
