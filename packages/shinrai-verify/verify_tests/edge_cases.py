"""Edge cases by construction: signatures with parts of low order, bent Merkle proofs, and bent notes.

The signatures combine what the Ed25519 set of C2SP/CCTV combines, which is 914 cases: A and R are each a point of low
order in every encoding, or such a point added to one of prime order; the part of low order is left over or cancels
out; and where an encoding is not canonical, the hash is taken over what is sent or over the canonical form. The proofs
are bent in the ways of the probes of transparency-dev/merkle, over the tree of eight leaves that Certificate
Transparency tests with. Keys, messages and code are our own; the published files are read by `published.py`.
"""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shinrai_verify.keys import LOW_ORDER
from shinrai_verify.merkle import leaf_hash, root
from shinrai_verify.note import NoteKey, signature_line

from .published import Case, note, signature

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
ORDER = 2**252 + 27742317777372353535851937790883648493
Point = tuple[int, int]
IDENTITY: Point = (0, 1)


def decoded(encoding: bytes) -> Point:
    """Decode a point of edwards25519, also from an encoding that is not canonical."""
    number = int.from_bytes(encoding, "little")
    y, sign = (number & (2**255 - 1)) % P, number >> 255
    xx = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - xx) % P:
        raise ValueError("no point has this encoding")
    return (P - x if x % 2 != sign else x) % P, y


def encoded(point: Point) -> bytes:
    """Encode a point canonically (RFC 8032, 5.1.2)."""
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def added(a: Point, b: Point) -> Point:
    """Add two points."""
    t = D * a[0] * b[0] * a[1] * b[1] % P
    x = (a[0] * b[1] + b[0] * a[1]) * pow(1 + t, -1, P) % P
    return x, (a[1] * b[1] + a[0] * b[0]) * pow(1 - t, -1, P) % P


def multiplied(scalar: int, point: Point) -> Point:
    """Multiply a point by a scalar."""
    found = IDENTITY
    while scalar:
        found = added(found, point) if scalar & 1 else found
        point, scalar = added(point, point), scalar >> 1
    return found


