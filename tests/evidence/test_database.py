"""The tables that migrations make are the tables the code uses."""

from pathlib import Path

from sqlalchemy import inspect

from shinrai.evidence import migrations
from shinrai.evidence.database import HEAD, open_database
from shinrai.evidence.schema import metadata


def test_migrations_make_the_schema(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "shinrai.db")
    made = inspect(engine)
    assert set(made.get_table_names()) - {"alembic_version"} == set(metadata.tables)
    for name, table in metadata.tables.items():
        assert [column["name"] for column in made.get_columns(name)] == [column.name for column in table.columns]
        assert {u["name"] for u in made.get_unique_constraints(name) if u["name"]} == {
            str(c.name) for c in table.constraints if c.__class__.__name__ == "UniqueConstraint" and c.name
        }


def test_head_is_the_newest_migration() -> None:
    folder = Path(migrations.__file__).parent / "versions"
    assert max(path.name.partition("_")[0] for path in folder.glob("[0-9]*.py")) == HEAD


def test_commits_are_on_disk_and_writers_wait(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "shinrai.db")
    with engine.connect() as db:
        settings = [
            db.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert settings == ["wal", 2, 1]
