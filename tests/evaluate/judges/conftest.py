"""A judge's endpoint on loopback, which answers as a test tells it to."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from shinrai.evaluate.runner.settings import RunSettings
from shinrai.evaluate.scorers.judge import Judge
from shinrai.evaluate.scorers.judge_prompt import Judged
from shinrai.evaluate.targets.chat import ChatTarget
from shinrai.language import Language


@dataclass(frozen=True)
class Asked:
    """What a judge was asked, as a model would read it."""

    system: str
    user: str
    seen_before: int

    @property
    def token(self) -> str:
        return re.search(r"token[:：]\s?(?:the text|文字列) ([0-9a-f]{32})", self.system)[1]  # type: ignore[index]

    def block(self, name: str) -> str:
        return re.search(rf"<<<{name} [0-9a-f]{{32}}\n(.*?)\n<<<END {name} ", self.user, re.DOTALL)[1]  # type: ignore[index]

    @property
    def answer(self) -> str:
        return self.block("ANSWER")

    def verdict(self, word: str, quotes: tuple[str, ...] = (), **other: Any) -> str:
        return json.dumps({"verdict": word, "quotes": list(quotes), "reason": "Because.", "token": self.token} | other)

    def preference(self, word: str) -> str:
        fields = {"better": word, "quotes_first": [], "quotes_second": [], "reason": "Because.", "token": self.token}
        return json.dumps(fields)


Behaviour = Callable[[Asked], str]


@dataclass
class Endpoint:
    """A running endpoint. asked: everything it was asked, in order."""

    behaviour: Behaviour
    model: str
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    dead: bool = False
    finish: str = "stop"

    def target(self, **given: Any) -> ChatTarget:
        return ChatTarget(**{"id": "judge", "url": self.url, "model": self.model} | given)

    def judge(self, repeats: int = 1, language: Language = Language.EN, **given: Any) -> Judge:
        return Judge("clerk", self.target(**given), language, repeats)


class Server(ThreadingHTTPServer):
    """A server with room for all who connect at once: who is turned away comes back a second later, or three."""

    daemon_threads = True
    request_queue_size = 1024


@contextmanager
def serving(behaviour: Behaviour, model: str) -> Iterator[Endpoint]:
    endpoint = Endpoint(behaviour, model)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65_536  # head and body in one packet

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            system, user = (each["content"] for each in body["messages"])
            with lock:
                before = sum(each.user == user for each in endpoint.asked)
                asked = Asked(system, user, before)
                endpoint.asked.append(asked)
                endpoint.bodies.append(body)
            if endpoint.dead:
                self.send_error(400)
                return
            choice = {"message": {"content": endpoint.behaviour(asked)}, "finish_reason": endpoint.finish}
            said = json.dumps({"model": endpoint.model, "choices": [choice]}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: Any) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    endpoint.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@pytest.fixture
def serve() -> Iterator[Callable[..., Endpoint]]:
    with ExitStack() as stack:

        def start(behaviour: Behaviour, model: str = "judge-1") -> Endpoint:
            return stack.enter_context(serving(behaviour, model))

        yield start


@pytest.fixture
def settings() -> RunSettings:
    return RunSettings(deadline_seconds=10, retries=0, give_up_after=1000)


def names_the_counter(asked: Asked) -> str:
    """A judge that does its work: it looks for the counter that the answer has to name."""
    if "3番窓口" in asked.answer:
        return asked.verdict("met", ("3番窓口",))
    return asked.verdict("not_met")


@pytest.fixture
def fair() -> Behaviour:
    return names_the_counter


@pytest.fixture
def judged() -> Callable[..., Judged]:
    def make(answer: str, key: str = "a" * 64, language: str = "ja") -> Judged:
        return Judged(key, "窓口の番号を答える。", "user: 住民票はどこですか。", answer, language)

    return make