BASE = decoded((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


@dataclass(frozen=True)
class Part:
    """A or R. scalar: its part of prime order, as a multiple of the base. torsion: that of low order, in eighths."""

    encoding: bytes
    canonical: bytes
    scalar: int
    torsion: int


def _parts(scalar: int) -> Iterator[Part]:
    """Every encoding of every point of low order, and each of those points added to one of prime order."""
    turn = next(p for p in map(decoded, sorted(LOW_ORDER)) if multiplied(4, p) != IDENTITY)
    prime = multiplied(scalar, BASE)
    for torsion in range(8):
        point = multiplied(torsion, turn)
        for encoding in sorted(LOW_ORDER):
            # With x = 0 the sign means nothing, which is how the six other encodings come to be.
            if decoded(encoding) == point:
                yield Part(encoding, encoded(point), 0, torsion)
        mixed = encoded(added(prime, point))
        yield Part(mixed, mixed, scalar, torsion)


def _hashed(nonce: bytes, key: bytes, message: bytes) -> int:
    return int.from_bytes(hashlib.sha512(nonce + key + message).digest(), "little") % ORDER


def _solved(key: Part, nonce: Part, left_over: bool, canonically: bool) -> Case | None:
    """The signature for the first message with which a part of low order is left over, or not; None if none is."""
    for number in range(200):
        message = b"edge case %d" % number
        k = _hashed(nonce.encoding, key.encoding, message)
        if ((nonce.torsion + k * key.torsion) % 8 != 0) == left_over:
            used = _hashed(nonce.canonical, key.canonical, message) if canonically else k
            made = nonce.encoding + ((nonce.scalar + used * key.scalar) % ORDER).to_bytes(32, "little")
            low = not key.scalar or not nonce.scalar
            words = f"A {key.encoding.hex()[:4]}+{key.torsion} R {nonce.encoding.hex()[:4]}+{nonce.torsion}"
            name = f"{words} {'left over' if left_over else 'cancelled'}{' canonically hashed' if canonically else ''}"
            # Cofactorless verifiers take exactly those whose low-order parts cancel, and we none of low order.
            return signature(name, key.encoding, made, message, not low and not left_over)
    return None


def signatures() -> Iterator[Case]:
    """The 914 cases. Expected is what the rule says: no part of low order alone, and nothing left over."""
    a, r = (int.from_bytes(hashlib.sha512(name).digest(), "little") % ORDER for name in (b"key", b"nonce"))
    nonces = list(_parts(r))
    for key in _parts(a):
        for nonce in nonces:
            odd = [part for part in (key, nonce) if part.encoding != part.canonical]
            if len(odd) == 2 or (len(odd) == 1 and not (key.scalar or nonce.scalar)):
                again = (False,)  # S is 0, whatever the hash is
            else:
                again = (False, True) if odd else (False,)
            for left_over in (True, False):
                for canonically in again:
                    case = _solved(key, nonce, left_over, canonically)
                    if case is not None:
                        yield case


ENTRIES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
LEAVES = [leaf_hash(bytes.fromhex(entry)) for entry in ENTRIES]
STRANGER = hashlib.sha256(b"stranger").digest()
NOTHING = hashlib.sha256(b"").digest()
U64 = 2**64


def audit_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the audit path by the recursive definition of RFC 9162, 2.1.3.1."""
    if len(leaves) <= 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return [*audit_path(leaves[:split], index), root(leaves[split:])]
    return [*audit_path(leaves[split:], index - split), root(leaves[:split])]


def consistency_path(leaves: Sequence[bytes], old: int, whole: bool = True) -> list[bytes]:
    """Return the consistency proof by the recursive definition of RFC 9162, 2.1.4.1."""
    if old == len(leaves):
        return [] if whole else [root(leaves)]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if old <= split:
        return [*consistency_path(leaves[:split], old, whole), root(leaves[split:])]
    return [*consistency_path(leaves[split:], old - split, False), root(leaves[:split])]


def _flipped(proof: list[bytes], bit: int) -> Iterator[tuple[str, list[bytes]]]:
    for at, node in enumerate(proof):
        bent = bytes([node[0] ^ 1 << bit]) + node[1:]
        yield f"bit {bit} of node {at}", [*proof[:at], bent, *proof[at + 1 :]]


def _inclusion(name: str, leaf: bytes, index: int, size: int, proof: list[bytes], head: bytes, good: bool) -> Case:
    given = {"leaf": leaf.hex(), "index": str(index % U64), "size": str(size % U64), "head": head.hex()}
    return Case(f"inclusion: {name}", "inclusion", {**given, "proof": [node.hex() for node in proof]}, good)


def inclusions() -> Iterator[Case]:
    """Inclusion proofs of five leaves, whole and bent in each way; then trees of one leaf and of none."""
    for index, size in ((0, 1), (0, 8), (5, 8), (2, 3), (1, 5)):
        leaf, head, proof = LEAVES[index], root(LEAVES[:size]), audit_path(LEAVES[:size], index)
        yield _inclusion(f"{index} of {size}", leaf, index, size, proof, head, True)
        bent = [("before", index - 1, size), ("after", index + 1, size), ("two off", index ^ 2, size)]
        for name, at, wide in [*bent, ("twice the size", index, size * 2), ("half the size", index, size // 2)]:
            yield _inclusion(f"{index} of {size}, {name}", leaf, at, wide, proof, head, False)
        for name, node, top in (
            ("wrong leaf", b"WrongLeaf", head),
            ("empty", leaf, NOTHING),
            ("other", leaf, STRANGER),
        ):
            yield _inclusion(f"{index} of {size}, {name}", node, index, size, proof, top, False)
        bends = [("nothing after", [*proof, b""]), ("root after", [*proof, head])]
        bends += [("nothing before", [b"", *proof]), ("root before", [head, *proof]), *_flipped(proof, 3)]
        bends += [("a node less", proof[:-1])] if proof else []
        bends += [("a node more", [proof[0], STRANGER, *proof[1:]])] if len(proof) > 1 else []
        for name, path in bends:
            yield _inclusion(f"{index} of {size}, {name}", leaf, index, size, path, head, False)
    one = leaf_hash(b"data")
    for leaf, head in ((one, one), (one, b""), (b"", one), (b"", b"")):
        yield _inclusion(f"one leaf, {len(leaf)} {len(head)}", leaf, 0, 1, [], head, leaf == head == one)
    for index, size in ((0, 0), (0, 1), (1, 0), (2, 1)):
        for leaf, head in ((STRANGER, b""), (b"", NOTHING), (STRANGER, NOTHING)):
            yield _inclusion(f"{index} of {size}, {len(leaf)} {len(head)}", leaf, index, size, [], head, False)


def _consistency(name: str, old: int, size: int, heads: Sequence[bytes], proof: list[bytes], good: bool) -> Case:
    given = {"old": str(old % U64), "size": str(size % U64), "oldHead": heads[0].hex(), "head": heads[1].hex()}
    return Case(f"consistency: {name}", "consistency", {**given, "proof": [node.hex() for node in proof]}, good)


def consistencies() -> Iterator[Case]:
    """Consistency proofs between five pairs of trees, whole and bent in each way; then sizes of 0, 1 and the past."""
    for old, size in ((1, 1), (1, 8), (6, 8), (2, 5), (6, 7)):
        before, head = heads = root(LEAVES[:old]), root(LEAVES[:size])
        proof, pair = consistency_path(LEAVES[:size], old), f"{old} to {size}"
        yield _consistency(pair, old, size, heads, proof, True)
        if not proof:
            continue
        sizes = [("one less", old - 1, size), ("one more", old + 1, size), ("two off", old ^ 2, size)]
        for name, first, second in [*sizes, ("twice", old, size * 2), ("half", old, size // 2)]:
            yield _consistency(f"{pair}, {name}", first, second, heads, proof, False)
        for name, two in (
            ("wrong old head", (b"WrongRoot", head)),
            ("wrong head", (before, b"WrongRoot")),
            ("heads swapped", (head, before)),
        ):
            yield _consistency(f"{pair}, {name}", old, size, two, proof, False)
        more = [("nothing", b""), ("old head", before), ("head", head)]
        bends = [(f"{name} after", [*proof, node]) for name, node in more]
        bends += [(f"{name} before", [node, *proof]) for name, node in [*more, ("first node", proof[0])]]
        for name, path in [*bends, ("empty", []), ("a node less", proof[:-1]), *_flipped(proof, 4)]:
            yield _consistency(f"{pair}, {name}", old, size, heads, path, False)
    a, b = b"one head", b"another head"
    for old, size, heads, proof in (
        (0, 0, (a, b), []),
        (1, 1, (a, b), []),
        (0, 0, (a, a), []),
        (0, 1, (a, b), []),
        (0, 1, (NOTHING, b), []),
        (1, 0, (a, b), []),
        (2, 1, (a, b), []),
        (1, 2, (a, b), []),
        (0, 0, (NOTHING, b), []),
        (1, 1, (NOTHING, b), []),
        (0, 0, (NOTHING, NOTHING), [NOTHING]),
        (0, 1, (NOTHING, NOTHING), [NOTHING]),
        (1, 1, (NOTHING, NOTHING), [NOTHING]),
    ):
        yield _consistency(f"{old} to {size}, {len(proof)} nodes, {heads[0][:3]!r}", old, size, heads, proof, False)
    yield _consistency("1 to 1, the same", 1, 1, (a, a), [], True)


def notes() -> Iterator[Case]:
    """A signed checkpoint: whole, in other shapes, and with each bit of it changed."""
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    key = NoteKey("example.org/log", private.public_key().public_bytes_raw())
    text = f"example.org/log\n5\n{base64.b64encode(bytes(32)).decode()}\n"
    whole = (text + "\n" + signature_line(key, private.sign(text.encode()))).encode()
    line = whole.split(b"\n\n")[1]
    stranger = signature_line(NoteKey("example.org/other", STRANGER), bytes(64)).encode()
    bad = signature_line(key, bytes(64)).encode()
    shapes = {
        "whole": (whole, True),
        "a stranger's line after": (whole + stranger, True),
        "a stranger's line before": (whole.replace(line, stranger + line), True),
        "signed twice": (whole + line, True),
        "a bad signature of the key after": (whole + bad, False),
        "a bad signature of the key before": (whole.replace(line, bad + line), False),
        "no newline at the end": (whole[:-1], False),
        "a newline more": (whole + b"\n", False),
        "a newline before": (b"\n" + whole, False),
        "strangers only": (text.encode() + b"\n" + stranger * 3, False),
        "no text": (line, False),
        "no signature": (text.encode() + b"\n", False),
        "two empty lines": (whole.replace(b"\n\n", b"\n\n\n"), False),
        "two blanks": (whole.replace(b" ", b"  "), False),
        "a blank at the end": (whole[:-1] + b" \n", False),
        "text after": (whole + b"x\n", False),
        "a tab in the text": (whole.replace(b"\n5\n", b"\n5\t\n"), False),
        "carriage returns": (whole.replace(b"\n", b"\r\n"), False),
        "another dash": (whole.replace("—".encode(), b"-"), False),
        "a byte order mark": (b"\xef\xbb\xbf" + whole, False),
        "bytes that are no text": (whole.replace(b"\n5\n", b"\n\xff\n"), False),
        "half": (whole[: len(whole) // 2], False),
        "nothing": (b"", False),
    }
    for name, (data, good) in shapes.items():
        yield note(f"note: {name}", data, str(key), good)
    for place in range(8 * len(whole)):
        bent = bytearray(whole)
        bent[place // 8] ^= 1 << place % 8
        yield note(f"note: bit {place}", bytes(bent), str(key), False)
