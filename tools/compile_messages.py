"""Compile every gettext catalogue (.po) below src into the .mo file that is read at run time."""

from datetime import UTC, datetime
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


def compile_catalogues(root: Path) -> list[Path]:
    """Compile the catalogues below root; returns the .mo files written, in a stable order."""
    written = []
    for po in sorted(root.glob("src/**/locales/*/LC_MESSAGES/*.po")):
        with po.open("rb") as source:
            catalogue = read_po(source, locale=po.parent.parent.name, abort_invalid=True)
        # The time of the build must not be in it, or the same source would give other bytes.
        catalogue.creation_date = catalogue.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
        mo = po.with_suffix(".mo")
        with mo.open("wb") as target:
            write_mo(target, catalogue)
        written.append(mo)
    return written


if __name__ == "__main__":
    here = Path(__file__).resolve().parent.parent
    for project in (here, here / "packages" / "shinrai-verify"):
        for path in compile_catalogues(project):
            print(path.relative_to(here))
