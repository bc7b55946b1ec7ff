"""Ask the witnesses of a policy to cosign the newest checkpoint. Only addresses in the policy file are contacted."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shinrai.evidence.cosignatures import Witness, WitnessKey, WitnessPolicy, cosignatures, split_note
from shinrai.evidence.witness import Submission
from shinrai.language import Message, ShinraiError, message
from shinrai_verify.encoding import Fault, Named, decimal
from shinrai_verify.note import Checkpoint, open_note

if TYPE_CHECKING:
    from aiohttp import ClientSession

    from shinrai.evidence.store import Store

POLICY_FILE = "witness-policy"
"""The policy of a data folder, beside its database."""

_TRIES = 4
_MOST_BYTES = 64 * 1024
_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of asking. note: with all good cosignatures; met: whether they are the quorum of the policy.

    silent: name -> why a witness did not cosign. forked: names of those that saw another history of this log.
    """

    note: bytes
    present: tuple[str, ...]
    silent: dict[str, Message]
    forked: tuple[str, ...]
    met: bool


def ask_witnesses(store: "Store", policy: WitnessPolicy, *, seconds: float = _SECONDS) -> Asked:
    """Have the newest checkpoint cosigned by every witness with an address, all at the same time, and keep the lines.

    ShinraiError where no checkpoint was published.
    """
    note = store.newest_checkpoint()
    if note is None:
        raise ShinraiError(
            message("No checkpoint has been published."), fix=message("Publish one: shinrai log publish")
        )
    answers = asyncio.run(_ask_all(store, policy, note, seconds))
    lines = [line for lines, _, _ in answers.values() for line in lines]
    if lines:
        note = store.publisher.add_signatures(note, lines)
    present = cosignatures(note, [witness.key for witness in policy.witnesses.values()])
    names = {witness.key.public: name for name, witness in policy.witnesses.items()}
    return Asked(
        note,
        tuple(sorted(names[each.witness.public] for each in present)),
        {name: why for name, (_, why, _) in answers.items() if why is not None},
        tuple(name for name, (_, _, forked) in answers.items() if forked),
        policy.met_by(each.witness for each in present),
    )


_Outcome = tuple[Sequence[str], Message | None, bool]


async def _ask_all(store: "Store", policy: WitnessPolicy, note: bytes, seconds: float) -> dict[str, _Outcome]:
    from aiohttp import ClientSession, ClientTimeout

    named = {name: witness for name, witness in policy.witnesses.items() if witness.url}
    # Proxies of the environment are not asked: only the addresses in the policy are.
    async with ClientSession(timeout=ClientTimeout(total=seconds), trust_env=False) as session:
        found = await asyncio.gather(*(_ask(session, store, witness, note) for witness in named.values()))
    return dict(zip(named, found, strict=True))


async def _ask(session: "ClientSession", store: "Store", witness: Witness, note: bytes) -> _Outcome:
    from aiohttp import ClientError

    head = Checkpoint.parse(open_note(note, store.keys, "the checkpoint"), "the checkpoint")
    old = await asyncio.to_thread(_last_cosigned, store, witness.key, head.size)
    for _ in range(_TRIES):
        proof = await asyncio.to_thread(store.consistency, old, head.size)
        body = Submission(old, tuple(proof), note).to_bytes()
        try:
            async with session.post(
                f"{str(witness.url).rstrip('/')}/add-checkpoint", data=body, allow_redirects=False
            ) as response:
                status, answer = response.status, await response.content.read(_MOST_BYTES)
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            return (), message("it does not answer ({kind})", kind=type(error).__name__), False
        if status == 200:
            return _lines(note, answer, witness.key)
        if status != 409:
            forked = status == 422
            what = message("it refused with the status {status}", status=status)
            if forked:
                what = message("it finds that the log does not continue what it saw of it")
            return (), what, forked
        try:
            size = decimal(answer.decode("ascii").removesuffix("\n"), Named("the answer"))
        except (Fault, UnicodeDecodeError):
            return (), message("it answers in a form that a witness does not have"), False
        if size > head.size or size == old:
            # It was told the size that it remembers and still refuses, or it has seen more than there is.
            return (), message("it saw {size} entries of this log that are not these", size=size), True
        old = size
    return (), message("others ask it at the same time; ask again"), False


def _last_cosigned(store: "Store", key: WitnessKey, size: int) -> int:
    """Return the size of the newest checkpoint that this witness is known to have cosigned; 0 if none is."""
    for note in store.checkpoints(64):
        try:
            if cosignatures(note, [key]):
                known = Checkpoint.parse(open_note(note, store.keys, "the checkpoint"), "the checkpoint").size
                return known if known <= size else 0
        except Fault:
            continue
    return 0


def _lines(note: bytes, answer: bytes, key: WitnessKey) -> _Outcome:
    """Return the good cosignature lines of this witness in its answer; what else stands there is passed over."""
    text, _ = split_note(note)
    good = []
    for line in answer.decode("utf-8", "replace").splitlines(keepends=True):
        try:
            if cosignatures((text + "\n" + line).encode(), [key]):
                good.append(line)
        except Fault:
            continue
    return (good, None, False) if good else ((), message("its signature is not good"), False)
