"""in which order alerts joined a notice, and what its buttons cover"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notice_alert", sa.Column("position", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("notice_alert", sa.Column("joined", sa.Integer(), nullable=False, server_default="1"))


def downgrade() -> None:
    for name in ("joined", "position"):
        op.drop_column("notice_alert", name)
