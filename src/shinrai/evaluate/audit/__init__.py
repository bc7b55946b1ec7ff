"""Audit of a table of decisions: from rows, wherever they are, to rates, gaps and scores by group.

`cells` is what an intake hands over, counts and exact sums only; everything else is computed from it. `read_cells` and
`audit_cells` are the two steps, `AuditFrame` is both of them for arrays and frames, `to_data` is the result as JSON.
Definitions: docs/reference/audit.md. Public names are loaded on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shinrai.evaluate.audit.audit import Audit, audit_cells
    from shinrai.evaluate.audit.cells import CellTable, Roles, Task
    from shinrai.evaluate.audit.frame import AuditFrame
    from shinrai.evaluate.audit.intake import DatabaseTable, Wanted, read_cells
    from shinrai.evaluate.audit.machine import to_data
    from shinrai.evaluate.audit.settings import AuditSettings

_HOMES = {
    "Audit": "audit",
    "AuditFrame": "frame",
    "AuditSettings": "settings",
    "CellTable": "cells",
    "DatabaseTable": "intake",
    "Roles": "cells",
    "Task": "cells",
    "Wanted": "intake",
    "audit_cells": "audit",
    "read_cells": "intake",
    "to_data": "machine",
}

__all__ = [
    "Audit",
    "AuditFrame",
    "AuditSettings",
    "CellTable",
    "DatabaseTable",
    "Roles",
    "Task",
    "Wanted",
    "audit_cells",
    "read_cells",
    "to_data",
]


def __getattr__(name: str) -> Any:
    """Load a public name from the module that has it."""
    if name in _HOMES:
        return getattr(import_module(f"shinrai.evaluate.audit.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
