"""`rules:` of app.yaml: each item changes the shipped rule of its name, or is a new one."""

from collections.abc import Mapping
from typing import Any

from bot.document import Document, KeyPath, Value
from bot.sections import suggest, validated
from bridge.alerts.rules import DEFAULTS, MODELS, Rule, RuleKind, merged

_SHIPPED = {rule.name: rule for rule in DEFAULTS}
_EMPTY = (None, "")


def rules_of(document: Document) -> tuple[Rule, ...]:
    """The rules that hold; blames what is wrong with them."""
    written = document.data.get("rules")
    if written in _EMPTY:
        return merged(())
    if not isinstance(written, list):
        document.blame(("rules",), "must be a list", "begin each rule with - name:")
        return ()
    found: dict[str, Rule] = {}
    for number, section in enumerate(written):
        rule = _rule(document, section, ("rules", number))
        if rule is not None and rule.name in found:
            document.blame(("rules", number, "name"), "is the name of two rules", "keep one, or call one otherwise")
        elif rule is not None:
            found[rule.name] = rule
    return merged(tuple(found.values()))


def _rule(document: Document, section: Value, at: KeyPath) -> Rule | None:
    if not isinstance(section, dict):
        document.blame(at, "must be keys with values", "begin with name:")
        return None
    shipped = _SHIPPED.get(str(section.get("name")))
    kind = section.get("kind") or (shipped.kind.value if shipped else None)
    if kind is None:
        known = suggest(str(section.get("name")), _SHIPPED)
        document.blame((*at, "kind"), "is missing, and no shipped rule has this name", f"add it; {known}")
        return None
    if not isinstance(kind, str) or kind not in MODELS:
        document.blame((*at, "kind"), "is no kind of rule", suggest(str(kind), [known.value for known in RuleKind]))
        return None
    model = MODELS[RuleKind(kind)]
    return validated(document, model, _filled(section, model, shipped), at, also=("for",))


def _filled(section: Mapping[str, Value], model: type[Rule], shipped: Rule | None) -> Mapping[str, Any]:
    """What is written, over what the shipped rule says; an empty value is the same as no value."""
    known = {field.alias or name for name, field in model.model_fields.items()}
    said = {key: value for key, value in section.items() if key not in known or value not in _EMPTY}
    before = shipped.model_dump(by_alias=True, exclude_unset=True) if isinstance(shipped, model) else {}
    return {**before, **said}
