"""A section of a document as a pydantic model, and pydantic's findings in words for people.

A key with an empty value is the same as no key at all. No finding repeats what was written: it may be a secret.
"""

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
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
                keys = (*also, *(inner.model_fields if inner else ()))
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
    kept = {key: data[key] for key in data if key not in model.model_fields or data[key] not in (None, "")}
    for key, value in kept.items():
        inner = _model_at(model, (key,))
        if inner is not None and isinstance(value, dict):
            kept[key] = _pruned(inner, value)
    return kept


def _model_at(model: type[BaseModel], loc: KeyPath) -> type[BaseModel] | None:
    """The model that stands at `loc` inside `model`; None where something else does."""
    for part in loc:
        field = model.model_fields.get(str(part))
        kinds: tuple[Any, ...] = (field.annotation, *get_args(field.annotation)) if field else ()
        found = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
        if found is None:
            return None
        model = found
    return model
