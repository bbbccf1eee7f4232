"""in which order alerts joined a notice, what its buttons cover, and when it is said again"""

import sqlalchemy as sa
from alembic import op

from store.tables import where

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notice_alert", sa.Column("position", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("notice_alert", sa.Column("joined", sa.Integer(), nullable=False, server_default="1"))
    op.create_index("ix_notice_repeat", "notice", ["repeat_at"], **where("repeat_at IS NOT NULL"))


def downgrade() -> None:
    op.drop_index("ix_notice_repeat", "notice")
    for name in ("joined", "position"):
        op.drop_column("notice_alert", name)
