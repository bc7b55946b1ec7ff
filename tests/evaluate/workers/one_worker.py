"""One worker in a process of its own, to be killed: one_worker.py FOLDER TARGET [--key REFERENCE]."""

import signal
import sys
import threading
from pathlib import Path

from shinrai.evaluate.workers.database import opened
from shinrai.evaluate.workers.worker import Allowed, serve
from shinrai.language import Message, ShinraiError


def main(folder: Path, target: str, keys: list[str]) -> int:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())

    def tell(what: Message) -> None:
        sys.stdout.write(f"{what}\n")
        sys.stdout.flush()

    try:
        with opened("env:SHARE_DB") as database:
            state = serve(database, folder, Allowed([target], keys), once=True, tell=tell, stop=stop)
    except ShinraiError as error:
        sys.stdout.write(f"{error}\n")
        return 3
    sys.stdout.write(f"ended {state}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), sys.argv[2], [each for each in sys.argv[3:] if each != "--key"]))
