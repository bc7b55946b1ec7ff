"""What a mitigation found, as JSON's own types."""

import hashlib
from typing import Any

from shinrai.evaluate.audit.mitigation.choosing import Chosen
from shinrai.evaluate.audit.mitigation.operating_point import operating_point_data
from shinrai.evaluate.audit.mitigation.words import base_rates_differ, cautions
from shinrai.language import Message


def chosen_data(chosen: Chosen, content: bytes) -> dict[str, Any]:
    """Return rules and outcome. content: of the operating point's file, whose digest a signature is bound to."""
    said = [*cautions(chosen), base_rates_differ(chosen.outcome)]
    return {
        **operating_point_data(chosen),
        "operating_point_sha256": hashlib.sha256(content).hexdigest(),
        "cautions": [_both(each) for each in said if each is not None],
    }


def _both(said: Message) -> dict[str, str]:
    text = said.both()
    return {"ja": text.ja, "en": text.en}
