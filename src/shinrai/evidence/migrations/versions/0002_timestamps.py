"""The tokens of timestamping authorities over checkpoints."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "log_timestamp",
        sa.Column("log_id", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("authority", sa.Text, nullable=False),
        sa.Column("token", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("log_id", "size", "authority"),
        sa.ForeignKeyConstraint(["log_id", "size"], ["log_checkpoint.log_id", "log_checkpoint.size"]),
        sa.CheckConstraint("length(token) <= 65536"),
    )


def downgrade() -> None:
    """Refuse: the log is never taken back."""
    raise RuntimeError("the log is never taken back")
