"""who an alert is assigned to"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alert", sa.Column("assigned_to", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("alert", "assigned_to")
