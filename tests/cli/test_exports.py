"""`--format` of `shinrai assess` and `shinrai report`: from a fresh assessment, and from a bundle alone."""

import base64
import gzip
import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from shinrai.assess import Assessment, Result
from shinrai.assess.progress import silent
from shinrai.cli import main
from shinrai.cli.exporting import Export, write
from shinrai.evidence import open_home
from shinrai.evidence.keys import load_signer
from shinrai.language import Language, ShinraiError
from shinrai.report.sigstore import MEDIA_TYPE, member_bundles
from shinrai_verify.bundle import open_bundle
from shinrai_verify.dsse import Envelope, Statement
from shinrai_verify.keys import public_der, verifies

Describe = Callable[..., Path]
SCHEMAS = Path(__file__).parents[1] / "report" / "schemas"
OSCAL = {
    "oscal-assessment-plan.json": "assessment-plan",
    "oscal-assessment-results.json": "assessment-results",
    "oscal-poam.json": "poam",
}
SEATS = {"completeness", "policy", "provenance", "recompute", "statistics"}
DAY = "2027-01-01"


_made: list[Path] = []


@pytest.fixture
def assessed(describe: Describe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that `shinrai assess --format all` wrote, with its data folder beside it; made once."""
    if not _made:
        base = tmp_path_factory.mktemp("exports")
        path = describe("fair 300", required="JP-GL-C2")
        command = ["assess", str(path), "--home", str(base / "home"), "--out", str(base / "out"), "--format", "all"]
        assert main([*command, "--quiet", "--lang", "en"]) == 0
        _made.append(base / "out")
    return _made[0]


def home_of(assessed: Path) -> Path:
    return assessed.parent / "home"


def report(assessed: Path, out: Path, *given: str) -> int:
    return main(
        ["report", str(assessed / "bundle.zip"), "--trust", str(assessed / "trust.json"), "--out", str(out), *given]
    )


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_assess_writes_every_format(assessed: Path) -> None:
    assert {path.name for path in assessed.iterdir()} == {
        *("assessment.json", "bundle.zip", "junit.xml", "report.en.html", "report.ja.html", "results.sarif"),
        *("results.github.sarif", "oscal-assessment-plan.json", "oscal-assessment-results.json", "oscal-poam.json"),
        *("svr.intoto.jsonl", "test-result.intoto.jsonl", "sigstore", "trust.json"),
    }


@pytest.mark.parametrize("name", OSCAL)
def test_what_a_real_assessment_gives_is_valid_oscal(assessed: Path, name: str) -> None:
    schema = json.loads(gzip.decompress((SCHEMAS / f"oscal_{OSCAL[name]}_schema.json.gz").read_bytes()))
    tree = json.loads((assessed / name).read_bytes())
    assert jsonschema_rs.validator_for(schema, validate_formats=True).is_valid(tree)


def test_hashes_are_of_the_files_of_the_bundle(assessed: Path) -> None:
    body = json.loads((assessed / "oscal-assessment-results.json").read_bytes())["assessment-results"]
    bundle = open_bundle(assessed / "bundle.zip")
    found = {"oscal": 0, "blobs": 0, "manifest": 0, "payload": 0}
    payloads = {
        hashlib.sha256(base64.b64decode(json.loads(line)["payload"])).hexdigest()
        for line in bundle.read("attestations.intoto.jsonl").splitlines()
    }
    for resource in body["back-matter"]["resources"]:
        for link in resource.get("rlinks", []):
            if "hashes" not in link:
                continue
            (named,) = link["hashes"]
            if link["href"] == "oscal-assessment-plan.json":
                assert hashlib.sha256((assessed / link["href"]).read_bytes()).hexdigest() == named["value"]
                found["oscal"] += 1
            elif link["href"].startswith("ni:"):
                digest = base64.urlsafe_b64decode(link["href"].rpartition(";")[2] + "=").hex()
                assert digest == named["value"]
                assert digest in payloads
                found["payload"] += 1
            else:
                assert bundle.sha256[link["href"]] == named["value"]
                found["blobs" if link["href"].startswith("blobs/") else "manifest"] += 1
    assert all(found.values()), found


def test_the_statements_are_signed_with_the_producers_key(assessed: Path) -> None:
    public = load_signer(open_home(home_of(assessed)).keys, "producer").public
    for name in ("svr.intoto.jsonl", "test-result.intoto.jsonl"):
        (line,) = (assessed / name).read_bytes().splitlines()
        envelope = Envelope.from_bytes(line, name)
        assert verifies(public, envelope.signatures[0].sig, envelope.pae)
        assert Statement.from_bytes(envelope.payload, name).predicate_type.startswith("https://in-toto.io/attestation/")
    statement = Statement.from_bytes(envelope.payload, "it")
    assert statement.predicate["result"] == "PASSED"


def test_a_statement_can_be_checked_by_hand(assessed: Path, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    pem = assessed / "sigstore" / "policy.pem"
    first = lines(assessed / "sigstore" / "policy.sigstore.jsonl")[0]["dsseEnvelope"]
    payload = base64.b64decode(first["payload"])
    pae = b"DSSEv1 %d %b %d %b" % (len(first["payloadType"]), first["payloadType"].encode(), len(payload), payload)
    (tmp_path / "pae").write_bytes(pae)
    (tmp_path / "sig").write_bytes(base64.b64decode(first["signatures"][0]["sig"]))
    command = [openssl, "pkeyutl", "-verify", "-pubin", "-inkey", str(pem), "-rawin", "-in", str(tmp_path / "pae")]
    done = subprocess.run([*command, "-sigfile", str(tmp_path / "sig")], capture_output=True, check=False)
    assert done.returncode == 0


def test_each_member_gets_its_ballots_one_signature_each(assessed: Path) -> None:
    assert {path.name.partition(".")[0] for path in (assessed / "sigstore").iterdir()} == SEATS
    document = json.loads((assessed / "assessment.json").read_bytes())
    judged = {leaf["id"] for item in document["results"] for leaf in item["leaves"] if leaf["verdict"]}
    attestations = open_bundle(assessed / "bundle.zip").read("attestations.intoto.jsonl")
    members = member_bundles(attestations, document["council"]["round"])
    for member in members:
        assert (assessed / "sigstore" / f"{member.member}.pem").read_bytes() == member.pem
        public = base64.b64decode(b"".join(member.pem.splitlines()[1:-1]))[-32:]
        controls = set()
        for bundle in lines(assessed / "sigstore" / f"{member.member}.sigstore.jsonl"):
            assert bundle["mediaType"] == MEDIA_TYPE
            hint = base64.b64encode(hashlib.sha256(public_der(public)).digest()).decode()
            # Nothing of Sigstore's services is pretended: no certificate, no entry of a log, no timestamp.
            assert bundle["verificationMaterial"] == {"publicKey": {"hint": hint}, "tlogEntries": []}
            envelope = Envelope.from_bytes(json.dumps(bundle["dsseEnvelope"]).encode(), "it")
            (signature,) = envelope.signatures
            assert verifies(public, signature.sig, envelope.pae)
            controls.add(Statement.from_bytes(envelope.payload, "it").predicate["control"])
        assert controls == judged
    with pytest.raises(ShinraiError, match="does not hold the council's round"):
        member_bundles(attestations, "0" * 64)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_bundle_alone_gives_the_same_bytes_every_time(assessed: Path, tmp_path: Path, language: str) -> None:
    given = ["--format", "oscal", "--format", "sigstore", "--format", "junit", "--as-of", DAY, "--lang", language]
    codes = [report(assessed, tmp_path / name, *given) for name in ("one", "two")]
    assert codes[0] == codes[1]
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert len(files) == 4 + 2 * len(SEATS)
    assert [(tmp_path / "one" / f).read_bytes() for f in files] == [(tmp_path / "two" / f).read_bytes() for f in files]
    results = json.loads((tmp_path / "one" / "oscal-assessment-results.json").read_bytes())["assessment-results"]
    assert ("試験" in json.dumps(results, ensure_ascii=False)) == (language == "ja")
    # What the seats signed does not depend on when or in what language it is read.
    for path in (tmp_path / "one" / "sigstore").iterdir():
        assert path.read_bytes() == (assessed / "sigstore" / path.name).read_bytes()


def test_only_what_was_asked_for_is_written(assessed: Path, tmp_path: Path) -> None:
    report(assessed, tmp_path / "out", "--format", "github", "--as-of", DAY)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["results.github.sarif"]


def test_expired_evidence_takes_the_green_away_and_opens_the_plan_of_action(assessed: Path, tmp_path: Path) -> None:
    def open_items() -> set[str]:
        items = json.loads((tmp_path / "oscal-poam.json").read_bytes())["plan-of-action-and-milestones"]["poam-items"]
        return {prop["value"] for item in items for prop in item["props"] if prop["name"] == "requirement"}

    assert report(assessed, tmp_path, "--format", "oscal") == 0
    assert "JP-GL-C2" not in open_items()
    assert '"state":"satisfied"' in (tmp_path / "oscal-assessment-results.json").read_text("utf-8")
    assert report(assessed, tmp_path, "--format", "oscal", "--format", "junit", "--as-of", "2100-01-01") == 2
    assert "JP-GL-C2" in open_items()
    assert '"state":"satisfied"' not in (tmp_path / "oscal-assessment-results.json").read_text("utf-8")


def test_when_nothing_is_open_an_old_plan_of_action_goes_and_that_is_said(assessed: Path, tmp_path: Path) -> None:
    whole = Assessment.model_validate_json((assessed / "assessment.json").read_bytes())
    met = [item for item in whole.results if item.result is Result.MET]
    (tmp_path / "oscal-poam.json").write_text("{}")
    export = Export(whole.model_copy(update={"results": met}), assessed / "bundle.zip", None, Language.EN)
    (note,) = write(export, ["oscal"], tmp_path, silent)
    assert str(note) == "oscal-poam.json is not written: nothing is open, and OSCAL allows no empty one."
    assert {path.name for path in tmp_path.glob("oscal-*")} == set(OSCAL) - {"oscal-poam.json"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--as-of", "2100-01-01"], "a day to come"),
        (["--under", "jp.guideline13@2025-12-19"], "another version of a framework"),
    ],
)
def test_what_would_be_is_not_signed(
    assessed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], given: list[str], says: str
) -> None:
    home = ["--home", str(home_of(assessed))]
    assert report(assessed, tmp_path / "out", "--format", "in-toto", *home, *given, "--lang", "en") == 3
    assert says in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_assessment_as_of_a_day_to_come_stops_before_it_begins(describe: Describe, tmp_path: Path) -> None:
    given = ["--format", "in-toto", "--as-of", "2100-01-01", "--home", str(tmp_path / "home")]
    assert main(["assess", str(describe("fair 20")), "--out", str(tmp_path / "out"), "--quiet", *given]) == 3
    assert not (tmp_path / "out").exists()


def test_without_the_producers_key_nothing_is_signed_and_no_key_is_made(
    assessed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = open_home(tmp_path / "home")
    given = ["--format", "in-toto", "--home", str(home.path), "--lang", "en"]
    assert report(assessed, tmp_path / "out", *given) == 3
    assert "no producer's key" in capsys.readouterr().err
    assert list(home.keys.iterdir()) == []
    assert not (tmp_path / "out").exists()


def test_a_data_folder_that_is_not_there_is_not_made_to_sign(
    assessed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--format", "in-toto", "--home", str(tmp_path / "home"), "--lang", "en"]
    assert report(assessed, tmp_path / "out", *given) == 3
    assert f"There is no data folder at {tmp_path / 'home'}." in capsys.readouterr().err
    assert not (tmp_path / "home").exists()


def test_a_bundle_that_the_trust_file_asks_more_of_is_not_signed_about(
    assessed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trust = json.loads((assessed / "trust.json").read_bytes())
    trust["requiredControls"] = ["JP-GL-C1.override-design"]
    (tmp_path / "trust.json").write_text(json.dumps(trust, separators=(",", ":"), sort_keys=True))
    given = ["--trust", str(tmp_path / "trust.json"), "--home", str(home_of(assessed)), "--format", "in-toto"]
    command = ["report", str(assessed / "bundle.zip"), *given, "--out", str(tmp_path / "out"), "--lang", "en"]
    assert main(command) == 3
    assert "does not meet what the trust file asks for" in capsys.readouterr().err


@pytest.mark.parametrize("language", ["ja", "en"])
def test_help_shows_every_format(language: str, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("assess", "report"):
        assert main([command, "--help", "--lang", language]) == 0
        shown = capsys.readouterr().out
        for name in ("html", "json", "junit", "sarif", "github", "oscal", "in-toto", "sigstore", "all"):
            assert name in shown
        assert "--format oscal" in shown or command == "assess"
