"""The watch against a real server whose pages change, move, vanish, hang and swell. It proposes and never records."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import click
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from shinrai.cli.watching import NOT_ALL_SEEN, NOTHING_OPEN, OPEN_PROPOSALS, watch_command
from shinrai.evidence import Home, Store
from shinrai.language import Bilingual, Language, ShinraiError
from shinrai.planwatch.sources.difference import COLUMNS, MOST_LINES, difference
from shinrai.planwatch.sources.fetching import FailureKind, Limits
from shinrai.planwatch.sources.memory import Memory
from shinrai.planwatch.sources.watch import Outcome, Sighting, open_proposals, settle, watch
from shinrai.planwatch.sources.watched import SourceKind, WatchedSource, parse_list, read_list
from shinrai.report.characters import width

from .source_server import Say, SourceServer, answer, drop, redirect, serving
from .test_source_egov import NOW, REVISIONS

QUICK = Limits(seconds=3, silence=1, attempts=2, backoff=0.01)
ONE = "<html><head><title>計画</title></head><body><p>第Ⅰ期</p><p>進捗</p><script>{}</script></body></html>"
TWO = ONE.replace("第Ⅰ期", "第Ⅱ期")


@pytest.fixture
def server() -> Iterator[SourceServer]:
    with serving() as told:
        yield told


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "watch"


@pytest.fixture
def look(server: SourceServer, folder: Path) -> Callable[..., Sighting]:
    """Return what looks once at a page that answers as told."""

    def once(say: Say, kind: SourceKind = SourceKind.PAGE, limits: Limits = QUICK, **more: str) -> Sighting:
        server.pages["/plan"] = say
        (sighting,) = watch([source(server, kind, **more)], folder, limits=limits, pause=0)
        return sighting

    return once


def source(server: SourceServer, kind: SourceKind = SourceKind.PAGE, **more: str) -> WatchedSource:
    listed = WatchedSource("PLAN", Bilingual("計画", "Plan"), server.at("/plan"), kind, ("JP-BP1-3.1.ii",))
    return replace(listed, **more)


def test_a_changed_page_is_proposed_until_somebody_has_dealt_with_it(
    server: SourceServer, folder: Path, look: Callable[..., Sighting]
) -> None:
    first = look(answer(ONE))
    assert (first.outcome, first.proposal) == (Outcome.FIRST_SEEN, None)
    assert look(answer(ONE)).outcome is Outcome.UNCHANGED
    changed = look(answer(TWO))
    assert changed.outcome is Outcome.CHANGED
    proposal = changed.proposal
    assert proposal is not None and proposal.difference is not None
    assert proposal.difference.lines == ("@@", " 計画", "-第Ⅰ期", "+第Ⅱ期", " 進捗")
    assert proposal.old.sha256 != proposal.new.sha256
    assert proposal.source.concerns == ("JP-BP1-3.1.ii",)
    assert proposal.noticed == changed.trace.last_changed == changed.trace.last_seen
    # It stays, with the same moment, as long as nobody has dealt with it; also when nothing is fetched.
    again = look(answer(TWO))
    assert again.outcome is Outcome.UNCHANGED
    assert again.proposal is not None
    assert open_proposals([source(server)], folder) == (again.proposal,) == (proposal,)
    assert settle(source(server), folder)
    assert open_proposals([source(server)], folder) == ()
    assert not settle(source(server), folder)
    assert look(answer(TWO)).proposal is None


def test_a_change_that_was_taken_back_is_no_proposal(look: Callable[..., Sighting]) -> None:
    look(answer(ONE))
    assert look(answer(TWO)).proposal is not None
    back = look(answer(ONE))
    assert (back.outcome, back.proposal) == (Outcome.CHANGED, None)


def test_another_nonce_and_another_encoding_are_no_change(look: Callable[..., Sighting]) -> None:
    look(answer(ONE.format("a")))
    again = look(answer(ONE.format("b")))
    assert (again.outcome, again.notes) == (Outcome.UNCHANGED, ())
    text = ONE.replace("Ⅰ", "一")
    look(answer(text))
    for encoding in ("shift_jis", "euc_jp"):
        other = look(answer(text.encode(encoding), kind="text/html"))
        assert (other.outcome, len(other.notes)) == (Outcome.UNCHANGED, 1)
        assert "encoding" in str(other.notes[0])


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        (answer("out of order", 503), FailureKind.OUTAGE),
        (drop, FailureKind.OUTAGE),
        (answer("gone", 404), FailureKind.NOT_FOUND),
        (answer("gone", 410), FailureKind.NOT_FOUND),
        (answer("no", 403), FailureKind.REFUSED),
        (redirect("https://elsewhere.example/plan", 301), FailureKind.MOVED),
        (answer(b""), FailureKind.EMPTY),
        (answer(b"<p>\x81\xff\xff\x81</p>", kind="text/html"), FailureKind.UNDECODABLE),
        (answer(b"not gzip", Content_Encoding="gzip"), FailureKind.UNDECODABLE),
    ],
)
def test_what_cannot_be_seen_is_never_unchanged_and_the_last_good_state_stays(
    look: Callable[..., Sighting], broken: Say, kind: FailureKind
) -> None:
    seen = look(answer(ONE))
    failed = look(broken)
    assert (failed.outcome, failed.proposal) == (Outcome.FAILED, None)
    assert failed.failure is not None and failed.failure.kind is kind
    assert (failed.trace.latest, failed.trace.baseline) == (seen.trace.latest, seen.trace.baseline)
    assert failed.trace.last_seen == seen.trace.last_seen
    since = failed.trace.failing_since
    assert since is not None
    assert look(broken).trace.failing_since == since
    back = look(answer(ONE))
    assert (back.outcome, back.trace.failing_since) == (Outcome.UNCHANGED, None)
    assert "could not be seen since" in str(back.notes[-1])
    # The failure is remembered as the last one, though it is over.
    assert back.trace.last_failure is not None and back.trace.last_failure.kind is kind
    assert look(answer(TWO)).proposal is not None


def test_fifty_megabytes_a_stream_without_end_and_a_hanging_server(
    server: SourceServer, look: Callable[..., Sighting]
) -> None:
    look(answer(ONE))
    big = look(answer(b"<p>a</p>" * 6_250_000))
    assert big.failure is not None and big.failure.kind is FailureKind.TOO_LARGE
    endless = look(server.stream(b"<p>a</p>" * 10_000))
    assert endless.failure is not None and endless.failure.kind is FailureKind.TOO_LARGE
    for slow in (server.hang, server.stream(b"a", pause=0.02), server.drip_headers):
        hanging = look(slow, limits=Limits(seconds=0.5))
        assert hanging.failure is not None and hanging.failure.kind is FailureKind.TIMEOUT
    assert look(answer(ONE)).outcome is Outcome.UNCHANGED


def test_a_redirect_on_the_site_is_followed_and_said(server: SourceServer, look: Callable[..., Sighting]) -> None:
    look(answer(ONE))
    server.pages["/new"] = answer(ONE)
    moved = look(redirect("/new", 301))
    assert moved.outcome is Outcome.UNCHANGED
    assert server.at("/new") in str(moved.notes[0])


def test_a_source_never_seen_has_nothing_to_compare(look: Callable[..., Sighting]) -> None:
    failed = look(answer("", 500))
    assert (failed.trace.latest, failed.trace.last_seen, failed.proposal) == (None, None, None)
    assert look(answer(ONE)).outcome is Outcome.FIRST_SEEN


def test_files_are_compared_by_their_bytes_and_with_the_hash_of_the_list(look: Callable[..., Sighting]) -> None:
    pdf = {"kind": "application/pdf"}
    known = look(answer(b"%PDF-1", **pdf), SourceKind.FILE).trace.latest
    assert known is not None and known.text_sha256 is None
    changed = look(answer(b"%PDF-2", **pdf), SourceKind.FILE)
    assert changed.proposal is not None and changed.proposal.difference is None


def test_a_hash_in_the_list_is_compared_from_the_first_look_on(
    server: SourceServer, folder: Path, look: Callable[..., Sighting]
) -> None:
    pin = "0" * 64
    first = look(answer(b"%PDF-2"), SourceKind.FILE, sha256=pin)
    assert first.outcome is Outcome.CHANGED
    assert first.proposal is not None and first.proposal.old.sha256 == pin
    # A newer list knows the new version, so nothing is open any more.
    newer = source(server, SourceKind.FILE, sha256=first.proposal.new.sha256)
    assert open_proposals([newer], folder) == ()


def test_a_law_is_compared_by_its_revisions(look: Callable[..., Sighting]) -> None:
    def law(*revisions: object) -> Say:
        return answer(json.dumps(REVISIONS | {"revisions": list(revisions)}), kind="application/json")

    look(law(NOW), SourceKind.LAW)
    # A correction of the data that touches nothing of the law.
    assert look(law(NOW | {"updated": "2117-07-01T00:00:00+09:00"}), SourceKind.LAW).outcome is Outcome.UNCHANGED
    changed = look(law(REVISIONS["revisions"][0], NOW), SourceKind.LAW)
    assert changed.proposal is not None and changed.proposal.difference is not None
    (added,) = [line for line in changed.proposal.difference.lines if line.startswith("+")]
    assert "UnEnforced" in added and "2118-04-01" in added
    for wrong in (answer("{}"), answer("<html>maintenance</html>"), law({"law_revision_id": 1})):
        failed = look(wrong, SourceKind.LAW)
        assert failed.failure is not None and failed.failure.kind is FailureKind.MALFORMED
        assert failed.trace.latest == changed.trace.latest
        assert failed.notes


def test_other_media_are_compared_as_what_they_are(look: Callable[..., Sighting]) -> None:
    look(answer('{"a": 1, "b": [2]}', kind="application/json"))
    assert look(answer('{ "a":1,"b":[ 2 ] }', kind="application/json")).outcome is Outcome.UNCHANGED
    changed = look(answer('{"a": 1, "b": [3]}', kind="application/json"))
    assert changed.proposal is not None and changed.proposal.difference is not None
    assert "+3" in changed.proposal.difference.lines
    assert look(answer("{broken", kind="application/json")).outcome is Outcome.CHANGED
    assert look(answer(b"%PDF", kind="application/pdf")).outcome is Outcome.CHANGED
    empty = look(answer("<script>draw()</script>"))
    assert empty.outcome is Outcome.CHANGED
    assert "no text" in str(empty.notes[0])
    assert look(answer("<script>draw()</script>")).outcome is Outcome.UNCHANGED
    assert look(answer("<script>draw(1)</script>")).outcome is Outcome.CHANGED


def test_a_run_that_was_broken_off_is_gone_on_with(server: SourceServer, folder: Path) -> None:
    sources = [replace(source(server), id=f"S{at}", address=server.at(f"/{at}")) for at in range(3)]
    server.pages |= {f"/{at}": answer(ONE) for at in range(3)}
    list(watch(sources, folder, limits=QUICK, pause=0))
    server.pages |= {f"/{at}": answer(TWO) for at in range(3)}
    running = watch(sources, folder, limits=QUICK, pause=0)
    next(running)
    running.close()
    # What had been seen is not lost although nobody was shown it.
    assert [proposal.source.id for proposal in open_proposals(sources, folder)] == ["S0"]
    assert len([each for each in watch(sources, folder, limits=QUICK, pause=0) if each.proposal]) == 3


def test_only_texts_that_are_needed_are_kept(folder: Path, look: Callable[..., Sighting]) -> None:
    for at in range(5):
        look(answer(f"<p>{at}</p>"))
    kept = sorted(path.read_text() for path in (folder / "texts").iterdir())
    assert kept == ["0", "4"]
    for path in (folder / "texts").iterdir():
        path.write_text("forged")
    proposal = look(answer("<p>4</p>")).proposal
    # Without the whole text there is a change, but no wording of it.
    assert proposal is not None and proposal.difference is None


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b'{"watch": 2, "sources": {}}',
        b'{"watch": 1, "sources": []}',
        b'{"watch": 1, "sources": {"PLAN": {}}}',
        b'{"watch": 1, "sources": {"PLAN": {"address": "a", "latest": {"sha256": "../../x"}}}}',
        b'{"watch": 1, "sources": {"PLAN": {"address": "a", "last_seen": "yesterday"}}}',
    ],
)
def test_a_damaged_memory_is_said_and_not_overwritten(
    folder: Path, look: Callable[..., Sighting], damage: bytes
) -> None:
    look(answer(ONE))
    (folder / "state.json").write_bytes(damage)
    with pytest.raises(ShinraiError, match="damaged") as caught:
        look(answer(TWO))
    assert caught.value.fix is not None
    assert caught.value.place is not None and caught.value.place.file.endswith("state.json")
    assert (folder / "state.json").read_bytes() == damage


def test_what_is_remembered_comes_back_as_it_was(folder: Path, look: Callable[..., Sighting]) -> None:
    for say in (answer(ONE), answer(TWO), redirect("https://elsewhere.example/", 301)):
        trace = look(say).trace
    assert Memory(folder).traces() == {"PLAN": trace}


def test_pages_cannot_act_on_the_terminal(look: Callable[..., Sighting]) -> None:
    look(answer("<p>calm</p>"))
    said = look(answer("<p>\x1b[2J\x1b]0;owned\x07 \u202egnp.exe\u200b</p>" + "<p>" + "長" * 10_000 + "</p>")).proposal
    assert said is not None and said.difference is not None
    for line in said.difference.lines:
        assert line.isprintable()
        assert width(line) <= COLUMNS + 1


@given(st.lists(st.sampled_from("abcd")), st.lists(st.sampled_from("abcd")))
def test_a_difference_counts_what_came_and_went(before: list[str], after: list[str]) -> None:
    found = difference("\n".join(before), "\n".join(after))
    assert len(before) + found.added - found.removed == len(after)
    assert (found.added == found.removed == 0) == (before == after)
    assert len(found.lines) <= MOST_LINES


def test_a_long_difference_is_cut_and_says_so() -> None:
    found = difference("\n".join(f"a{at}" for at in range(5_000)), "\n".join(f"b{at}" for at in range(4_000)))
    assert (found.removed, found.added) == (5_000, 4_000)
    assert (len(found.lines), found.left_out) == (MOST_LINES, 9_000 - MOST_LINES)


def test_the_shipped_list_says_how_sure_it_is() -> None:
    shipped = read_list()
    assert {"SRC-CAO-PLAN", "SRC-EGOV-AI-ACT", "SRC-EGOV-APPI", "SRC-AISI", "SRC-OECD"} <= {
        listed.id for listed in shipped.sources
    }
    assert {"SRC-EGOV1", "SRC-ESTAT", "SRC-NDL", "SRC-DA", "SRC-WP"} <= {each.id for each in shipped.not_watched}
    for listed in shipped.sources:
        assert listed.certainty is not None
        assert listed.address.startswith("https://")
        assert listed.concerns
        assert listed.title.ja != listed.title.en
        assert (listed.kind is SourceKind.LAW) == ("laws.e-gov.go.jp" in listed.address)
    pinned = {listed.id: listed.sha256 for listed in shipped.sources if listed.sha256}
    assert pinned == {
        "SRC-CAO-GUIDELINE-JA": "29848f122e4c7ed063cad7bfde9172cbc1d3b88ee568777aeb69a207c4fa52f0",
        "SRC-CAO-GUIDELINE-EN": "e16ebd6c16688d5348ce08bf782f7c7d26e4809b0c3010ae6b54bd612694ee3b",
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"address": "ftp://example.com/"}, "address"),
        ({"address": "http://user:hidden@example.com/"}, "address"),
        ({"kind": "picture"}, "kind"),
        ({"id": "../x"}, "id"),
        ({"sha256": "ABC"}, "sha256"),
        ({"certainty": "sure"}, "certainty"),
        ({"concerns": ["a b"]}, "concerns[0]"),
        ({"colour": "red"}, "colour"),
        ({"title": ""}, "title"),
    ],
)
def test_a_list_is_read_strictly(change: dict[str, object], said: str) -> None:
    entry: dict[str, object] = {"id": "A", "title": "a", "address": "https://example.com/", "kind": "page"}
    good = yaml.safe_dump({"watched": "1", "sources": [entry]}).encode()
    assert parse_list(good, "mine.yaml").sources[0].title == Bilingual("a", "a")
    bad = yaml.safe_dump({"watched": "1", "sources": [entry | change]}, allow_unicode=True).encode()
    with pytest.raises(ShinraiError) as caught:
        parse_list(bad, "mine.yaml")
    assert caught.value.place is not None
    assert caught.value.place.file == "mine.yaml"
    assert caught.value.place.line is not None
    assert said in (caught.value.place.field or "")
    assert "hidden" not in str(caught.value)


def test_ids_of_a_list_are_unique() -> None:
    entry = {"id": "A", "title": "a", "address": "https://example.com/", "kind": "page"}
    with pytest.raises(ShinraiError, match="already used"):
        parse_list(yaml.safe_dump({"watched": "1", "sources": [entry, dict(entry)]}).encode(), "mine.yaml")


def run(language: Language, *arguments: str) -> int:
    result = watch_command(language).main(list(arguments), standalone_mode=False)
    return int(result)


@pytest.fixture
def mine(server: SourceServer, tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    entries = [
        {"id": "PLAN", "title": {"ja": "計画の頁", "en": "Plan page"}, "address": server.at("/plan"), "kind": "page",
         "concerns": ["OWN-1"]},
        {"id": "FILE", "title": "A file", "address": server.at("/file").replace("127.0.0.1", "localhost"),
         "kind": "file"},
    ]  # fmt: skip
    path.write_text(yaml.safe_dump({"watched": "1", "sources": entries}, allow_unicode=True), encoding="utf-8")
    server.pages |= {"/plan": answer(ONE), "/file": answer(b"%PDF")}
    return path


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHINRAI_HOME", raising=False)


def test_the_command_proposes_and_the_log_stays_as_it_is(
    server: SourceServer, mine: Path, home: Home, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    leaves = store.leaves()
    store.close()
    before = {path: path.read_bytes() for path in home.path.rglob("*") if path.is_file()}
    given_ = ("--list", str(mine), "--home", str(home.path))
    assert run(Language.EN, *given_) == NOTHING_OPEN
    assert "PLAN: seen for the first time." in capsys.readouterr().out
    server.pages |= {"/plan": answer(TWO), "/file": answer("", 404)}
    assert run(Language.EN, *given_) == OPEN_PROPOSALS
    shown = capsys.readouterr().out
    for part in (
        "PLAN: changed.",
        "+第Ⅱ期",
        "may concern: OWN-1",
        "FILE: could not be seen.",
        "HTTP 404",
        "Nothing was recorded",
    ):
        assert part in shown
    assert run(Language.JA, *given_, "--only", "PLAN") == OPEN_PROPOSALS
    assert run(Language.EN, *given_, "--done", "PLAN", "--done", "FILE") == NOTHING_OPEN
    assert "FILE: no change is open." in capsys.readouterr().out
    assert run(Language.EN, *given_) == NOT_ALL_SEEN
    after = {path: path.read_bytes() for path in home.path.rglob("*") if path.is_file()}
    # Only the watch's own folder has anything new; database, keys and log are the same to the last byte.
    assert {path for path in after if after[path] != before.get(path)} == {
        path for path in after if path.is_relative_to(home.path / "watch")
    }
    assert before.keys() <= after.keys()
    again = Store(home)
    assert again.leaves() == leaves
    again.close()


def test_a_fresh_data_folder_gets_no_log(mine: Path, tmp_path: Path) -> None:
    run(Language.EN, "--list", str(mine), "--home", str(tmp_path / "fresh"))
    assert not (tmp_path / "fresh" / "shinrai.db").exists()
    assert (tmp_path / "fresh" / "watch" / "state.json").exists()


def test_the_command_speaks_json(
    server: SourceServer, mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given_ = ("--list", str(mine), "--home", str(tmp_path / "home"), "--json")
    run(Language.EN, *given_)
    server.pages |= {"/plan": answer(TWO), "/file": redirect("https://elsewhere.example/")}
    capsys.readouterr()
    assert run(Language.EN, *given_) == OPEN_PROPOSALS
    said = json.loads(capsys.readouterr().out)
    assert [(each["source"], each["outcome"]) for each in said["sightings"]] == [
        ("PLAN", "changed"),
        ("FILE", "failed"),
    ]
    assert said["sightings"][1]["failure"]["moved_to"] == "https://elsewhere.example/"
    (proposal,) = said["proposals"]
    assert (proposal["concerns"], proposal["title"]["ja"]) == (["OWN-1"], "計画の頁")
    assert (proposal["difference"]["added"], proposal["difference"]["removed"]) == (1, 1)


def test_a_dry_run_contacts_nobody(
    server: SourceServer,
    mine: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SHINRAI_HOME", str(tmp_path / "never"))
    assert run(Language.EN, "--list", str(mine), "--dry-run") == NOTHING_OPEN
    shown = capsys.readouterr().out
    assert server.at("/plan") in shown and "Nothing was contacted." in shown
    assert run(Language.EN, "--dry-run", "--json") == NOTHING_OPEN
    listed = json.loads(capsys.readouterr().out)
    assert len(listed["sources"]) == len(read_list().sources)
    assert server.seen == []
    assert not (tmp_path / "never").exists()


def test_wrong_words_on_the_command_line_are_errors(mine: Path, tmp_path: Path) -> None:
    given_ = ("--list", str(mine), "--home", str(tmp_path / "home"))
    with pytest.raises(ShinraiError, match="lists no source") as caught:
        run(Language.EN, *given_, "--only", "PLAM")
    assert "PLAN" in str(caught.value.fix)
    with pytest.raises(ShinraiError, match="cannot be read"):
        run(Language.EN, "--list", str(tmp_path / "none.yaml"), "--dry-run")
    with pytest.raises(click.UsageError):
        run(Language.EN, "--no-such")


@pytest.mark.parametrize("language", list(Language))
def test_a_dry_run_of_the_shipped_list_names_what_is_not_watched_too(
    language: Language, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(language, "--dry-run") == NOTHING_OPEN
    shown = capsys.readouterr().out
    shipped = read_list()
    assert all(listed.address in shown for listed in shipped.sources)
    assert all(each.reason.text(language) in shown for each in shipped.not_watched)


def test_the_command_says_what_it_leaves_out(
    server: SourceServer, mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given_ = ("--list", str(mine), "--home", str(tmp_path / "home"))
    run(Language.EN, *given_)
    server.pages |= {"/plan": answer("".join(f"<p>{at}</p>" for at in range(99))), "/file": answer(b"%PDF-2")}
    assert run(Language.EN, *given_) == OPEN_PROPOSALS
    shown = capsys.readouterr().out
    assert "more lines" in shown
    assert "There is no text to compare" in shown
    assert run(Language.EN, *given_) == OPEN_PROPOSALS
    assert "PLAN: unchanged since 20" in capsys.readouterr().out
