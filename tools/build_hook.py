"""Build hook: what is made from the sources before the package is put together, also before an editable install."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BuildHook(BuildHookInterface[Any]):
    """Compiles the catalogues and the frameworks."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  (interface)
        """Compile before hatchling collects the files."""
        root = Path(self.root)
        sys.path[:0] = [str(root / "tools"), str(root / "src")]
        from compile_messages import compile_catalogues

        from shinrai.frameworks.compiled import compile_folder

        compile_catalogues(root)
        compile_folder(root / "src" / "shinrai" / "frameworks" / "data")
