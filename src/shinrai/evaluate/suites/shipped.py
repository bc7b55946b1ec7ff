"""The suites that come with Shinrai, and suites of one's own."""

from functools import cache
from importlib.resources import files
from pathlib import Path

from shinrai.evaluate.suites.model import Suite
from shinrai.evaluate.suites.reader import MAX_BYTES, read_suite
from shinrai.language import Place, ShinraiError, message, suggest


@cache
def available_suites() -> tuple[str, ...]:
    """Return the ids of the suites that come with Shinrai, in order."""
    data = files("shinrai.evaluate.suites") / "data"
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in data.iterdir() if entry.name.endswith(".yaml")))


def suite_file(id: str) -> bytes:  # noqa: A002  (the field's own name)
    """Return the file of a suite that comes with Shinrai."""
    return (files("shinrai.evaluate.suites") / "data" / f"{id}.yaml").read_bytes()


@cache
def load_suite(id: str) -> Suite:  # noqa: A002  (the field's own name)
    """Load a suite that comes with Shinrai; an id that does not exist is a ShinraiError."""
    if id not in available_suites():
        raise ShinraiError(
            message("There is no suite “{id}”.", id=id),
            fix=suggest(id, available_suites()) or message("See which there are: shinrai suites list"),
        )
    return read_suite(suite_file(id), f"{id}.yaml")


def choose_suite(name: str) -> Suite:
    """Return a suite by its id, or read it from a file of one's own: a name that ends in .yaml or .yml."""
    if not name.endswith((".yaml", ".yml")):
        return load_suite(name)
    path = Path(name)
    try:
        with path.open("rb") as stream:
            # One byte more than is allowed tells that there is more, without reading it.
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ShinraiError(
            message("The file cannot be read."), fix=message("Check the path and who may read it."), place=Place(name)
        ) from error
    return read_suite(data, name)


def unknown_leaves(suite: Suite) -> tuple[str, ...]:
    """Return the leaves that a suite says it shows and that no framework coming with Shinrai has."""
    from shinrai.frameworks import available, load_framework

    wanted = set(suite.shows)
    for key in available() if wanted else ():
        framework = load_framework(*key)
        wanted -= {leaf.id for requirement in framework.requirements for leaf in requirement.expects}
    return tuple(leaf for leaf in suite.shows if leaf in wanted)
