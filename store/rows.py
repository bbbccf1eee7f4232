"""New rows by the dozen: a table's in one statement, made without what SQLModel's constructor takes for each.

A transaction that raises twenty alerts writes about a hundred rows; made one by one they took longer than all that was
thought and read about them.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Insert
from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm.attributes import manager_of_class
from sqlmodel import Session, SQLModel

Row = TypeVar("Row", bound=SQLModel)


def new(model: type[Row], **values: Any) -> Row:  # noqa: ANN401
    """A row as its class would make it, for `insert`. values: all columns without a default, by their names."""
    defaults, factories = _defaults(model)
    row: Row = manager_of_class(model).new_instance()
    row.__dict__.update(defaults)
    row.__dict__.update(values)
    for name, factory in factories.items():
        if name not in values:
            row.__dict__[name] = factory()
    return row


def insert(session: Session, rows: Sequence[SQLModel], *, keep: bool = False) -> None:
    """Write rows that `new` made, all of one class.

    What a database checks is checked here, at once: the rows that they refer to must be there.

    keep: afterwards they are the session's, like rows that were read: what is changed about them is written, too.
    """
    if not rows:
        return
    statement, names = _insert(type(rows[0]))
    session.connection().execute(statement, [{name: row.__dict__[name] for name in names} for row in rows])
    for row in rows if keep else ():
        make_transient_to_detached(row)
        session.add(row)


@cache
def _insert(model: type[SQLModel]) -> tuple[Insert, Sequence[str]]:
    table = SQLModel.metadata.tables[str(model.__tablename__)]
    return table.insert(), table.columns.keys()


@cache
def _defaults(model: type[SQLModel]) -> tuple[Mapping[str, Any], Mapping[str, Callable[[], Any]]]:
    fields = {name: field for name, field in model.model_fields.items() if not field.is_required()}
    factories: dict[str, Any] = {name: one.default_factory for name, one in fields.items() if one.default_factory}
    return {name: one.default for name, one in fields.items() if name not in factories}, factories
