"""Alembic's entry: runs on the connection that `store.engine` hands over."""

from alembic import context
from sqlmodel import SQLModel

import store.tables  # noqa: F401  # fills the metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=SQLModel.metadata)
with context.begin_transaction():
    context.run_migrations()
