"""Frameworks from other formats and into them.

In: Shinrai's own YAML, workbooks (XLSX), OSCAL catalogs, libraries of CISO Assistant, framework files of Probo, goal
trees of J-AISI's aisev. Out: YAML, workbooks, OSCAL catalogs, profiles and mapping collections, libraries of CISO
Assistant. Every import ends in a framework that `read_framework` accepts, and in a report of what was missing, what was
supplied and what did not fit; nothing is dropped in silence. Files may come from strangers: sizes are limited and
faults are reported together, each with its place.
"""

from shinrai.frameworks.formats.draft import UNTRANSLATED, is_untranslated
from shinrai.frameworks.formats.exports import FORMATS as EXPORT_FORMATS
from shinrai.frameworks.formats.exports import export_framework
from shinrai.frameworks.formats.folder import FileResult, FolderReport, Progress, import_folder
from shinrai.frameworks.formats.imports import FORMATS as IMPORT_FORMATS
from shinrai.frameworks.formats.imports import detect, import_framework
from shinrai.frameworks.formats.oscal import MappingRow, dumped, mapping_collection
from shinrai.frameworks.formats.report import (
    FaultyFile,
    Imported,
    ImportedMapping,
    ImportReport,
    Notice,
    in_our_ids,
)
from shinrai.frameworks.formats.worth import MappingWorth, framework_flags, mapping_worth
from shinrai.frameworks.formats.yaml_out import write_yaml

__all__ = [
    "EXPORT_FORMATS",
    "IMPORT_FORMATS",
    "UNTRANSLATED",
    "FaultyFile",
    "FileResult",
    "FolderReport",
    "ImportReport",
    "Imported",
    "ImportedMapping",
    "MappingRow",
    "MappingWorth",
    "Notice",
    "Progress",
    "detect",
    "dumped",
    "export_framework",
    "framework_flags",
    "import_folder",
    "import_framework",
    "in_our_ids",
    "is_untranslated",
    "mapping_collection",
    "mapping_worth",
    "template",
    "write_yaml",
]


def template() -> bytes:
    """Return a workbook (XLSX) to begin a framework with: explained, with an example."""
    # Spreadsheets take a large library that nothing else here needs.
    from shinrai.frameworks.formats.xlsx import template as make

    return make()
