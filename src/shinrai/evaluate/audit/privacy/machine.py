"""Rates from released counts as JSON's own types, under the names that an audit of a table uses."""

from typing import Any

from shinrai.evaluate.audit.privacy.noisy import NoisyCounts, NoisyRate, rates_of
from shinrai.language import message

_REASON = message("The noise leaves nothing to say.")


def noisy_data(found: NoisyCounts) -> dict[str, Any]:
    """Return by group column `by_group.<level>.<rate>` and `difference.<rate>`; null with a reason where undefined."""
    columns = {}
    for name in found.groups:
        groups = rates_of(found, name)
        columns[name] = {
            "by_group": {
                level: {
                    "rows_with_noise": rows,
                    **{rate: _number(of_level[level]) for rate, of_level in groups.rates.items()},
                }
                for level, rows in groups.rows.items()
            },
            "difference": {rate: _number(gap) for rate, gap in groups.difference.items()},
        }
    return {
        "noise": {
            "mechanism": "discrete-laplace",
            "scale": str(found.scale),
            "epsilon": str(found.epsilon),
            "rows_per_person": found.rows_per_person,
            "rows_per_person_enforced": found.enforced,
            "left_out_with_noise": found.left_out,
        },
        "groups": columns,
    }


def _number(rate: NoisyRate | None) -> dict[str, Any]:
    if rate is None or rate.value is None or rate.interval is None:
        reason = _REASON.both()
        return {
            "value": None,
            "n": rate.n if rate else None,
            "interval": None,
            "reason": {"ja": reason.ja, "en": reason.en},
        }
    return {"value": rate.value, "n": rate.n, "interval": [rate.interval.low, rate.interval.high]}
