"""Frameworks as workbooks (.xlsx): a template, a reader that names every fault's cell, and a writer."""

from shinrai.frameworks.formats.xlsx.read import read_xlsx
from shinrai.frameworks.formats.xlsx.template import template
from shinrai.frameworks.formats.xlsx.write import write_xlsx

__all__ = ["read_xlsx", "template", "write_xlsx"]
