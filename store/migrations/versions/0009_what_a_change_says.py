"""what a change at a vendor says"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("change", sa.Column("form", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("change", "form")
