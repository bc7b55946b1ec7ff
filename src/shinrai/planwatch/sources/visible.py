"""What a reader of a page sees, as lines of text: what is compared, so that a new nonce is not a new page.

Kept: text, and the paths of linked documents (a hub that links another PDF under the same words has changed). Dropped:
scripts, styles, templates, pictures in SVG, comments, attributes, and how much white space there is.

The page is read once, from left to right. The standard library's parser is not used: on a page made for it (one
megabyte of opened and never closed comments) it takes minutes, because it looks for the same end again and again.
"""

import html
import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

# Elements whose content no reader sees; in the first group it is not even markup.
_RAW = frozenset({"script", "style", "noscript", "iframe", "noembed", "noframes"})
_UNSEEN = frozenset({"template", "svg", "math", "object"})
_LINES = frozenset(
    """address article aside blockquote body br caption dd details dialog div dl dt fieldset figcaption figure footer
    form h1 h2 h3 h4 h5 h6 head header hr html legend li main nav ol optgroup option p pre section summary table tbody
    td tfoot th thead title tr ul""".split()  # noqa: SIM905  (a list of words is best read as words)
)
_NAME = re.compile(r"</?([A-Za-z][^\s/>]{0,60})")
_HREF = re.compile(r"""\shref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_ENDS = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in _RAW}
_DOCUMENT = re.compile(r"\.(pdf|docx?|xlsx?|pptx?|csv|zip|txt|xml|json|rtf|odt|ods)$", re.IGNORECASE)
_LONGEST_TAG = 4096


class _Tag(NamedTuple):
    name: str
    source: str

    @property
    def closes(self) -> bool:
        return self.source.startswith("</")

    @property
    def is_whole(self) -> bool:
        return self.source.endswith("/>")


def visible_text(page: str) -> str:
    """Return the text of an HTML page, one block a line, without empty lines."""
    parts: list[str] = []
    unseen, depth = "", 0
    for piece in _pieces(page):
        if isinstance(piece, str):
            if not depth:
                # Line ends of the source are white space like any other.
                parts.append(" ".join(piece.splitlines()) if "\n" in piece or "\r" in piece else piece)
        elif depth:
            if piece.name == unseen and not piece.is_whole:
                depth += -1 if piece.closes else 1
        elif piece.name in _UNSEEN and not piece.closes and not piece.is_whole:
            unseen, depth = piece.name, 1
        elif piece.name in _LINES:
            parts.append("\n")
        elif piece.name == "a" and not piece.closes:
            parts.append(_linked_document(piece.source))
    return tidy("".join(parts))


def tidy(text: str) -> str:
    """Return a text without empty lines, and with one space wherever there is white space in a line."""
    # str.split also splits at the full-width space of Japanese pages.
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def _pieces(page: str) -> Iterator[str | _Tag]:
    """Yield texts, with their character references resolved, and tags; what is cut off by the page's end is dropped."""
    at = 0
    while (opened := page.find("<", at)) >= 0:
        if opened > at:
            yield _unescaped(page[at:opened])
        named = _NAME.match(page, opened)
        if named:
            at = _end_of_tag(page, named.end())
            name = named.group(1).lower()
            yield _Tag(name, page[opened : min(at, opened + _LONGEST_TAG)])
            if name in _RAW and page[opened + 1] != "/":
                closed = _ENDS[name].search(page, at)
                at = closed.start() if closed else len(page)
        elif page.startswith("<![CDATA[", opened):
            at = _after(page, "]]>", opened)
            yield page[opened + 9 : max(opened + 9, at - 3)]
        elif page.startswith("<!--", opened):
            # "<!-->" is a whole comment, so the search begins at the opening hyphens.
            at = _after(page, "-->", opened + 2)
        elif page.startswith(("<!", "<?", "</"), opened):
            at = _after(page, ">", opened)
        else:
            yield "<"
            at = opened + 1
    yield _unescaped(page[at:])


def _after(page: str, end: str, start: int) -> int:
    found = page.find(end, start)
    return len(page) if found < 0 else found + len(end)


def _end_of_tag(page: str, at: int) -> int:
    """Return where a tag ends: at the first “>” that does not stand in a quoted value."""
    closed = -1
    while True:
        # Looked for again only when a quoted value held it, so that the page is still read once.
        closed = closed if closed >= at else page.find(">", at)
        if closed < 0:
            return len(page)
        equals = page.find("=", at, closed)
        if equals < 0:
            return closed + 1
        at = equals + 1
        while page[at].isspace():
            at += 1
        if page[at] in "\"'":
            at = _after(page, page[at], at + 1)


def _unescaped(text: str) -> str:
    try:
        return html.unescape(text)
    except ValueError:
        # A character reference of thousands of digits.
        return text


def _linked_document(tag: str) -> str:
    found = _HREF.search(tag)
    if not found:
        return ""
    href = next(value for value in (*found.groups(), "") if value is not None)
    try:
        path = urlsplit(_unescaped(href)).path
    except ValueError:
        return ""
    return f" [{path[:500]}] " if _DOCUMENT.search(path) else ""
