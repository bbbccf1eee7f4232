"""deliveries found by their endpoint"""

from alembic import op

from store.tables import where

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pending = where("state = 'pending'")
    op.drop_index("ix_delivery_due", "delivery")
    op.create_index("ix_delivery_due", "delivery", ["endpoint_id", "next_at", "seq"], unique=False, **pending)
    lent = where("lease_until IS NOT NULL")
    op.create_index("ix_delivery_lent", "delivery", ["endpoint_id", "lease_until"], unique=False, **lent)
    op.create_index("ix_delivery_ended", "delivery", ["ended_at"], unique=False, **where("ended_at IS NOT NULL"))
    op.create_index("ix_attempt_at", "attempt", ["at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_attempt_at", "attempt")
    op.drop_index("ix_delivery_ended", "delivery")
    op.drop_index("ix_delivery_lent", "delivery")
    op.drop_index("ix_delivery_due", "delivery")
    op.create_index("ix_delivery_due", "delivery", ["next_at"], unique=False, **where("state = 'pending'"))
