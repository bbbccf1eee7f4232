"""drafts, homes, jobs; what a run is about to change, and where it shows its progress"""

import sqlalchemy as sa
from alembic import op

from store.tables import UtcTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("check_with", "progress_channel", "progress_ts"):
        op.add_column("command_run", sa.Column(name, sa.String(), nullable=True))
    op.create_table(
        "draft",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.Column("settled_at", UtcTime(), nullable=True),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["command_run.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "home_tab",
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("team_id", sa.String(), nullable=True),
        sa.Column("opened_at", UtcTime(), nullable=False),
        sa.Column("due_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("user_id"),
    )
    op.create_table(
        "job",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("worker", sa.String(), nullable=True),
        sa.Column("next_due", UtcTime(), nullable=True),
        sa.Column("lease_until", UtcTime(), nullable=True),
        sa.Column("last_started", UtcTime(), nullable=True),
        sa.Column("last_finished", UtcTime(), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    for table in ("job", "home_tab", "draft"):
        op.drop_table(table)
    for name in ("progress_ts", "progress_channel", "check_with"):
        op.drop_column("command_run", name)
