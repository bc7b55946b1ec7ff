"""The tables of the database that prove things; the same on SQLite and PostgreSQL.

Later rooms add their own tables to the same database by their own migrations.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

LOG_ID = 1
"""The one log of a data folder; the column is there so that a database could hold several."""

log = Table(
    "log",
    metadata,
    Column("log_id", BigInteger, primary_key=True, autoincrement=False),
    Column("origin", Text, nullable=False, unique=True),
    Column("size", BigInteger, nullable=False),
    CheckConstraint("size >= 0"),
)

log_leaf = Table(
    "log_leaf",
    metadata,
    Column("log_id", BigInteger, ForeignKey("log.log_id"), nullable=False),
    Column("idx", BigInteger, nullable=False),
    Column("leaf_hash", LargeBinary, nullable=False),
    Column("entry", LargeBinary, nullable=False),
    # Copies of two fields of the entry, to find it by; `check` compares them with the entry.
    Column("payload", LargeBinary, nullable=False, index=True),
    Column("predicate_type", Text, nullable=False, index=True),
    PrimaryKeyConstraint("log_id", "idx"),
    CheckConstraint("idx >= 0"),
    CheckConstraint("length(leaf_hash) = 32"),
    CheckConstraint("length(entry) <= 65535"),
    # Ed25519 is deterministic: the same statement by the same key is the same leaf, and stands in the log once.
    UniqueConstraint("log_id", "leaf_hash", name="log_leaf_by_hash"),
)

log_node = Table(
    "log_node",
    metadata,
    Column("log_id", BigInteger, ForeignKey("log.log_id"), nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("idx", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("log_id", "level", "idx"),
    CheckConstraint("level BETWEEN 1 AND 62"),
    CheckConstraint("idx >= 0"),
    CheckConstraint("length(hash) = 32"),
)

log_checkpoint = Table(
    "log_checkpoint",
    metadata,
    Column("log_id", BigInteger, ForeignKey("log.log_id"), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
    PrimaryKeyConstraint("log_id", "size"),
    CheckConstraint("size >= 0"),
    CheckConstraint("length(root) = 32"),
)

# Tokens of timestamping authorities (RFC 3161) over the text of a checkpoint. authority: the address that was asked.
log_timestamp = Table(
    "log_timestamp",
    metadata,
    Column("log_id", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("authority", Text, nullable=False),
    Column("token", LargeBinary, nullable=False),
    PrimaryKeyConstraint("log_id", "size", "authority"),
    ForeignKeyConstraint(["log_id", "size"], ["log_checkpoint.log_id", "log_checkpoint.size"]),
    CheckConstraint("length(token) <= 65536"),
)

blob = Table(
    "blob",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("media_type", Text, nullable=False),
    # NULL: the content was taken out on purpose, which a signed statement in the log declares.
    Column("data", LargeBinary),
    CheckConstraint("length(sha256) = 32"),
)

# Which steps of a run have been proved: written in the transaction that logs them, so that a killed run goes on where
# it was, with nothing lost and nothing done twice.
run_step = Table(
    "run_step",
    metadata,
    Column("run", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("part", BigInteger, nullable=False),
    Column("idx", BigInteger, nullable=False),
    PrimaryKeyConstraint("run", "step", "part"),
)
