"""A framework written in another format."""

from shinrai.frameworks.formats.ciso_assistant import write_ciso
from shinrai.frameworks.formats.oscal import catalog, dumped, kept, profile
from shinrai.frameworks.formats.yaml_out import write_yaml
from shinrai.frameworks.located import shown
from shinrai.frameworks.model import Framework, Role
from shinrai.language import Language, ShinraiError, message, suggest

FORMATS = ("yaml", "xlsx", "oscal-catalog", "oscal-profile", "ciso-assistant")
"""The formats that a framework can be exported to; `yaml` is Shinrai's own. Mappings: see `mapping_collection`."""


def export_framework(
    framework: Framework,
    format: str,  # noqa: A002
    *,
    language: Language | None = None,
    role: Role | None = None,
    href: str | None = None,
    original: bytes | None = None,
) -> bytes:
    """Write a framework in another format; the same framework always gives the same bytes.

    format: one of FORMATS. language: that of titles in formats that have one only; the language of record when not
    given. role: whose requirements an OSCAL profile chooses. href: where the profile finds the catalog; when not
    given, `<id>-<version>.catalog.json` beside it. original: the OSCAL catalog the framework was imported from; then
    everything in it that the framework has no place for is kept, and an unchanged framework gives the same bytes.
    """
    own = Language.JA if framework.language_of_record.split("-")[0] == Language.JA else Language.EN
    chosen = language or own
    if format == "yaml":
        return write_yaml(framework)
    if format == "xlsx":
        # Spreadsheets take a large library that nothing else here needs.
        from shinrai.frameworks.formats.xlsx import write_xlsx

        return write_xlsx(framework)
    if format == "oscal-catalog":
        if original is None:
            return dumped(catalog(framework, chosen))
        return kept(framework, original, "original.json", chosen)
    if format == "oscal-profile":
        if role is None:
            raise ShinraiError(message("A profile is of one role."), fix=message("Name the role."))
        return dumped(profile(framework, role, href or f"{framework.id}-{framework.version}.catalog.json", chosen))
    if format == "ciso-assistant":
        return write_ciso(framework, chosen)
    known = ", ".join(FORMATS)
    raise ShinraiError(
        message("“{value}” is not one of {known}.", value=shown(format), known=known), fix=suggest(format, FORMATS)
    )
