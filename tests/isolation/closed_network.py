"""A process in a network namespace of its own: with no way out, or with a way out that leads into a trap.

    unshare -r -n python closed_network.py closed COMMAND...
    unshare -r -n python closed_network.py trap COMMAND...

`closed`: loopback only, no route. `trap`: every address is reached through loopback, so that whatever tries to leave
comes by a packet socket, which needs no package and no module of the kernel. The last line of the output is a JSON
document: `control` shows that the trap, or the missing route, works; `packets` is what the command sent anywhere but to
a TCP port of 127.0.0.1; `code` its exit code.
"""

import array
import ctypes
import errno
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

SIOCADDRT, SIOCGIFINDEX, SIOCGIFFLAGS, SIOCSIFFLAGS = 0x890B, 0x8933, 0x8913, 0x8914
IFF_UP, RTF_UP, ETH_P_ALL = 0x1, 0x1, 0x3
IPV4, IPV6, TCP, UDP, ICMPV6 = 0x0800, 0x86DD, 6, 17, 58
STRANGER = ("192.0.2.1", 443)  # an address of documentation (RFC 5737), which nobody has


def loopback_up() -> None:
    """Bring `lo` up; a fresh namespace has it down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(control, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def everything_through_loopback() -> None:
    """Add default routes over `lo` (struct rtentry, struct in6_rtmsg)."""
    device = ctypes.create_string_buffer(b"lo")
    anywhere = struct.pack("H14x", socket.AF_INET)
    route = struct.pack(
        "L16s16s16sHhLPhPLLH", 0, anywhere, bytes(16), anywhere, RTF_UP, 0, 0, 0, 0, ctypes.addressof(device), 0, 0, 0
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCADDRT, array.array("B", route))
    with suppress(OSError), socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as control:  # no IPv6, no way out by it
        named = fcntl.ioctl(control, SIOCGIFINDEX, struct.pack("16si12x", b"lo", 0))
        index = struct.unpack("16si12x", named)[1]
        fcntl.ioctl(
            control, SIOCADDRT, struct.pack("16s16s16sIHHILIi", *([bytes(16)] * 3), 0, 0, 0, 1, 0, RTF_UP, index)
        )


class Trap:
    """Collects every packet that is not TCP within 127.0.0.0/8."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_388_608)
        self._socket.settimeout(0.1)
        self._caught: dict[str, None] = {}
        self._local = 0
        self._closed = False
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def emptied(self) -> tuple[list[str], int]:
        """Return what was caught since the last time, and how many packets stayed on loopback as they may."""
        time.sleep(0.3)
        caught, self._caught = list(self._caught), {}
        local, self._local = self._local, 0
        return caught, local

    def close(self) -> None:
        """Stop watching."""
        self._closed = True
        self._thread.join()
        self._socket.close()

    def _watch(self) -> None:
        while not self._closed:
            try:
                packet, (_, kind, *_rest) = self._socket.recvfrom(65_536)
            except TimeoutError:
                continue
            named = self._named(kind, packet)
            if named is not None:
                self._caught[named] = None

    def _named(self, kind: int, packet: bytes) -> str | None:
        if kind == IPV4:
            length, protocol = (packet[0] & 15) * 4, packet[9]
            source, target = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
        elif kind == IPV6:
            length, protocol = 40, packet[6]
            source, target = (socket.inet_ntop(socket.AF_INET6, packet[at : at + 16]) for at in (8, 24))
        else:
            return f"ethertype {kind:#06x}"
        if protocol == TCP and kind == IPV4 and source.startswith("127.") and target.startswith("127."):
            self._local += 1
            return None
        if protocol == ICMPV6 and packet[length] in range(130, 144):
            return None  # the kernel's own neighbour and listener discovery
        port = struct.unpack(">H", packet[length + 2 : length + 4])[0] if protocol in (TCP, UDP) else ""
        return f"protocol {protocol} to {target} {port}"


def try_to_leave() -> dict[str, object]:
    """Connect to a stranger and look a name up, as the control of the trap."""
    with socket.socket() as stranger:
        stranger.settimeout(0.3)
        error = stranger.connect_ex(STRANGER)
    script = "import socket\ntry: socket.getaddrinfo('shinrai.example', 443)\nexcept OSError: pass"
    with suppress(subprocess.TimeoutExpired):
        subprocess.run([sys.executable, "-c", script], timeout=1.5, check=False, env={"RES_OPTIONS": "timeout:1"})
    return {"connect": errno.errorcode.get(error, str(error))}


def main(mode: str, command: Sequence[str]) -> None:
    """Close the network, show that it is closed, and run the command in it."""
    loopback_up()
    if mode == "trap":
        everything_through_loopback()
    trap = Trap()
    try:
        control = try_to_leave()
        control["packets"] = trap.emptied()[0]
        done = subprocess.run(list(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
        packets, local = trap.emptied()
    finally:
        trap.close()
    account = done.stdout.decode().strip().rpartition("\n")[2]
    found = {"control": control, "packets": packets, "local": local, "code": done.returncode, "account": account}
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
