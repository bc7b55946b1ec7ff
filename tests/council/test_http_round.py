"""Rounds over HTTP on loopback: honest coordinators, hostile ones, and 33 seats in 33 processes."""

import asyncio
import base64
import json
import multiprocessing
import os
import signal
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from shinrai.council.case import Opinion
from shinrai.council.counting import look_again
from shinrai.council.exchange import read_statements
from shinrai.council.http_coordinator import RoundServer, ServedRound, serve
from shinrai.council.http_seat import Attended, SeatSetting, UnreachableError, attend
from shinrai.council.journal import VoteJournal
from shinrai.council.member import Member
from shinrai.language import ShinraiError, message


def judging(value):
    return lambda case: {c: Opinion(value, message("“{text}”", text="seen"), ()) for c in case.opened.controls}


def setting(here, url, patience=20.0):
    return SeatSetting(url, here.policy, here.folder / "seats", patience)


async def held(here, values, seconds=20.0, patience=20.0):
    """Serve a round and let seats attend it at the same time; what each of them came to, errors included."""
    here.case()
    port = asyncio.get_running_loop().create_future()
    served = ServedRound(here.coordinator, here.folder / "case.zip", seconds)
    serving = asyncio.create_task(serve(served, "127.0.0.1", 0, port.set_result))
    url = f"http://127.0.0.1:{await port}"
    seats = [attend(setting(here, url, patience), here.member(name), judging(v)) for name, v in values.items()]
    found = await asyncio.gather(*seats, return_exceptions=True)
    status = await serving
    return found, status


@pytest.mark.parametrize("sealed", [False, True])
def test_seven_seats_hold_a_round_over_http(chamber, sealed):
    here = chamber(7, sealed=sealed)
    values = {plan.id: "pass" if plan.id != "model-1" else "fail" for plan in here.plans}
    found, status = asyncio.run(held(here, values))
    assert all(isinstance(each, Attended) and each.logged and len(each.proofs) == 4 for each in found), found
    assert (status.phase, status.waiting) == ("closed", ())
    for tally in here.tallies().values():
        assert (tally.outcome, tally.dissent, tally.absent) == ("pass", ("model-1",), ())


def test_a_seat_that_never_comes_does_not_keep_the_round_open(chamber):
    here = chamber(4)
    found, status = asyncio.run(held(here, {plan.id: "pass" for plan in here.plans[1:]}, seconds=1.0))
    assert all(isinstance(each, Attended) for each in found)
    assert status.waiting == (here.plans[0].id,)
    assert {tally.outcome for tally in here.tallies().values()} == {"pass"}


def test_nobody_is_told_how_others_voted_before_the_end(chamber, papers):
    here = chamber(4)
    case = here.case()
    here.cast("tool-1", "fail", case)

    async def ask():
        server = RoundServer(ServedRound(here.coordinator, here.folder / "case.zip", 9))
        runner = web.AppRunner(server.application())
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        own, other = (here.member(name).recall_request(case).to_bytes() + b"\n" for name in ("tool-1", "tool-2"))
        stranger = own.replace(here.signers["tool-1"].keyid.encode(), here.signers["tool-2"].keyid.encode())
        answers = {}
        async with aiohttp.ClientSession() as session:
            for path in ("/round", "/status", "/record"):
                async with session.get(base + path) as response:
                    answers[path] = (response.status, await response.text())
            sent = {"own": own, "other": other, "stranger": stranger, "none": b"{}\n", "vote": b"[" * 10_000 + b"\n"}
            for name, data in sent.items():
                async with session.post(base + "/recall", data=data) as response:
                    answers[name] = (response.status, await response.read())
            for name, data in {"junk": b"junk", "signed": own, "empty": b"", "deep": b"[" * 50_000 + b"\n"}.items():
                async with session.post(base + "/votes", data=data) as response:
                    answers[name] = (response.status, await response.json())
        await runner.cleanup()
        return answers

    answers = asyncio.run(ask())
    assert json.loads(answers["/status"][1]) == {"phase": "voting", "waiting": 3}
    assert "fail" not in answers["/round"][1]
    assert answers["/record"][0] == 404
    assert {e.to_bytes() for e in read_statements(answers["own"][1], "own")} == {
        e.to_bytes() for e in papers(here.votes("tool-1", "fail", case))
    }
    assert answers["other"] == (200, b"")
    assert answers["none"][0] == answers["vote"][0] == 403
    assert {answers[name][0] for name in ("junk", "signed", "empty", "deep")} == {400}
    assert all(set(answers[name][1]["error"]) == {"en", "ja"} for name in ("junk", "signed", "empty", "deep"))


def hostile(here, **routes):
    """A coordinator that answers as it likes; the case is the real one unless told otherwise."""

    async def start():
        made = web.Application()
        case = (here.folder / "case.zip").read_bytes()
        given = {
            "/case": lambda: web.Response(body=case),
            "/recall": lambda: web.Response(body=b""),
            "/status": lambda: web.json_response({"phase": "voting"}),
            "/votes": lambda: web.json_response({"proofs": []}),
        } | {f"/{name}": answer for name, answer in routes.items()}
        for path, answer in given.items():

            async def handle(_request, answer=answer):
                return answer()

            made.router.add_route("*", path, handle)
        runner = web.AppRunner(made)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"

    async def attended():
        runner, url = await start()
        try:
            return await attend(setting(here, url, patience=0.5), here.member("tool-1"), judging("pass"))
        finally:
            await runner.cleanup()

    return asyncio.run(attended())


