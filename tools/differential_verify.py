"""Run both verifiers on the same bundles and say where they differ: `--all` for every bundle that the tests make.

Without `--all`, the corpus of packages/shinrai-verify/verify_tests/corpus.py is run, some hundred bundles. With it, the
whole test suite of shinrai-verify runs as well, and each bundle that any test verifies is verified again by the other.
"""

import argparse
import importlib
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import shinrai_verify.verify as verifying
from shinrai_verify.trust import Policy

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "packages" / "shinrai-verify"))

both = importlib.import_module("verify_tests.both")  # not an installed package
corpus = importlib.import_module("verify_tests.corpus").corpus
stamped_cases = importlib.import_module("verify_tests.stamped_cases").stamped_cases


class Recorder:
    """Keeps every bundle that a test verifies, with the policy's bytes, until the other verifier has seen it too."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.tally = folder, Counter[str]()
        self.cases: list[Any] = []
        self.said: list[str] = []
        self.policies: dict[int, tuple[Policy, bytes]] = {}
        self._verify, self._parse = verifying.verify, Policy.from_bytes

    def parse(self, data: bytes) -> Policy:
        """Parse a policy and remember its bytes; the object is kept too, so that its id stays its own."""
        policy = self._parse(data)
        self.policies[id(policy)] = (policy, data)
        return policy

    def verify(self, path: Path, policy: Policy, **more: Any) -> verifying.Verification:
        """Verify, and keep what was verified."""
        if path.is_file() and path.stat().st_size < 2**24 and id(policy) in self.policies:
            now, seen = more.get("now"), more.get("last_seen")
            when = int(now.timestamp() * 1000) if now else None
            case = both.Case(f"recorded {len(self.cases)}", path.read_bytes(), self.policies[id(policy)][1], seen, when)
            self.cases.append(case)
            if len(self.cases) >= 400:
                self.flush()
        return self._verify(path, policy, **more)

    def flush(self) -> None:
        """Let both verify what was kept."""
        print(end=".", flush=True)
        self.said += both.differences(self.cases, self.folder, self.tally, self._verify)
        self.cases.clear()


def recorded(folder: Path) -> Iterator[str]:
    """Yield the differences on the bundles of the test suite."""
    recorder = Recorder(folder)
    verifying.verify, Policy.from_bytes = recorder.verify, staticmethod(recorder.parse)  # type: ignore[method-assign]
    suite = str(ROOT / "packages" / "shinrai-verify" / "verify_tests")
    skipped = "not differential and not alone and not page"
    pytest.main(["-q", "-p", "no:cacheprovider", "-k", skipped, "--no-header", "--tb=no", suite])
    recorder.flush()
    yield from recorder.said
    print(f"\nbundles of the tests: {sum(recorder.tally.values())}, by class {dict(sorted(recorder.tally.items()))}")


def main() -> int:
    """Run the corpora; returns 1 where the verifiers differ."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--all", action="store_true", help="also every bundle that the tests of shinrai-verify make")
    parser.add_argument("--flips", type=int, default=60, help="how many random bits to flip, and files to cut, each")
    options = parser.parse_args()
    if both.node() is None:
        print("no node: neither on PATH nor in playwright", file=sys.stderr)
        return 2
    tally = Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        found = both.differences(list(corpus(options.flips)), Path(folder), tally)
        print(f"corpus: {sum(tally.values())} bundles, by class {dict(sorted(tally.items()))}")
        if options.all:
            stamps, places = Path(folder) / "stamps", Path(folder) / "stamped"
            stamps.mkdir()
            places.mkdir()
            tally.clear()
            found += both.differences(list(stamped_cases(stamps, 31)), places, tally)
            print(f"time stamps: {sum(tally.values())} bundles, by class {dict(sorted(tally.items()))}")
            found += recorded(Path(folder))
    print("\n".join(json.dumps(text, ensure_ascii=False) for text in found) or "no difference")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
