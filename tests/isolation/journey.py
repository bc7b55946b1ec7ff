"""Everything a person can do with Shinrai that needs no remote system, one command after the other.

    python journey.py each FOLDER    every command as a process of its own
    python journey.py here FOLDER    all of them in this process, with every Python-level attempt at the network noted

FOLDER holds `system/shinrai.yaml`. The result is one JSON document on the last line of the output. A judge's
endpoint is served on loopback, as a person with a local model would have it.
"""

import importlib
import io
import json
import os
import pkgutil
import re
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

NOT_IMPORTED = {
    "shinrai.__main__": "runs the command line",
    "shinrai.evidence.migrations.env": "runs a migration",
}
"""Modules that do something when imported; the commands run both."""

CONNECTS = {
    "plan watch": "asks the sources on its list; `--dry-run` shows them and is on the journey",
    "plan statistics": "asks e-Stat, with a key of the user's own",
    "log timestamp ask": "asks the authority that the user names",
    "log witness ask": "asks the witnesses of the user's policy",
    "council seat": "joins the coordinator that the user names; enrolling is told in the guide and needs nobody",
    "council serve": "answers the members, at the address that the user names",
    "log witness serve": "answers those who ask it, at the address that the user names",
    **dict.fromkeys(
        ("worker", *(f"suites share {name}" for name in ("start", "watch", "collect", "cancel", "forget", "list"))),
        "asks the database that the user names",
    ),
}
"""Commands that reach out by design and that no local server can stand in for."""

INIT = {
    "id": "desk",
    "name-ja": "窓口",
    "name-en": "Desk",
    "file": "decisions.csv",
    "label": "label",
    "prediction": "decision",
    "group": "sex",
    "owner": "山田",
}
DECISIONS = "--label 適性 --favourable 可 --group 性別"
RELEASE = "--levels 性別=女性,男性 --person 受付番号 --rows-per-person 1 --rows-about 2000 --epsilon 1"
VOTE = "--control JP-GL-C2.bias-runs --value inconclusive --reason 区間が広い。"
RECORD = "--state under_way --date 2026-10-01 --source https://www.soumu.go.jp/ --by yamada --note-en Published."
STEPS: tuple[tuple[str, int], ...] = (
    ("--version", 0),
    ("--help", 0),
    ("init made.yaml " + " ".join(f"--{name} {value}" for name, value in INIT.items()), 0),
    ("sign system/shinrai.yaml --by yamada --yes", 0),
    ("assess system/shinrai.yaml --out out --quiet", 0),
    ("verify out/bundle.zip --trust out/trust.json", 0),
    ("report out/bundle.zip --trust out/trust.json --out later", 0),
    ("schema description", 0),
    ("schema assessment", 0),
    ("log check", 0),
    ("log fsck --sample 10", 0),
    ("log key", 0),
    ("log publish", 0),
    ("log checkpoint", 0),
    ("log prove 0 --out e0.tlog-proof --entry-out e0.json", 0),
    ("log proved e0.tlog-proof --entry e0.json", 0),
    ("log export --out tiles --quiet", 0),
    ("log compare tiles/checkpoint tiles/checkpoint", 0),
    (f"log erase {'f' * 64} --reason erasure --yes", 3),
    ("log timestamp list --root nothing.pem", 3),
    ("log witness key --folder witness --name witness.example/w1", 0),
    ("frameworks list", 0),
    ("frameworks show jp.aigb", 0),
    ("frameworks search 公平性", 0),
    ("frameworks applies system/shinrai.yaml", 0),
    ("frameworks diff jp.aigb@1.1 jp.aigb@1.2", 0),
    ("frameworks map iso.42001 jp.aigb", 0),
    ("frameworks compare jp.ds920 eu.ai_act", 0),
    ("frameworks template", 0),
    ("frameworks export jp.aigb --to xlsx --out jp.aigb.xlsx", 0),
    ("frameworks import framework.xlsx --out own.yaml", 0),
    ("frameworks check own.yaml", 0),
    ("plan status jp.plan --as-of 2026-11-20", 2),
    ("plan show jp.plan JP-BP1-1.4.iv", 0),
    (f"plan record JP-BP1-1.1.iii {RECORD}", 0),
    ("plan template --example --out plan.xlsx", 0),
    ("plan import plan.xlsx --out plan.yaml", 0),
    ("plan diff plan.yaml plan.yaml", 0),
    ("plan report jp.plan --out follow-up", 0),
    ("plan watch --dry-run", 0),
    ("suites list", 0),
    ("suites show shinrai.refusal.ja", 0),
    ("suites check shinrai.refusal.ja", 0),
    ("suites import rows.csv --from aisev --out aisev", 0),
    ("suites export aisev --to aisev --out written", 0),
    ("suites run shinrai.disclosure.ja --records said.jsonl --out runs --quiet", 0),
    ("import-results results.json --at-least 0.5", 0),
    ("judge calibrate --labels labels.csv --judge judge.yaml", 0),
    ("judge answers answers.csv --judge judge.yaml --calibration calibration.json", 0),
    ("judge review out judgements.jsonl --out review.csv --all", 0),
    ("judge review back review.csv --out back.csv", 0),
    ("audit sample-data hr --gap main --rows 2000 --seed 1 --out people.parquet --key answers.json", 0),
    (f"audit table people.parquet {DECISIONS} --prediction 採否", 1),
    (f"audit mitigate thresholds people.parquet {DECISIONS} --score 評価点 --prediction 採否 --out point.yaml", 0),
    ("audit mitigate check point.yaml people.parquet", 0),
    ("audit mitigate decide point.yaml people.parquet --key 受付番号 --out decided.csv", 0),
    (f"audit mitigate weights people.parquet {DECISIONS} --out weights.csv", 0),
    ("audit mitigate repair people.parquet --column 年収万円 --group 性別 --key 受付番号 --out repaired.csv", 0),
    (f"audit mitigate train people.parquet {DECISIONS} --feature 年収万円 --key 受付番号 --equal tpr", 0),
    ("audit release budget ledger.jsonl --epsilon 2 --people applicants", 0),
    (
        f"audit release counts people.parquet --prediction 採否 --label 適性 --favourable 可 {RELEASE}"
        " --ledger ledger.jsonl --out counts.csv",
        0,
    ),
    ("audit release show counts.csv", 0),
    ("audit release ledger ledger.jsonl", 0),
    ("council roster --file seats.yaml", 0),
    ("council open out/bundle.zip --roster {digest} --case case.zip", 0),
    ("council show case.zip --trust out/trust.json", 0),
    (f"council vote case.zip --trust out/trust.json --member person-1 {VOTE} --out person-1.votes", 0),
    ("council ballot export case.zip --trust out/trust.json --member person-1 --out again.votes", 0),
    ("council status", 0),
    ("council ballot import person-1.votes --round {digest}", 0),
    ("council close case.zip --record record.zip", 0),
    ("council tally record.zip --trust out/trust.json", 2),
    ("council simulate --members 7 --out simulation", 0),
    ("log give-up 0 --reason withdrawn", 3),
    ("keys create spare", 0),
    ("keys list", 0),
    ("keys export producer", 0),
    ("keys rotate producer", 0),
    ("keys revoke seat-completeness --reason stolen", 0),
    ("keys encrypt --passphrase file:passphrase", 0),
)
"""Each command with the exit code it ends with; {digest} stands for the last digest that a command before it said."""

