"""Keys are references, and nothing we write shows what they stand for."""

import pytest

from shinrai.evaluate.runner.settings import RunSettings
from shinrai.evaluate.targets.chat import ChatTarget
from shinrai.evaluate.targets.chat_wire import Sampling
from shinrai.evaluate.targets.references import resolve
from shinrai.language import ShinraiError

SECRET = "sk-tokenoftest"  # noqa: S105  (opens nothing)


def test_both_kinds_resolve(tmp_path):
    file = tmp_path / "key"
    file.write_text(f"{SECRET}\n")
    assert resolve("env:THE_KEY", {"THE_KEY": SECRET}).value == SECRET
    assert resolve(f"file:{file}").value == SECRET
    assert SECRET not in repr(resolve("env:THE_KEY", {"THE_KEY": SECRET}))


@pytest.mark.parametrize(
    ("reference", "value", "said"),
    [
        (SECRET, "", "A key is given that is no reference"),
        ("env:", "", "A key is given that is no reference"),
        ("env:lower case", "", "A key is given that is no reference"),
        ("file:", "", "A key is given that is no reference"),
        ("env:UNSET", None, "UNSET is not set"),
        ("env:THE_KEY", " \n", "is empty or holds characters"),
        ("env:THE_KEY", f"{SECRET}\r\nX-Evil: 1", "is empty or holds characters"),
        ("env:THE_KEY", "鍵", "is empty or holds characters"),
        ("file:/nowhere/at/all", "", "cannot be read"),
    ],
)
def test_what_cannot_be_resolved_is_said_without_the_secret(reference, value, said):
    with pytest.raises(ShinraiError) as raised:
        resolve(reference, {} if value is None else {"THE_KEY": value})
    assert said in str(raised.value)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * 70_000])
def test_a_file_that_is_no_key(tmp_path, content):
    file = tmp_path / "key"
    file.write_bytes(content)
    with pytest.raises(ShinraiError, match="is empty or holds characters"):
        resolve(f"file:{file}")


@pytest.mark.parametrize("behaviour", ["ok", "refused", "redirect"])
def test_a_key_is_sent_and_shows_up_nowhere(server, chat, take, monkeypatch, tmp_path, caplog, capfd, behaviour):
    monkeypatch.setenv("DESK_KEY", SECRET)
    server.behaviour = behaviour
    target = chat(key="env:DESK_KEY", headers={"X-Other": "env:DESK_KEY", "X-Plain": "yes"})
    summary, samples = take(target, 3, RunSettings(retries=0))
    for request in server.requests:
        assert request.headers["authorization"] == f"Bearer {SECRET}"
        assert (request.headers["x-other"], request.headers["x-plain"]) == (SECRET, "yes")
    assert {request.path for request in server.requests} == {"/v1/chat/completions"}
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    shown = [repr(target), repr(target.identity()), repr(summary), repr(samples), caplog.text, *capfd.readouterr()]
    assert SECRET not in "".join(shown)
    assert SECRET.encode() not in written
    assert {sample.fault.detail for sample in samples if sample.fault} <= {
        "HTTP 401",
        "the server redirects, which is not followed",
    }


@pytest.mark.parametrize(
    ("described", "said"),
    [
        ({"url": "ftp://host/v1"}, "no http or https address"),
        ({"url": "https:///v1"}, "no http or https address"),
        ({"url": "https://user:pass@host/v1"}, "carries a user name or password"),
        ({"url": "http://host.example/v1", "key": "env:K"}, "without encryption"),
        ({"sampling": Sampling(extra={"messages": []})}, "messages cannot be set"),
        ({"headers": {"Authorization": "Bearer abc"}}, "Authorization cannot be set"),
        ({"headers": {"Api-Key": "abcpass"}}, "Api-Key seems to hold a key"),
        ({"headers": {"X-Auth": "abcpass"}}, "X-Auth seems to hold a key"),
        ({"url": "https://host/v1?api_key=abcpass"}, "carries a key in its query"),
        ({"headers": {"Host": "other"}}, "Host cannot be set"),
        ({"headers": {"X-A": "b\r\nX-Evil: 1"}}, "no HTTP header"),
    ],
)
def test_a_description_that_would_leak_or_lie_is_refused(described, said):
    with pytest.raises(ShinraiError, match=said) as raised:
        ChatTarget(**{"id": "t", "url": "https://host/v1", "model": "m", **described})
    assert "pass" not in str(raised.value).replace("password", "")


def test_a_missing_key_ends_the_run_before_it_begins(server, chat, take, monkeypatch):
    monkeypatch.delenv("DESK_KEY", raising=False)
    with pytest.raises(ShinraiError, match="DESK_KEY is not set"):
        take(chat(key="env:DESK_KEY"), 3)
    assert server.requests == []
