"""The reference page of mappings is right: its example loads, its tables are those of the code."""

import re
from pathlib import Path

from shinrai.frameworks.difference import Change
from shinrai.frameworks.mapped import Standing
from shinrai.frameworks.mapping import Basis, State, read_mappings
from shinrai.frameworks.paths import MAX_HOPS
from shinrai.frameworks.relation import Relation, compose

PAGE = (Path(__file__).parents[2] / "docs/reference/mappings.md").read_text(encoding="utf-8")


def cells(line: str) -> list[str]:
    return [cell.strip(" *`") for cell in line.strip("|").split("|")]


def first_cells(words: str) -> set[str]:
    """The words in code marks in the first cells of the table that begins with these words."""
    table = PAGE[PAGE.index(words) :].split("\n\n")[0]
    return {word for line in table.splitlines() for word in re.findall(r"`([^`]+)`", line.split("|")[1])}


def test_the_example_loads() -> None:
    found = read_mappings(re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0].encode(), "example.yaml")
    assert [(each.source.id, each.relation, each.state) for each in found.mappings] == [
        ("EX-1.1", Relation.INTERSECTS, State.PROPOSED),
        ("EX-1.2", Relation.SUPERSET, State.DISPUTED),
    ]


def test_the_table_is_the_algebra() -> None:
    head, _, *lines = PAGE[PAGE.index("| | equal |") :].split("\n\n")[0].splitlines()
    columns = cells(head)[1:]
    assert columns == list(Relation) and [cells(line)[0] for line in lines] == list(Relation)
    for line in lines:
        first, *entries = cells(line)
        for second, entry in zip(columns, entries, strict=True):
            follows = compose(Relation(first), Relation(second))
            assert entry == ("–" if follows is None else follows)


def test_words_are_those_of_the_code() -> None:
    assert first_cells("| standing | meaning |") == set(Standing)
    assert first_cells("| class | meaning |") == set(Change)
    assert first_cells("| relation | the source row asks |") == set(Relation)
    fields = re.findall(r"^\| `(basis|state)` \|(.*)\|$", PAGE, re.MULTILINE)
    named = {name: set(re.findall(r"`([^`]+)`", text)) for name, text in fields}
    assert named == {"basis": set(Basis), "state": set(State)}
    assert MAX_HOPS == 4 and "four at\nmost" in PAGE


def test_the_python_example_runs() -> None:
    code = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]
    data = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0].encode()
    names: dict[str, object] = {"data": data, "print": lambda *_: None}
    exec(compile(code, "mappings.md", "exec"), names)  # noqa: S102  (our own page)
    assert {"business", "guideline", "sets"} <= names.keys()