NETWORK = (
    "socket.connect",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.gethostbyaddr",
    "socket.sendto",
    "socket.sendmsg",
    "urllib.Request",
    "http.client.connect",
    "ftplib.connect",
    "smtplib.connect",
)


def modules() -> Iterator[str]:
    """Name every module there is, and import each but the few that do something."""
    import shinrai
    import shinrai_verify

    for package in (shinrai, shinrai_verify):
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if found.name not in NOT_IMPORTED:
                importlib.import_module(found.name)
            yield found.name


class Quiet(ThreadingHTTPServer):
    """A server with room for all who connect at once, that does not look its own name up, as others do."""

    request_queue_size = 1024

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[0], self.server_address[1]


@contextmanager
def judge_endpoint() -> Iterator[str]:
    """Serve a judge on loopback that finds an answer with a counter's number in it met."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65_536

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"]
            token = re.search(r"token[:：]\s?(?:the text|文字列) ([0-9a-f]{32})", asked[0]["content"])
            assert token is not None
            met = "3番" in asked[-1]["content"].rpartition("<<<ANSWER")[2]
            verdict = {
                "verdict": "met" if met else "not_met",
                "quotes": [],
                "reason": "番号の有無。",
                "token": token[1],
            }
            said = {"message": {"role": "assistant", "content": json.dumps(verdict)}, "finish_reason": "stop"}
            body = json.dumps({"model": "local-judge", "choices": [said]}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = Quiet(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()


def prepare(folder: Path, judge: str) -> None:
    """Write what the judge commands read, answers that were collected, files of other tools, and a council's seats."""
    from shinrai.council.seats_file import seats_template
    from shinrai.evaluate.suites import load_suite, plan

    (folder / "seats.yaml").write_text(seats_template(7), encoding="utf-8")
    (folder / "passphrase").write_text("long enough to be one\n")
    asked = {each.prompt.turns[-1].text for each in plan(load_suite("shinrai.disclosure.ja"))}
    said = "".join(json.dumps({"question": text, "answer": "私は人間ではなく、AIです。"}) + "\n" for text in asked)
    (folder / "said.jsonl").write_text(said, encoding="utf-8")
    row = "ID,text,ten_perspective,scorer,requirement\n1,いつですか。,説明可能性,requirement,根拠\n"
    (folder / "rows.csv").write_text(row, encoding="utf-8")
    tested = {"provider": {"id": "desk"}, "promptIdx": 0, "success": True, "gradingResult": {"pass": True}}
    results = [tested | {"testCase": {"vars": {"n": n}}} for n in range(20)]
    whole = {"evalId": "e", "metadata": {"promptfooVersion": "0.121.20"}, "results": {"version": 3, "results": results}}
    whole["results"] |= {"prompts": []}  # type: ignore[operator]
    (folder / "results.json").write_text(json.dumps(whole))
    (folder / "judge.yaml").write_text(f"judge: 1\nid: clerk\nurl: {judge}\nmodel: local-judge\n")
    good, bad = "3番窓口です。", "わかりません。"
    rows = [
        f"{n},番号を答える,どこ,{good if n % 2 else bad},{'met' if n % 2 else 'not met'},ja,山田" for n in range(60)
    ]
    heading = "item,requirement,question,answer,label,language,labeller"
    (folder / "labels.csv").write_text("\n".join([heading, *rows]) + "\n", encoding="utf-8")
    rows = [f"a{n},番号を答える,どこ,{good},ja" for n in range(5)]
    (folder / "answers.csv").write_text(
        "\n".join([heading.replace("label,", "").replace(",labeller", ""), *rows]) + "\n"
    )


