"""What descriptions of data are made of: models that nothing is ever made of but schemas."""

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Generic, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, create_model
from pydantic_core import CoreSchema, core_schema

from providers.model import Observation

T = TypeVar("T")


@dataclass(frozen=True)
class Word:
    """One of some words; a type's annotation."""

    words: tuple[str, ...]

    def __get_pydantic_core_schema__(self, source: type, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.literal_schema([*self.words])


def word(*some: type[StrEnum] | str) -> Word:
    """A word of ours: a single one, or any of an enumeration."""
    listed = [[one] if isinstance(one, str) else [word.value for word in one] for one in some]
    return Word(tuple(dict.fromkeys(word for words in listed for word in words)))


class Data(BaseModel):
    """Written down for what it describes."""

    # A field called `from` cannot be written in Python.
    model_config = ConfigDict(
        use_attribute_docstrings=True, alias_generator=lambda name: name.rstrip("_"), extra="allow"
    )


class Made(Data):
    """Of which dozens are made at run time, with descriptions of their own: looking for docstrings takes a second."""

    model_config = ConfigDict(use_attribute_docstrings=False)


class Move(Made, Generic[T]):
    """One field that differs."""

    from_: T = Field(description="What it was; null: unknown.")
    to: T = Field(description="What it is; null: unknown.")


def moves(seen: type[Observation], *, without: tuple[str, ...] = (), only: tuple[str, ...] = ()) -> type[Data]:
    """The fields of an observation, each with both of its values where it differs."""
    own = {one.name for one in fields(seen)} - {one.name for one in fields(Observation)} - {*without}
    hints = get_type_hints(seen)
    said = _said_of(seen)
    # A field that does not differ is not there: the default stands for that, and is never null.
    found: dict[str, Any] = {
        name: (Move.__class_getitem__(hint | None), Field(default=None, description=said.get(name)))
        for name, hint in hints.items()
        if name in own and (not only or name in only)
    }
    return create_model(f"{seen.__name__}Moves", __base__=Made, **found)


def _said_of(seen: type[Observation]) -> dict[str, str]:
    """What an observation's own docstrings say of its fields."""
    # A plain dataclass inside is described as the model around it wants.
    around: type[Data] = create_model("Around", __base__=Data, seen=(seen, ...))
    described = around.model_json_schema()["$defs"][seen.__name__]["properties"]
    return {name: one["description"].replace("None", "null") for name, one in described.items() if "description" in one}
