"""The main job: plan, measure, prove, judge, and derive the results.

`assess` goes from a description to a bundle; `at` gives the results as they stand at any moment. Results are derived
here and nowhere else.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shinrai.assess.assessment import Assessment, Result
    from shinrai.assess.attesting import scope_approval, sign_attestation, sign_scope, signed_attestations
    from shinrai.assess.plan import make_plan
    from shinrai.assess.reading import read_assessment
    from shinrai.assess.results import at
    from shinrai.assess.run import Assessed, assess

_HOMES = {
    "Assessed": "run",
    "Assessment": "assessment",
    "Result": "assessment",
    "assess": "run",
    "at": "results",
    "make_plan": "plan",
    "read_assessment": "reading",
    "scope_approval": "attesting",
    "sign_attestation": "attesting",
    "sign_scope": "attesting",
    "signed_attestations": "attesting",
}

__all__ = [
    "Assessed",
    "Assessment",
    "Result",
    "assess",
    "at",
    "make_plan",
    "read_assessment",
    "scope_approval",
    "sign_attestation",
    "sign_scope",
    "signed_attestations",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its module: reading an assessment must not load the machinery that makes one."""
    if name in _HOMES:
        return getattr(import_module(f"shinrai.assess.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