def test_a28_a_coordinator_that_keeps_a_vote_to_itself_leaves_the_member_with_what_it_signed(chamber):
    here = chamber(4)
    case = here.case()
    with pytest.raises(UnreachableError, match="answers with nothing of use") as told:
        hostile(here)
    assert "are kept in" in str(told.value)
    kept = read_statements((here.folder / "seats" / "tool-1.votes.jsonl").read_bytes(), "kept")
    for plan in here.plans[1:]:
        here.cast(plan.id, "pass", case)
    count = here.coordinator.close().count
    assert count.tallies["X-1.a"].absent == ("tool-1",)
    again = look_again(here.coordinator.opened, here.coordinator.roster, count, kept)
    assert again["X-1.a"].unlogged == ("tool-1",)


def test_a_coordinator_cannot_forge_a_proof(chamber):
    here = chamber(4)
    here.case()
    note = here.store.publish().decode()

    def forged():
        proof = {"index": 0, "path": [base64.b64encode(b"x" * 32).decode()], "checkpoint": note}
        return web.json_response({"proofs": [proof] * 4})

    def huge():
        return web.Response(body=b"[" * 200_000)

    for answer in (forged, huge, lambda: web.Response(status=302, headers={"Location": "/case"})):
        with pytest.raises(UnreachableError):
            hostile(here, votes=answer)


def test_a_coordinator_cannot_pass_off_another_case(chamber):
    here = chamber(4)
    here.case()
    whole = (here.folder / "case.zip").read_bytes()
    for spoilt in (whole[:-1], whole.replace(b"twice", b"never"), b"PK", b""):
        with pytest.raises(ShinraiError):
            hostile(here, case=lambda spoilt=spoilt: web.Response(body=spoilt))
    assert not (here.folder / "seats" / "tool-1.votes.jsonl").exists()


def test_a_log_that_knows_more_than_the_journal_stops_the_seat(chamber):
    here = chamber(4)
    here.case()
    logged = b"".join(envelope.to_bytes() + b"\n" for envelope in here.forged("tool-1", "fail"))
    with pytest.raises(ShinraiError, match="a vote of tool-1 that its journal does not know"):
        hostile(here, recall=lambda: web.Response(body=logged))


@pytest.mark.parametrize("url", ["ftp://h", "http://", "http://user@h", "http://h/?key=1", "h:1"])
def test_an_address_that_is_none_is_refused(chamber, url):
    here = chamber(4)
    with pytest.raises(ShinraiError, match="no plain http or https address"):
        asyncio.run(attend(setting(here, url), here.member("tool-1"), judging("pass")))


# ---- 33 processes ----


def _seat_process(name, signer, policy, folder, keys, inbox, value):
    """One seat in a process of its own; it is told the port when the coordinator listens."""
    url = f"http://127.0.0.1:{inbox.recv()}"
    member = Member(name, signer, VoteJournal(folder / "journals", keys, name))
    if value == "dies":
        # The host dies in the middle: after signing, before sending.
        def judge(case):
            member.vote(case, judging("pass")(case))
            os.kill(os.getpid(), signal.SIGKILL)
    else:
        judge = judging(value)
    found = asyncio.run(attend(SeatSetting(url, policy, folder / "seats", 30.0), member, judge))
    os._exit(0 if found.logged else 2)


def _start(context, here, name, value):
    outbox, inbox = context.Pipe()
    made = context.Process(
        target=_seat_process,
        args=(name, here.signers[name], here.policy, here.folder, here.home.keys, outbox, value),
    )
    made.start()
    return made, inbox


def test_33_processes_hold_a_round_with_10_liars_one_silent_and_one_host_that_dies(chamber):
    here = chamber(33, controls=("X-1.a",))
    here.case()
    context = multiprocessing.get_context("fork")
    values = {plan.id: "fail" if plan.kind.value == "model" else "pass" for plan in here.plans}
    values["tool-9"] = "dies"
    del values["person-9"]
    processes = {name: _start(context, here, name, value) for name, value in values.items()}
    again = _start(context, here, "tool-9", "pass")

    async def serving():
        listening = asyncio.get_running_loop().create_future()
        served = ServedRound(here.coordinator, here.folder / "case.zip", 12.0)
        task = asyncio.create_task(serve(served, "127.0.0.1", 0, listening.set_result))
        port = await listening
        for _, inbox in processes.values():
            inbox.send(port)
        await asyncio.to_thread(processes["tool-9"][0].join)
        again[1].send(port)
        await asyncio.to_thread(lambda: [made.join() for made, _ in [*processes.values(), again]])
        # All have come but the one that is silent: the round need not wait for its time to end.
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(serving())
    codes = {name: made.exitcode for name, (made, _) in processes.items()}
    assert codes.pop("tool-9") == -signal.SIGKILL
    assert set(codes.values()) == {0}
    assert again[0].exitcode == 0
    tally = here.tallies()["X-1.a"]
    assert (tally.outcome, tally.absent, len(tally.dissent)) == ("pass", ("person-9",), 10)
    assert len(list(Path(here.folder / "seats").glob("*.votes.jsonl"))) == 32
