"""OSCAL 1.2.1 in JSON: catalogs in and out, profiles and mapping collections out."""

from shinrai.frameworks.formats.oscal.catalog_in import read_catalog
from shinrai.frameworks.formats.oscal.catalog_out import catalog
from shinrai.frameworks.formats.oscal.keeping import kept
from shinrai.frameworks.formats.oscal.mapping import MappingRow, mapping_collection
from shinrai.frameworks.formats.oscal.profile import profile
from shinrai.frameworks.formats.oscal.words import VERSION, dumped

__all__ = ["VERSION", "MappingRow", "catalog", "dumped", "kept", "mapping_collection", "profile", "read_catalog"]
