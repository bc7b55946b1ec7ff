"""Take the pictures of the report that the readmes show, from what `make demo` wrote.

Needs Chromium on the machine. The pictures are the first screen of a desktop, 1280 pixels wide.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
WIDTH, HEIGHT = 1280, 900
LARGEST = 300_000


def main() -> int:
    """Write docs/images/report.<language>.png; returns 1 when a picture is larger than a readme should carry."""
    browser_path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser_path is None:
        sys.exit("There is no Chromium on this machine.")
    sizes = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        for language in ("en", "ja"):
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            page.goto((ROOT / "out" / "loan-screening" / f"report.{language}.html").as_uri())
            picture = ROOT / "docs" / "images" / f"report.{language}.png"
            page.screenshot(path=picture)
            sizes.append(picture.stat().st_size)
            print(f"{picture.relative_to(ROOT)}: {sizes[-1]} bytes")
        browser.close()
    return 1 if max(sizes) > LARGEST else 0


if __name__ == "__main__":
    sys.exit(main())
