"""Build `docs/verify/index.html`, the verifier as one page, from packages/shinrai-verify-js.

The modules are joined in an order in which each stands after those it needs. The page's own policy names the digest
of the script and of the style, and forbids every connection. `--check` says whether the page is current.
"""

import base64
import hashlib
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "packages" / "shinrai-verify-js"
PAGE = ROOT / "docs" / "verify" / "index.html"
MODULES = (
    "src/encoding.mjs",
    "src/shape.mjs",
    "src/hash.mjs",
    "src/keys.mjs",
    "src/archive.mjs",
    "src/note.mjs",
    "src/envelope.mjs",
    "src/trust.mjs",
    "src/count.mjs",
    "src/stamp.mjs",
    "src/assessment.mjs",
    "src/steps.mjs",
    "src/texts.mjs",
    "src/told.mjs",
    "page/page.mjs",
)
_IMPORT = re.compile(r'^import \{[^}]*\} from "(\./[a-z]+\.mjs)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)
_DECLARED = re.compile(r"^(?:async )?(?:const|let|class|function\*?) (\w+)|^const \[([^\]]+)\]", re.MULTILINE)


def joined() -> str:
    """Return the modules as one script; raises ValueError where joining would change what a name means."""
    parts, names, before = [], set[str](), set[str]()
    for module in MODULES:
        text = (SOURCE / module).read_text(encoding="utf-8")
        missing = {Path(name).name for name in _IMPORT.findall(text)} - before
        plain = _EXPORT.sub("", _IMPORT.sub("", text))
        declared = [n for one, many in _DECLARED.findall(plain) for n in (one, *re.split(r",\s*", many)) if n]
        again = names.intersection(declared)
        if missing or again or re.search(r"^import|</script", plain, re.MULTILINE):
            raise ValueError(f"{module} cannot be joined: {sorted(missing | again)}")
        names |= set(declared)
        before.add(Path(module).name)
        parts.append(f"// {module}\n{plain}")
    return "\n" + "\n".join(parts)


def digest(text: str) -> str:
    """Return a digest as a content security policy names it."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def page() -> str:
    """Return the page."""
    script, style = joined(), (SOURCE / "page" / "page.css").read_text(encoding="utf-8")
    filled = {"SCRIPT_HASH": digest(script), "STYLE_HASH": digest(style), "STYLE": style, "SCRIPT": script}
    template = (SOURCE / "page" / "page.html").read_text(encoding="utf-8")
    return re.sub(r"%([A-Z_]+)%", lambda found: filled[found[1]], template)


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` return 1 where the one that is there is not current."""
    if arguments == ["--check"]:
        current = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page()
        print("current" if current else f"{PAGE.relative_to(ROOT)} is not current: run tools/build_verify_page.py")
        return int(not current)
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
