"""An assessment after the log's key was replaced verifies with the trust file that was handed out before."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from shinrai.assess import assess
from shinrai.evidence import Home, Store, ensure_trust
from shinrai.evidence.log_keys import rotate_log
from shinrai.evidence.trust import policy_file, utc_now
from shinrai_verify.trust import Policy
from shinrai_verify.verify import verify


def test_outsiders_follow_the_log_to_its_new_key(
    describe: Callable[..., Path], home: Home, seats_agree_elsewhere: Callable[[Any], None]
) -> None:
    store = Store(home)
    handed_out = policy_file(ensure_trust(home, store, {}, utc_now()), store)
    seen = store.publish()
    store.close()
    rotate_log(home, utc_now())
    path = describe("fair 100")
    # Salted rows: a seat elsewhere takes the salt off before it counts.
    path.write_text(path.read_text().replace("data: [none]", "data: [personal]"))
    done = assess(path, home, path.parent.parent / "out")
    assert done.trust.read_bytes() == handed_out
    outcome = verify(done.bundle, Policy.from_bytes(handed_out), last_seen=seen)
    assert (outcome.exit_code, outcome.checkpoint is not None) == (0, True)
    seats_agree_elsewhere(done)
