"""Framework files of Probo (JSON): an id, a name, and a list of controls with an id and a name each.

Source: the framework files in the project's repository, getprobo/probo, November 2026.
"""

from collections import Counter

from shinrai.frameworks.formats.document import Cursor, Document
from shinrai.frameworks.formats.draft import Draft, Header, Row, usable_id
from shinrai.frameworks.formats.report import Findings
from shinrai.frameworks.located import shown
from shinrai.frameworks.model import Kind
from shinrai.language import ShinraiError, message

_FRAMEWORK = {"id", "name", "controls", "description", "version"}
_CONTROL = {"id", "name", "description"}


def read_probo(document: Document, findings: Findings, language: str) -> tuple[Draft, Header]:
    """Read a framework. language: the language tag of its texts."""
    root = document.root
    draft = Draft(findings, language)
    name = root.need("name").text()
    left: Counter[str] = Counter(each for each in root.fields() if each not in _FRAMEWORK)
    seen: dict[str, int] = {}
    for number, control in enumerate(root.need("controls").items()):
        try:
            left.update(f"controls.{each}" for each in control.fields() if each not in _CONTROL)
            draft.rows.append(_row(control, draft, seen, number))
        except ShinraiError as error:
            findings.fault(error)
    for each, count in sorted(left.items()):
        findings.lose(
            message("The field “{name}” has no place here (found {count} times).", name=shown(each), count=count)
        )
    return draft, Header(
        id=(usable_id(root.words("id") or "") or usable_id(name)).casefold() or "probo",
        version=usable_id(root.words("version") or "") or "1",
        title=draft.said(name, root.place),
    )


def _row(control: Cursor, draft: Draft, seen: dict[str, int], number: int) -> Row:
    wanted = control.words("id")
    if wanted is None:
        raise ShinraiError(
            message("The field “{name}” is missing.", name="id"), fix=message("Add it."), place=control.place
        )
    if wanted in seen:
        raise ShinraiError(
            message("The id “{id}” is already used by control {number}.", id=shown(wanted), number=seen[wanted] + 1),
            fix=message("Give it another id."),
            place=control.need("id").place,
        )
    seen[wanted] = number
    name = control.need("name").text()
    return Row(
        id=draft.id_for(wanted, control.place),
        kind=Kind.CONTROL,
        title=draft.said(name, control.place),
        text=draft.said(control.words("description") or name, control.place),
        place=control.place,
        name=wanted,
        section=wanted,
    )
