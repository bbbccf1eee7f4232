"""open notices by what they are: few are watched, and each recording asks for those"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    is_open = sa.text("open_key IS NOT NULL")
    op.create_index("ix_notice_open", "notice", ["kind"], sqlite_where=is_open, postgresql_where=is_open)


def downgrade() -> None:
    op.drop_index("ix_notice_open", "notice")
