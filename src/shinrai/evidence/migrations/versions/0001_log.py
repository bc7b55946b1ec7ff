"""The log, its blobs and the steps of runs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "log",
        sa.Column("log_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("origin", sa.Text, nullable=False, unique=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.CheckConstraint("size >= 0"),
    )
    op.create_table(
        "log_leaf",
        sa.Column("log_id", sa.BigInteger, sa.ForeignKey("log.log_id"), nullable=False),
        sa.Column("idx", sa.BigInteger, nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary, nullable=False),
        sa.Column("entry", sa.LargeBinary, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False, index=True),
        sa.Column("predicate_type", sa.Text, nullable=False, index=True),
        sa.PrimaryKeyConstraint("log_id", "idx"),
        sa.CheckConstraint("idx >= 0"),
        sa.CheckConstraint("length(leaf_hash) = 32"),
        sa.CheckConstraint("length(entry) <= 65535"),
        sa.UniqueConstraint("log_id", "leaf_hash", name="log_leaf_by_hash"),
    )
    op.create_table(
        "log_node",
        sa.Column("log_id", sa.BigInteger, sa.ForeignKey("log.log_id"), nullable=False),
        sa.Column("level", sa.SmallInteger, nullable=False),
        sa.Column("idx", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("log_id", "level", "idx"),
        sa.CheckConstraint("level BETWEEN 1 AND 62"),
        sa.CheckConstraint("idx >= 0"),
        sa.CheckConstraint("length(hash) = 32"),
    )
    op.create_table(
        "log_checkpoint",
        sa.Column("log_id", sa.BigInteger, sa.ForeignKey("log.log_id"), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("log_id", "size"),
        sa.CheckConstraint("size >= 0"),
        sa.CheckConstraint("length(root) = 32"),
    )
    op.create_table(
        "blob",
        sa.Column("sha256", sa.LargeBinary, primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("data", sa.LargeBinary),
        sa.CheckConstraint("length(sha256) = 32"),
    )
    op.create_table(
        "run_step",
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("part", sa.BigInteger, nullable=False),
        sa.Column("idx", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("run", "step", "part"),
    )


def downgrade() -> None:
    """Refuse: the log is never taken back."""
    raise RuntimeError("the log is never taken back")
