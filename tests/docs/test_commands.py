"""The documents hold: their commands run, their output is what comes out, and their links lead somewhere.

A fenced block is run when an HTML comment `<!-- run -->` stands before it; `<!-- run: exit 2 -->` says how its last
command ends. In a `console` block the lines after `$ ` are commands and the others their output, in which `...`
stands for anything. A comment `<!-- run` with lines below it holds commands that the reader has no need to see. The
blocks of a document run one after the other, in a copy of the repository in which `make demo` has been run, and keep
folder and environment. The same command in the same place is run once, and its output used again.
"""

import doctest
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from shinrai.frameworks import available, load_framework
from shinrai.frameworks.instrument import instruments

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*/*.md")])
_BLOCK = re.compile(
    r"^<!-- run\n(?P<hidden>.*?)^-->$|^<!-- run(?:: exit (?P<code>\d+))? -->\n```(?P<kind>\w+)\n(?P<body>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
_SAME = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Step:
    """A command, the output that is shown for it (None when none is), and how it should end."""

    command: str
    output: str | None
    code: int


def steps(text: str) -> Iterator[Step]:
    for block in _BLOCK.finditer(text):
        if block["hidden"] is not None:
            yield Step(block["hidden"], None, 0)
            continue
        last = int(block["code"] or 0)
        if block["kind"] == "console":
            found = list(_console(block["body"]))
            yield from (Step(command, output, 0) for command, output in found[:-1])
            yield Step(*found[-1], last)
        else:
            yield Step(block["body"], None, last)


def _console(body: str) -> Iterator[tuple[str, str | None]]:
    lines = body.splitlines()
    while lines:
        assert lines[0].startswith("$ "), f"a console block starts with a command, not with {lines[0]!r}"
        command = lines.pop(0)[2:]
        while command.endswith("\\"):
            command += "\n" + lines.pop(0)
        output = []
        while lines and not lines[0].startswith("$ "):
            output.append(lines.pop(0))
        yield command, "\n".join(output) + "\n" if output else None


@dataclass
class Workshop:
    """A copy of the repository with its environment.

    made: the files that `make demo` left. done: what has been run, by place, environment and command.
    """

    folder: Path
    home: Path
    made: frozenset[str] = frozenset()
    done: dict[tuple[str, str, str], tuple[int, str, str, str]] = field(default_factory=dict)

    def start(self) -> tuple[str, str]:
        """Return folder and environment of a document's first command."""
        values = {
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONUTF8": "1",
            "SHINRAI_HOME": str(self.home / "shinrai"),
            "TERM": "dumb",
        }
        return str(self.folder), "".join(f"export {name}='{value}'\n" for name, value in values.items())

    def run(self, place: str, environment: str, command: str) -> tuple[int, str, str, str]:
        """Run a command; returns exit code, output, and the place and environment after it."""
        command = command.strip()
        key = (place, environment, command)
        if key not in self.done:
            after = self.home / "after"
            script = f"{environment}\ncd '{place}'\ntrap 'pwd > {after}.place; export -p > {after}.env' EXIT\n{command}"
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", script],
                env={},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=300,
                check=False,
            )
            place = after.with_suffix(".place").read_text().strip()
            environment = after.with_suffix(".env").read_text()
            self.done[key] = (done.returncode, done.stdout.decode(), place, environment)
        return self.done[key]


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    folder, home = tmp_path_factory.mktemp("workshop") / "shinrai", tmp_path_factory.mktemp("home")
    left_out = (".git", ".venv", "out", "build", "dist", ".*_cache", "__pycache__", ".hypothesis", ".coverage*", "data")
    shutil.copytree(ROOT, folder, ignore=lambda at, names: _left_out(at, names, left_out))
    for path in folder.rglob("*"):
        # Older than the environment, so that make takes the one there is.
        os.utime(path, (0, 0))
    (folder / ".venv").symlink_to(Path(sys.prefix), target_is_directory=True)
    shop = Workshop(folder, home)
    code, output, *_ = shop.run(*shop.start(), "make demo")
    assert code == 0, output
    shop.made = frozenset(path.name for path in (folder / "out" / "loan-screening").iterdir())
    return shop


def _left_out(at: str, names: list[str], patterns: tuple[str, ...]) -> set[str]:
    found = set(shutil.ignore_patterns(*patterns)(at, names))
    # Only the example's data are made by a run; the frameworks' data belong to the repository.
    return found - {"data"} if "src" in Path(at).parts else found


@pytest.mark.slow
@pytest.mark.parametrize(
    "document",
    [d for d in DOCUMENTS if _BLOCK.search(d.read_text("utf-8"))],
    ids=lambda d: d.relative_to(ROOT).as_posix(),
)
def test_the_commands_of_a_document_do_what_it_says(document: Path, workshop: Workshop) -> None:
    place, environment = workshop.start()
    for step in steps(document.read_text(encoding="utf-8")):
        code, output, place, environment = workshop.run(place, environment, step.command)
        assert code == step.code, f"$ {step.command}\n{output}\nended with {code}, not with {step.code}"
        if step.output is not None and not doctest.OutputChecker().check_output(step.output, output, _SAME):
            raise AssertionError(f"$ {step.command}\n\nshown:\n{step.output}\ngot:\n{output}")


@pytest.mark.slow
def test_the_demo_leaves_what_the_readme_lists(workshop: Workshop) -> None:
    listed = set(re.findall(r"^\| `([a-z]+\.[a-z.]+)` \|", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE))
    assert workshop.made == listed
    assert len(listed) == 7


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", document.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"`[^`\n]*`", "", text)  # a regular expression in code is no link
    for target in (plain or picture for plain, picture in _LINK.findall(text)):
        if re.match(r"https?://|mailto:", target):
            continue
        name, _, anchor = target.partition("#")
        aim = (document.parent / name).resolve() if name else document
        assert aim.exists(), f"{target} leads nowhere"
        if anchor:
            assert anchor in _anchors(aim), f"{target}: there is no such heading"


def _anchors(document: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("record", sorted((ROOT / "docs" / "adr").glob("[0-9]*.md")), ids=lambda r: r.stem)
def test_a_decision_says_why_what_and_what_follows(record: Path) -> None:
    text = record.read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert re.search(rf"^# {record.stem[:4]}\. .+\n\nDate: \d{{4}}-\d\d-\d\d$", text, re.MULTILINE)
    assert f"({record.name})" in (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")


def test_every_document_can_be_reached_from_the_map() -> None:
    seen, waiting = set(), [ROOT / "README.md", ROOT / "README.ja.md"]
    while waiting:
        document = waiting.pop()
        if document in seen or document.suffix != ".md" or not document.is_file():
            continue
        seen.add(document)
        targets = [
            (plain or picture).partition("#")[0] for plain, picture in _LINK.findall(document.read_text("utf-8"))
        ]
        waiting += [(document.parent / target).resolve() for target in targets if target and ":" not in target]
    assert set((ROOT / "docs").rglob("*.md")) - seen == set()


def test_no_file_names_a_machine_or_a_registry() -> None:
    # Written apart, so that this file does not name them either.
    places = (
        "/wo" + "rk/",
        "/ro" + "ot/",
        "/ho" + "me/",
        "files.python" + "hosted.org",
        "pypi" + ".org/simple",
        "index" + "-url",
    )
    try:
        listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout, so there is no list of tracked files")
    found = []
    for name in filter(None, listing.decode().split("\0")):
        path = ROOT / name
        data = path.read_bytes() if path.is_file() else b""
        found += [f"{name}: {place}" for place in places if b"\0" not in data and place.encode() in data]
    assert found == []


@pytest.mark.parametrize("tool", ["document_cli.py", "document_benchmarks.py"])
def test_generated_pages_are_current(tool: str) -> None:
    command = [sys.executable, str(ROOT / "tools" / tool), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"run: python tools/{tool}\n{done.stderr}"


def test_the_windows_lines_install_what_make_installs() -> None:
    make = (ROOT / "Makefile").read_text(encoding="utf-8")
    pinned = re.findall(r"uv==[\d.]+", make)
    assert len(set(pinned)) == 1
    for name in ("README.md", "README.ja.md"):
        readme = (ROOT / name).read_text(encoding="utf-8")
        assert set(re.findall(r"uv==[\d.]+", readme)) == set(pinned)
        for line in ("pip sync --require-hashes", "pip install --no-deps --no-build-isolation"):
            assert line in readme
    assert "--require-hashes" in make
    assert "--no-deps --no-build-isolation" in make


_ALL_ROWS = "全{}項目のうち、記載の資料で確認したものが{}項目.*?{}項目.*?{}項目です"


def test_the_readmes_count_how_sure_the_rows_are() -> None:
    rows: dict[str, tuple[int, int, int, int]] = {}
    every_version: list[tuple[int, int, int, int]] = []
    for framework in available():
        marks = Counter(str(row.certainty) for row in load_framework(framework.id, framework.version).requirements)
        every_version.append((marks.total(), marks["C"], marks["C2"], marks["M"]))
        rows[framework.id] = (marks.total(), marks["C"], marks["C2"], marks["M"])
    total, confirmed, reported, unsure = map(sum, zip(*every_version, strict=True))
    for readme, words in (("README.md", "Of all {} rows {} are.*?{} only.*?and {} are"), ("README.ja.md", _ALL_ROWS)):
        text = (ROOT / readme).read_text("utf-8")
        assert re.search(words.format(total, confirmed, reported, unsure), text, re.DOTALL)
        assert re.search(rf"{len(rows)}( frameworks|のフレームワーク)", text)
        assert f"{len(every_version)} versions" in text or f"{len(every_version)}版" in text
        assert f"{len(instruments())} instruments" in text or f"{len(instruments())}の文書" in text
    total, confirmed, reported, unsure = rows["jp.guideline13"]
    assert unsure == 0
    of_guideline = re.compile(rf"{total} rows.*?{confirmed} are confirmed.*?and {reported} only", re.DOTALL)
    assert of_guideline.search((ROOT / "README.md").read_text("utf-8"))
    of_guideline = re.compile(rf"{total}項目のうち{confirmed}項目を.*?{reported}項目を", re.DOTALL)
    assert of_guideline.search((ROOT / "README.ja.md").read_text("utf-8"))
    total, confirmed, reported, unsure = rows["jp.aigb"]
    of_business = re.compile(rf"{total} rows.*?{confirmed} are.*?{reported} confirmed in.*?{unsure} come", re.DOTALL)
    assert of_business.search((ROOT / "README.md").read_text("utf-8"))
    of_business = re.compile(rf"{total}項目のうち{confirmed}項目を.*?{reported}項目を.*?{unsure}項目は", re.DOTALL)
    assert of_business.search((ROOT / "README.ja.md").read_text("utf-8"))
