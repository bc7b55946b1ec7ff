"""`assessment.json` and its published schema.

`python -m shinrai.report.machine` writes the schema to standard output; `docs/reference/assessment.schema.json` is
that text, and a test keeps the two equal.
"""

import json
import re
import sys
from typing import Any

from shinrai.assess.assessment import Assessment

# JSON allows these raw inside a string, but a viewer may obey them; the escape means the same text.
_OBEYED = re.compile("[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def to_json(assessment: Assessment) -> str:
    """Return the assessment as JSON text: keys sorted, two spaces, one trailing newline; equal input, equal bytes.

    ValueError for a number that is not finite: JSON has none, and an undefined value has to be null.
    """
    return _text(assessment.model_dump(mode="json", by_alias=True))


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of `assessment.json`."""
    schema = Assessment.model_json_schema(by_alias=True, mode="serialization")
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": Assessment.model_fields["schema_id"].annotation.__args__[0],  # type: ignore[union-attr]
    }
    return head | schema


def _text(value: dict[str, Any]) -> str:
    written = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2, sort_keys=True)
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", written) + "\n"


if __name__ == "__main__":
    sys.stdout.write(_text(json_schema()))
