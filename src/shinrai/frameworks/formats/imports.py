"""Which format a file is in, and reading it."""

from hashlib import sha256

from shinrai.frameworks.formats.aisev import VERTICAL_TAB, parse_aisev, read_aisev
from shinrai.frameworks.formats.ciso_assistant import read_ciso, read_mappings
from shinrai.frameworks.formats.document import Document, read_json, read_yaml
from shinrai.frameworks.formats.draft import Draft, Header
from shinrai.frameworks.formats.oscal.catalog_in import read_catalog
from shinrai.frameworks.formats.probo import read_probo
from shinrai.frameworks.formats.report import Findings, Imported, ImportedMapping
from shinrai.frameworks.loader import read_framework
from shinrai.frameworks.located import shown
from shinrai.frameworks.model import Framework
from shinrai.language import Message, Place, ShinraiError, message, suggest

FORMATS = ("yaml", "xlsx", "oscal", "ciso-assistant", "probo", "aisev")
"""The formats that can be imported; `yaml` is Shinrai's own."""

_OSCAL_OTHERS = {
    "profile",
    "mapping-collection",
    "component-definition",
    "system-security-plan",
    "assessment-plan",
    "assessment-results",
    "plan-of-action-and-milestones",
}


def detect(data: bytes, name: str) -> str:
    """Return the format of a file, one of FORMATS, by what it holds and not by its name.

    A file in none of them is a ShinraiError that says what it seems to be.
    """
    return _identified(data, name)[0]


def import_framework(
    data: bytes,
    name: str,
    *,
    format: str | None = None,  # noqa: A002
    language: str | None = None,
) -> Imported:
    """Read a file in another format (or in ours) as a framework.

    name: what errors and the report call the file. format: one of FORMATS; found out when not given. language: the
    language tag of the file's texts where the format does not say (OSCAL, Probo); English when not given.

    A file with faults is refused with all of them. What the file says and a framework has no place for is in the
    report, and so is everything that had to be supplied. Limits of size, depth and number hold for every format.
    """
    if format is not None and format not in FORMATS:
        known = ", ".join(FORMATS)
        raise ShinraiError(
            message("“{value}” is not one of {known}.", value=shown(format), known=known), fix=suggest(format, FORMATS)
        )
    found, document = _identified(data, name) if format is None else (format, None)
    if found == "xlsx":
        # Spreadsheets take a large library that nothing else here needs.
        from shinrai.frameworks.formats.xlsx import read_xlsx

        return read_xlsx(data, name)
    findings = Findings(name)
    if found == "yaml":
        framework = read_framework(data, name)
        findings.counts["requirements"] = len(framework.requirements)
        report = findings.report(found, framework.digest, len(data))
        return Imported(framework, data, (), report, framework.id, {row.id: row.id for row in framework.requirements})
    document = document or _parsed(found, data, name)
    mappings: tuple[ImportedMapping, ...] = ()
    if found == "ciso-assistant":
        read = read_ciso(document, findings)
        mappings = read_mappings(document, findings)
        if read is None:
            return _mappings_only(mappings, findings, data)
        return _finished(*read, mappings, found, findings, data)
    if found == "aisev":
        return _finished(*read_aisev(document, findings), mappings, found, findings, data)
    if found == "probo":
        return _finished(*read_probo(document, findings, language or "en"), mappings, found, findings, data)
    catalog = read_catalog(document.root, findings, language or "en")
    return _finished(catalog.draft, catalog.header, mappings, found, findings, data)


def _finished(
    draft: Draft,
    header: Header | Framework,
    mappings: tuple[ImportedMapping, ...],
    format_: str,
    findings: Findings,
    data: bytes,
) -> Imported:
    framework, text = draft.finish(header, data)
    report = findings.report(format_, sha256(data).hexdigest(), len(data))
    return Imported(framework, text, mappings, report, draft.name, dict(draft.names))


def _mappings_only(mappings: tuple[ImportedMapping, ...], findings: Findings, data: bytes) -> Imported:
    findings.refuse_faults()
    if not mappings:
        raise ShinraiError(message("There is no framework and no mapping in this file."), place=Place(findings.name))
    return Imported(None, None, mappings, findings.report("ciso-assistant", sha256(data).hexdigest(), len(data)))


def _parsed(format_: str, data: bytes, name: str) -> Document:
    if format_ == "aisev":
        return parse_aisev(data, name)
    return read_yaml(data, name) if format_ == "ciso-assistant" else read_json(data, name)


def _identified(data: bytes, name: str) -> tuple[str, Document | None]:
    """Return the format of a file, and the file where it had to be read whole to find out."""
    if data.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        return "xlsx", None
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        document = read_json(data, name)
        return _json_format(document), document
    if data.startswith((b"%PDF", b"<")):
        raise _unknown(name, message("It looks like a PDF, HTML or XML file."))
    if name.lower().endswith((".xlsx", ".xlsm", ".xls")):
        # A damaged workbook is no text file: its own reader says what is wrong with it.
        return "xlsx", None
    document = parse_aisev(data, name)
    found = _yaml_format(document)
    if found == "yaml" or (found != "aisev" and VERTICAL_TAB.encode() in data):
        return found, None
    return found, document


def _json_format(document: Document) -> str:
    fields = document.value if isinstance(document.value, dict) else {}
    if "catalog" in fields:
        return "oscal"
    if "controls" in fields and "name" in fields:
        return "probo"
    others = _OSCAL_OTHERS & fields.keys()
    if others:
        raise _unknown(
            document.name,
            message("It is an OSCAL file of the kind “{kind}”; only catalogs can be imported.", kind=min(others)),
        )
    raise _unknown(document.name, _fields_seen(document))


def _yaml_format(document: Document) -> str:
    fields = document.value if isinstance(document.value, dict) else {}
    if "requirements" in fields and "source_keys" in fields:
        return "yaml"
    if "objects" in fields:
        return "ciso-assistant"
    if any(isinstance(node, dict) and "goalType" in node for node in fields.values()):
        return "aisev"
    if "catalog" in fields:
        raise _unknown(document.name, message("It is OSCAL in YAML; convert it to JSON."))
    if "requirements" in fields:
        # Most likely ours, and its reader says best what is missing.
        return "yaml"
    raise _unknown(document.name, _fields_seen(document))


def _fields_seen(document: Document) -> Message:
    if not isinstance(document.value, dict):
        return message("It does not begin with a block of fields.")
    names = ", ".join(shown(name, 20) for name in list(document.value)[:6])
    return message("Its first fields are: {names}.", names=names)


def _unknown(name: str, seen: Message) -> ShinraiError:
    return ShinraiError(
        message("This is not a framework in a format that can be imported. {seen}", seen=seen),
        fix=message("Formats: {known}.", known=", ".join(FORMATS)),
        place=Place(name),
    )
