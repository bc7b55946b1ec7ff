"""How an assessment's values are written in OSCAL: safe text, properties, links, identifiers that repeat.

OSCAL's titles and remarks are Markdown, its property values single lines without blanks at their ends, its identifiers
tokens; a text from outside is made to fit before it stands in any of them.
Source: NIST OSCAL 1.2.1, JSON schemas; CommonMark 0.31, §2.4 (backslash escapes), §2.5 (entities); RFC 6920 (`ni`).
"""

import base64
import json
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from shinrai.frameworks.formats.oscal.words import NAMESPACE, VERSION, token
from shinrai.frameworks.formats.oscal.words import uuid_of as uuid_of_text
from shinrai.language import Language, Message
from shinrai.report.characters import harmless

Json = dict[str, Any]

__all__ = ["NAMESPACE", "VERSION", "Json", "dumped", "uuid_of"]

_ACTIVE = re.compile(r"[\\`*\[\]<>{}|~^]|(?<!\w)_|_(?!\w)|&(?=#|\w+;)|^(?=[#+\-=])|^(?=\d{1,9}[.)])")
_DIGEST = re.compile("[0-9a-f]{64}", re.ASCII)
_TOKEN = re.compile("[A-Za-z_][A-Za-z0-9._-]*", re.ASCII)
_WEB = re.compile(r"https?://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+", re.ASCII)
_YEARS = range(1900, 3000)
EMPTY = "–"
"""Stands where a text has to stand and there is none."""


def uuid_of(*parts: str) -> str:
    """Return a UUID of version 5 that is always the same for the same parts, whatever characters are in them."""
    return uuid_of_text(*map(json.dumps, parts))


def plain(text: str) -> str:
    """Return a text as the value of a property or a name: one line, nothing that is obeyed, no blanks at its ends."""
    return harmless(text).strip() or EMPTY


def markup(text: str) -> str:
    """Return a text for a Markdown field as the characters that it is: nothing in it is obeyed as markup."""
    return _ACTIVE.sub(lambda found: f"\\{found[0]}", plain(text))


def sentence(text: Message, language: Language) -> str:
    """Return a message for a Markdown field; texts of the assessment inside it are escaped with it."""
    return markup(text.text(language))


def identifier(id_: str) -> str:
    """Return an id as an OSCAL token; what fits no token becomes its digest, so that two ids never become one."""
    if id_ and _TOKEN.fullmatch(token(id_)):
        return token(id_)
    return f"_{uuid_of('id', id_)}"


def prop(name: str, value: object, *, group: str | None = None, class_: str | None = None) -> Json:
    """Return a property of Shinrai's namespace. name: a token of ours."""
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else plain(str(value))
    made: Json = {"name": name, "ns": NAMESPACE, "value": text}
    if class_ is not None:
        made["class"] = identifier(class_)
    if group is not None:
        made["group"] = group
    return made


def moment(at: datetime) -> str:
    """Return a time in UTC with seconds, which every reader of OSCAL takes. A time without a zone is in UTC already."""
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def end_of(day: date) -> str | None:
    """Return the last second of a day, or None for a year that OSCAL cannot write."""
    return f"{day.isoformat()}T23:59:59Z" if day.year in _YEARS else None


def is_digest(text: str | None) -> bool:
    """Return whether a text is a lowercase hex SHA-256."""
    return text is not None and _DIGEST.fullmatch(text) is not None


def named_by_digest(sha256: str) -> str:
    """Return the `ni` URI of a content: what it is, wherever it is kept."""
    return "ni:///sha-256;" + base64.urlsafe_b64encode(bytes.fromhex(sha256)).decode().rstrip("=")


def resource(
    uuid: str,
    title: str,
    about: str,
    sha256: str | None,
    *,
    media_type: str,
    in_bundle: bool,
    props: Iterable[Json] = (),
) -> Json:
    """Return a back-matter resource. in_bundle: whether the unpacked bundle has the content as a blob of its own."""
    made: Json = {"uuid": uuid, "title": title, "description": about}
    listed = list(props)
    if listed:
        made["props"] = listed
    if sha256 is not None and is_digest(sha256):
        href = f"blobs/sha256/{sha256}" if in_bundle else named_by_digest(sha256)
        made["rlinks"] = [{"href": href, "media-type": media_type, "hashes": [hash_of(sha256)]}]
    return made


def hash_of(sha256: str) -> Json:
    """Return a digest as OSCAL writes it."""
    return {"algorithm": "SHA-256", "value": sha256}


def web_link(address: str) -> list[Json]:
    """Return a link to a web address, or none where it is not one: `javascript:` is an address too."""
    return [{"href": address, "rel": "reference"}] if _WEB.fullmatch(address) else []


def unique(things: Iterable[Json]) -> list[Json]:
    """Return the things with a UUID each once, in order."""
    return list({thing["uuid"]: thing for thing in things}.values())


def finished(kind: str, body: Json) -> Json:
    """Return a document with a UUID that follows from its content: equal content, equal bytes."""
    content = json.dumps(body, ensure_ascii=False, sort_keys=True)
    return {kind: {"uuid": uuid_of(kind, content), **body}}


def dumped(tree: Json) -> bytes:
    """Return a document as JSON in UTF-8, without needless blanks: a council of 33 makes it long enough."""
    return (json.dumps(tree, ensure_ascii=False, separators=(",", ":")) + "\n").encode("utf-8")
