"""A37: two verifiers, written apart from one format page, never differ."""

import json
import random
import subprocess
from collections import Counter

import pytest

from shinrai_verify.bundle import directory, local_header
from shinrai_verify.cli import main

from .archives import lines, sorted_archive
from .both import SCRIPT, Case, differences, node
from .corpus import JSONL, corpus, policy_bytes
from .stamped_cases import stamped_cases
from .test_outside import needs_openssl
from .world import World

pytestmark = pytest.mark.skipif(node() is None, reason="no node: neither on PATH nor in playwright")


def test_both_verifiers_say_the_same_of_every_bundle(tmp_path):
    tally = Counter[str]()
    found = differences(list(corpus(flips=10, every=2)), tmp_path, tally)
    assert not found, "\n".join(found)
    assert sum(tally.values()) > 300
    assert set(tally) == {"0", "1", "2", "3", "64"}


def test_both_verifiers_say_the_same_of_an_assessment_as_users_get_it(real, counts, tmp_path):
    policy, tally = real.trust.read_bytes(), Counter[str]()
    cases = [Case("whole", real.path.read_bytes(), policy, now=None), Case("folder", real.files, policy, now=None)]
    cases.append(Case("withheld", counts.path.read_bytes(), policy, now=None))
    dice, files = random.Random(7), real.files  # noqa: S311  (places, not secrets)
    for number in range(16):
        name = dice.choice(sorted(files))
        bent = bytearray(files[name])
        bent[dice.randrange(len(bent))] ^= 1 << number % 8
        cases.append(Case(f"{name} {number}", sorted_archive({**files, name: bytes(bent)}), policy))
    for number, line in enumerate(lines(files)):
        rest = files[JSONL].replace(line, b"", 1)
        cases += [Case(f"without line {number}", sorted_archive({**files, JSONL: rest}), policy)] * (number % 8 == 0)
    found = differences(cases, tmp_path, tally)
    assert not found, "\n".join(found)
    assert (tally["0"], tally["2"] > 0) == (2, True)


@needs_openssl
def test_both_verifiers_say_the_same_of_time_stamps(tmp_path):
    tally = Counter[str]()
    (tmp_path / "bundles").mkdir()
    found = differences(list(stamped_cases(tmp_path, 1499)), tmp_path / "bundles", tally)
    assert not found, "\n".join(found)
    assert set(tally) == {"0", "1", "3"}


def test_a_difference_would_be_seen(tmp_path):
    bundle = World().bundle(tmp_path)
    case = Case("late", bundle.read_bytes(), policy_bytes(World()))

    def lenient(path, policy, **more):
        outcome = World(withhold=True).verified(tmp_path)
        assert (path.is_file(), policy.root, "now" in more) == (True, World().policy.root, True)
        return outcome

    (line,) = differences([case], tmp_path, Counter(), lenient)
    assert line.startswith("late: {'exitCode': 2, ")


def run(*arguments):
    return subprocess.run([str(node()), str(SCRIPT), *map(str, arguments)], capture_output=True, check=False)


@pytest.fixture
def trust(tmp_path):
    (tmp_path / "trust.json").write_bytes(policy_bytes(World()))
    return tmp_path / "trust.json"


def test_the_command_ends_with_the_exit_class(tmp_path, trust):
    for world, code in ((World(), 0), (World(withhold=True), 2), (World(signers={"plan": ["stranger"]}), 1)):
        ran = run(world.bundle(tmp_path), "--trust", trust, "--json")
        assert (ran.returncode, json.loads(ran.stdout)["exitCode"]) == (code, code)
    trust.write_bytes(policy_bytes(World(), requiredControls=["X-9"]))
    said = run(World().bundle(tmp_path), "--policy", trust, "--lang", "ja")
    assert (said.returncode, "方針未達" in said.stdout.decode()) == (3, True)


def test_wrong_usage_verifies_nothing(tmp_path, trust):
    bundle = World().bundle(tmp_path)
    (tmp_path / "none.json").write_text("{}")
    wrong = [
        (),
        (bundle,),
        (bundle, "--trust"),
        (bundle, "--trust", trust, "--lang", "fr"),
        (bundle, "--trust", bundle),
    ]
    wrong += [(tmp_path / "gone", "--trust", trust), (bundle, "--trust", trust, "--more")]
    for arguments in (*wrong, (bundle, "--trust", tmp_path / "none.json"), (bundle, bundle, "--trust", trust)):
        ran = run(*arguments)
        assert (ran.returncode, ran.stdout) == (64, b"")
        assert ran.stderr.startswith((b"verify.mjs: ", b"usage: "))


def test_links_are_followed_to_a_bundle_but_not_inside_one(tmp_path, trust):
    bundle = World().bundle(tmp_path)
    (tmp_path / "link.zip").symlink_to(bundle)
    assert run(tmp_path / "link.zip", "--trust", trust).returncode == 0
    folder = tmp_path / "folder"
    for name, data in World().contents().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    assert run(folder, "--trust", trust).returncode == 0
    (folder / "VERIFY.txt").unlink()
    (folder / "VERIFY.txt").symlink_to(folder / "manifest.json")
    assert run(folder, "--trust", trust).returncode == main([str(folder), "--trust", str(trust)]) == 1


SIZES = [0, 1, 255, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1, 2**32, 2**33 + 5, 2**40]
HEADERS = """
import { directoryOf, localHeader } from %s;
const entries = JSON.parse(process.argv[1]);
const hex = bytes => Buffer.from(bytes).toString("hex");
for (const [entry, start] of entries) {
  console.log(hex(localHeader(entry)) + hex(directoryOf([entry, { ...entry, name: "blobs/y", offset: start }], start)));
}
"""


def test_headers_of_files_too_large_to_make_here_are_the_same_in_both():
    asked = [
        ({"name": "blobs/x", "size": size, "crc": 0xFFFFFFFE, "offset": offset}, start)
        for size in SIZES
        for offset in SIZES
        for start in SIZES
    ]
    script = HEADERS % json.dumps((SCRIPT.parent / "src" / "archive.mjs").as_uri())
    command = [str(node()), "--input-type=module", "-e", script, json.dumps(asked)]
    ran = subprocess.run(command, capture_output=True, check=True, text=True)
    for (entry, start), theirs in zip(asked, ran.stdout.splitlines(), strict=True):
        size, crc = entry["size"], entry["crc"]
        listed = {"blobs/x": (entry["offset"], size, crc), "blobs/y": (start, size, crc)}
        assert theirs == (local_header("blobs/x", size, crc) + directory(listed, start)).hex()