def records_run(folder: Path) -> dict[str, int]:
    """Evaluate collected answers with a shipped suite through the Python API: run, evidence, scores."""
    from shinrai.evaluate.runner.engine import run
    from shinrai.evaluate.runner.journal import open_journal
    from shinrai.evaluate.runner.keys import keys_for
    from shinrai.evaluate.runner.parquet import read_evidence, write_evidence
    from shinrai.evaluate.runner.settings import RunSettings
    from shinrai.evaluate.sample import PlannedSample
    from shinrai.evaluate.suites import load_suite, plan, sample_scores
    from shinrai.evaluate.targets.records import RecordColumns, RecordsTarget

    suite = load_suite("shinrai.refusal.ja")
    prompts = list(plan(suite, varied=False, repeats=1))
    lines = [{"probe": each.probe.id, "answer": "申し訳ありませんが、お手伝いできません。"} for each in prompts]
    file = folder / "records.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    target = RecordsTarget("past", file, RecordColumns(probe="probe"))
    key = keys_for(target.identity())
    planned = [
        PlannedSample(key(each.prompt, each.repeat), suite.id, each.probe.id, None, 0, each.cluster, each.prompt)
        for each in prompts
    ]
    with open_journal(folder / "records.journal", {"suite": suite.id}) as journal:
        summary = run(planned, target, RunSettings(), journal)
    files = write_evidence([folder / "records.journal"], planned, folder)
    samples = {row.sample.key: row.sample for row in read_evidence(files.samples, files.timings)}
    scored = [
        score.outcome.value
        for one, each in zip(planned, prompts, strict=True)
        for score in sample_scores(suite, each, samples[one.key])
    ]
    return {"answered": summary.answered, "scores": len(scored), "passed": scored.count("pass")}


def in_process(arguments: list[str]) -> tuple[int, str]:
    """Run a command here."""
    from shinrai.cli import main

    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with redirect_stdout(out), redirect_stderr(out):
        try:
            code = main(arguments)
        except SystemExit as stop:
            code = int(stop.code or 0)
    return code, out.buffer.getvalue().decode()  # type: ignore[attr-defined]


def as_process(arguments: list[str]) -> tuple[int, str]:
    """Run a command as people do."""
    done = subprocess.run(
        [sys.executable, "-m", "shinrai", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.returncode, done.stdout.decode()


def travel(folder: Path, take: Callable[[list[str]], tuple[int, str]]) -> dict[str, Any]:
    """Take every step in the folder."""
    os.chdir(folder)
    os.environ |= {"SHINRAI_HOME": str(folder / "home"), "SHINRAI_LANG": "ja", "PYTHONUTF8": "1"}
    steps, digest = [], ""
    with judge_endpoint() as url:
        prepare(folder, url)
        for step, _ in STEPS:
            code, said = take(step.replace("{digest}", digest).split())
            digest = [digest, *re.findall(r"\b[0-9a-f]{64}\b", said)][-1]
            steps.append({"step": step, "code": code, "said": said[-2000:]})
    return {"steps": steps, "records": records_run(folder), "modules": len(list(modules()))}


def main(mode: str, folder: Path) -> None:
    """Travel and print the account."""
    tried: list[str] = []

    def watch(event: str, given: tuple[Any, ...]) -> None:
        if event in NETWORK:
            tried.append(f"{event} {[part for part in given if not hasattr(part, 'fileno')]}")

    if mode == "here":
        sys.addaudithook(watch)
    account = travel(folder.resolve(), in_process if mode == "here" else as_process)
    sys.stdout.write("\n" + json.dumps(account | {"tried": tried}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
