"""Bundles with time stamps: of local authorities, whole and with changed bits, and made by hand."""

from collections.abc import Iterator
from pathlib import Path

from .both import Case
from .corpus import policy_bytes
from .stamps import BAD, GOOD, OTHER, Stamp, over
from .test_outside import KINDS, Authority
from .world import World


def stamped_cases(folder: Path, step: int) -> Iterator[Case]:
    """Yield tokens of each kind of key, and each with one bit changed in every so many (step)."""
    contents = World().contents()
    text = contents["log/checkpoint"].rpartition(b"\n\n")[0] + b"\n"
    for kind, how in KINDS.items():
        own = Authority(folder, kind, how)
        policy = policy_bytes(World(), tsa=[{"name": "own", "certSha256": [own.sha256]}])
        for more in ((), ("-token_out",)):
            token = own.stamp(text, *more)
            tokens = {"whole": token, "longer": token + b"\0", "shorter": token[:-1], "of another": own.stamp(b"x")}
            for position in range(len(more), 8 * len(token), step):
                bent = bytearray(token)
                bent[position // 8] ^= 1 << position % 8
                tokens[f"bit {position}"] = bytes(bent)
            for name, data in tokens.items():
                yield Case(f"stamp {kind} {more} {name}", {**contents, "log/checkpoint.tsr": data}, policy, now=None)
    made = GOOD | {name: stamp for name, (stamp, _) in BAD.items()}
    made |= {"of another number": Stamp(named=8), "with one of the same number": Stamp(before=(OTHER.certificate,))}
    for name, stamp in made.items():
        for pinned in (stamp.sha256, OTHER.sha256):
            policy = policy_bytes(World(), tsa=[{"name": "made", "certSha256": [pinned]}])
            files = {**contents, "log/checkpoint.tsr": over(stamp, text).token}
            yield Case(f"stamp made, {name}, {pinned[:4]}", files, policy, now=None)
