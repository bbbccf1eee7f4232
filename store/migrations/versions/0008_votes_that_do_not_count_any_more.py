"""votes that do not count any more"""

import sqlalchemy as sa
from alembic import op

from store.tables import UtcTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("vote", sa.Column("lost_at", UtcTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("vote", "lost_at")
