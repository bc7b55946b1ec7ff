"""Addresses: which ones are fetched, and which redirects stay with the one who answers for them.

Private and loopback addresses are allowed: the sources of an organisation's own plan stand in its intranet. What keeps
a stranger's page from steering Shinrai there is that a redirect never leaves the site, the port or TLS.
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import quote, urlencode, urljoin, urlsplit

from shinrai.language import ShinraiError, message
from shinrai.planwatch.sources.quoting import shown

LONGEST = 2_000
"""Longest address, in characters."""

_PORTS = {"http": 80, "https": 443}
# RFC 3986: what may stand in path and query as it is; "%" belongs to what is already escaped.
_KEPT = "%/:?#[]@!$&'()*+,;=-._~"
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?\.?")


@dataclass(frozen=True, slots=True)
class Address:
    """An http or https address, taken apart. target: path and query; the fragment, which no server sees, is gone."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Host, in brackets if it is an IPv6 address, and the port unless it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def site(self) -> str:
        """Scheme and authority."""
        return f"{self.scheme}://{self.authority}"

    @property
    def is_loopback(self) -> bool:
        """Whether it leads to this machine alone."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        return self.site + self.target


def parse_address(text: str) -> Address:
    """Take an address apart. ShinraiError for what is not http or https, and for user names and passwords in it."""
    found = _parsed(text)
    if found is None:
        # An address with a password in it is wrong too, so nothing before an @ is shown.
        raise ShinraiError(
            message("“{address}” is not an address that can be fetched.", address=shown(_without_user(text))),
            fix=message("Give it as http://… or https://…, without user name and password."),
        )
    return found


def _without_user(text: str) -> str:
    return text if "@" not in text else "…@" + text.rpartition("@")[2]


def _parsed(text: str) -> Address | None:
    if len(text) > LONGEST or re.search(r"[\x00-\x20\x7f\\]", text):
        return None
    try:
        parts = urlsplit(text)
        port = parts.port
        host = _ascii_host(parts.hostname or "")
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not host or "@" in parts.netloc or port == 0:
        return None
    path = quote(parts.path, safe=_KEPT) or "/"
    query = "?" + quote(parts.query, safe=_KEPT) if parts.query else ""
    return Address(parts.scheme, host, port or _PORTS[parts.scheme], path + query)


def _ascii_host(host: str) -> str:
    if ":" in host:
        return str(ip_address(host))
    named = host.encode("idna").decode("ascii").lower() if not host.isascii() else host.lower()
    return named if _HOST.fullmatch(named) and ".." not in named else ""


def redirected(address: Address, location: str) -> Address | None:
    """Return where a redirect leads, or None when that is no address that can be fetched."""
    # Header fields come decoded as Latin-1, whatever their bytes meant.
    escaped = quote(location.strip().encode("latin-1", "replace"), safe=_KEPT)
    try:
        return _parsed(urljoin(str(address), escaped))
    except ValueError:
        return None


def stays_on_site(old: Address, new: Address) -> bool:
    """Whether a redirect stays with those who answer for the old address.

    The site is the same and the port is, or the step is from http to https on their usual ports.
    """
    if not same_site(old.host, new.host):
        return False
    if old.scheme == new.scheme:
        return old.port == new.port
    return (old.scheme, new.scheme) == ("http", "https") and (old.port, new.port) == (80, 443)


def same_site(one: str, other: str) -> bool:
    """Whether two hosts belong to the same registrant, as far as names tell without a list of public suffixes.

    They do when they are equal, differ by a leading “www.”, or share their last two labels, or the last three where
    the last label is a country code (cao.go.jp). A country's registrants directly below the code (example.jp) are so
    told apart more strictly than need be: such a redirect is reported instead of followed.
    """
    one, other = (host.removesuffix(".").removeprefix("www.") for host in (one, other))
    if one == other:
        return True
    if any(":" in host or host.replace(".", "").isdigit() for host in (one, other)):
        return False
    first, second = one.split("."), other.split(".")
    shared = 3 if len(first[-1]) == 2 else 2
    return len(first) >= shared and first[-shared:] == second[-shared:]


def with_query(address: str, parameters: dict[str, str]) -> str:
    """Return an address with parameters added to its query, in order, escaped."""
    if not parameters:
        return address
    return f"{address}{'&' if '?' in address else '?'}{urlencode(parameters, quote_via=quote)}"
