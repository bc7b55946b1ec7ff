"""Build hook: compile this package's gettext catalogue (.po) into the .mo file that is read at run time."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileMessages(BuildHookInterface[Any]):
    """Runs before each build, also before an editable one."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  (interface)
        """Compile before hatchling collects the files."""
        for po in sorted(Path(self.root).glob("src/**/locales/*/LC_MESSAGES/*.po")):
            with po.open("rb") as source:
                catalogue = read_po(source, locale=po.parent.parent.name, abort_invalid=True)
            # The time of the build must not be in it, or the same source would give other bytes.
            catalogue.creation_date = catalogue.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
            with po.with_suffix(".mo").open("wb") as target:
                write_mo(target, catalogue)
