"""Rows by the dozen, read and written without what the session and SQLModel's constructor take for each.

A transaction that raises twenty alerts writes about a hundred rows; made one by one they took longer than all that was
thought and read about them.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar, cast

from sqlalchemy import Connection, Dialect, Insert, Update
from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm.attributes import manager_of_class
from sqlmodel import Session, SQLModel
from sqlmodel.sql.expression import SelectOfScalar

Row = TypeVar("Row", bound=SQLModel)
Process: TypeAlias = Callable[[Any], Any]


def new(model: type[Row], **values: Any) -> Row:  # noqa: ANN401
    """A row as its class would make it, for `insert`. values: all columns without a default, by their names."""
    defaults, factories = _defaults(model)
    row: Row = model.__new__(model)
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
    execute(session.connection(), _insert(type(rows[0])), [row.__dict__ for row in rows])
    for row in rows if keep else ():
        manager_of_class(type(row)).setup_instance(row)
        make_transient_to_detached(row)
        session.add(row)


def execute(connection: Connection, statement: Insert | Update, rows: Sequence[Mapping[str, Any]]) -> None:
    """Run a statement that answers nothing once for each row, as `connection.execute` does, in half its time.

    statement: one that is made once, and has a parameter for each column that is written.
    rows: not none; the parameters by their names, and maybe more.
    """
    sql, parameters = _driven(statement, connection.dialect)
    columns = [_written([row[name] for row in rows], process) for name, process in parameters]
    connection.exec_driver_sql(sql, [*zip(*columns, strict=True)])


def _written(values: Sequence[Any], process: Process | None) -> Sequence[Any]:
    """As the driver takes them. What is the same in many rows, a time above all, is made into words once."""
    if process is None:
        return values
    words = {id(value): process(value) for value in {id(value): value for value in values}.values()}
    return [words[id(value)] for value in values]


@lru_cache(maxsize=100)
def _driven(statement: Insert | Update, dialect: Dialect) -> tuple[str, Sequence[tuple[str, Process | None]]]:
    """As the driver takes it: the words, and how the value of each parameter is written, in their order."""
    compiled: Any = statement.compile(dialect=dialect)
    types = {name: compiled.binds[name].type.dialect_impl(dialect) for name in compiled.positiontup}
    return str(compiled), [(name, types[name].bind_processor(dialect)) for name in compiled.positiontup]


def read(
    session: Session, statement: SelectOfScalar[Row], given: Mapping[str, Any] = MappingProxyType({})
) -> Sequence[Row]:
    """Rows to look at, in half the time of `exec`: they cannot be changed, and the session knows nothing of them."""
    if session.autoflush:
        session.flush()
    # They answer to the columns' names, as the model does.
    return cast("Sequence[Row]", session.connection().execute(statement, given).all())


@cache
def _insert(model: type[SQLModel]) -> Insert:
    return SQLModel.metadata.tables[str(model.__tablename__)].insert()


@cache
def _defaults(model: type[SQLModel]) -> tuple[Mapping[str, Any], Mapping[str, Callable[[], Any]]]:
    fields = {name: field for name, field in model.model_fields.items() if not field.is_required()}
    factories: dict[str, Any] = {name: one.default_factory for name, one in fields.items() if one.default_factory}
    return {name: one.default for name, one in fields.items() if name not in factories}, factories
