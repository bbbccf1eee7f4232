"""A section of a document as a pydantic model, and pydantic's findings in words for people.

A key with an empty value is the same as no key at all. No finding repeats what was written: it may be a secret.
"""

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from bot.document import Document, KeyPath, Value

M = TypeVar("M", bound=BaseModel)

# pydantic's word for what is wrong -> the problem, the remedy. Kinds that are not here speak pydantic's own words,
# which name the limit and never the value.
_SAYINGS = {
    "bool_parsing": ("must be true or false", ""),
    "dict_type": ("must be keys with values", ""),
    "int_parsing": ("must be a whole number", ""),
    "mapping_type": ("must be keys with values", ""),
    "model_type": ("must be keys with values", ""),
    "string_type": ("must be a text", ""),
    "tuple_type": ("must be a list", "put it between [ and ]"),
}


def validated(
    document: Document, model: type[M], data: Mapping[str, Value], at: KeyPath, also: Collection[str] = ()
) -> M | None:
    """`data` as a `model`, or None when it is none: then blames all of it. `also` are keys read elsewhere."""
    try:
        return model.model_validate(_pruned(model, data))
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            path = (*at, *(part for part in detail["loc"] if part != "[key]"))
            if not document.is_doubtful(path):
                inner = _model_at(model, detail["loc"][:-1])
                keys = (*also, *(_fields(inner) if inner else ()))
                document.blame(path, *_told(document, detail, path, keys))
        return None


def _told(document: Document, detail: ErrorDetails, at: KeyPath, keys: Collection[str]) -> tuple[str, str]:
    """The problem and the remedy for one of pydantic's findings."""
    match detail["type"]:
        case "missing":
            return "is missing", supply(document, at)
        case "extra_forbidden":
            return "is not a key here", suggest(str(at[-1]), keys)
        case "literal_error" | "enum":
            allowed = re.findall(r"'([^']*)'", detail["ctx"]["expected"])
            near = get_close_matches(str(detail["input"]), allowed, n=1)
            return f"must be {' or '.join(allowed)}", f"did you mean {near[0]}?" if near else ""
        case "value_error":
            problem, _, remedy = str(detail["ctx"]["error"]).partition("; ")
            return problem, remedy
        case kind:
            return _SAYINGS.get(kind, (detail["msg"].replace("Input should", "must"), ""))


def supply(document: Document, at: KeyPath) -> str:
    """How to give what is missing at `at`."""
    return " and ".join(f"export {name}" for name in document.variables.get(at, ())) or "add it"


def suggest(word: str, known: Collection[str]) -> str:
    near = get_close_matches(word, known, n=1)
    return f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"


def _pruned(model: type[BaseModel], data: Mapping[str, Value]) -> dict[str, Value]:
    """`data` without the keys of `model` that are empty; the ones that it does not know stay, to be blamed."""
    known = _fields(model)
    kept = {key: data[key] for key in data if key not in known or data[key] not in (None, "")}
    for key, value in kept.items():
        inner = _model_at(model, (key,))
        if inner is None:
            continue
        if isinstance(value, dict):
            kept[key] = _pruned(inner, value)
        elif isinstance(value, list):
            kept[key] = [_pruned(inner, item) if isinstance(item, dict) else item for item in value]
    return kept


def _model_at(model: type[BaseModel], loc: KeyPath) -> type[BaseModel] | None:
    """The model that stands at `loc` inside `model`, or in the list there; None where something else does."""
    for part in loc:
        if isinstance(part, int):
            # An item of the list whose items were found already.
            continue
        field = _fields(model).get(part)
        kinds = _inside(field.annotation) if field else ()
        found = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
        if found is None:
            return None
        model = found
    return model


def _fields(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """The keys of a model as they are written."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _inside(annotation: Any) -> tuple[Any, ...]:  # noqa: ANN401
    """A type and what it is made of."""
    return (annotation, *(one for part in get_args(annotation) for one in _inside(part)))
