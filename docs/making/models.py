"""The reference of the models: bounds, faults, actions, properties, witnesses, rules, reductions."""

from __future__ import annotations

from making.markdown import code, table
from making.paper_map import link_to
from raftproof.checker.language import Model
from raftproof.checker.language.model import Declared
from raftproof.commands.models import MODELS, find_model
from raftproof.model.rules import FIGURE_3, RULES, Rule


def reference() -> str:
    """All models that `raftproof check` knows by name."""
    return "\n\n".join(part for name in MODELS for part in _model(name))


def figure_3() -> str:
    """The properties of Figure 3, and the models that have them."""
    rows = []
    for name, sentence in FIGURE_3.items():
        having = [model for model in MODELS if any(p.name == name for p in find_model(model).properties())]
        rows.append((f"`{name}`", sentence, ", ".join(f"[{model}](#{model})" for model in having)))
    return table(["property", "says", "watched in"], rows)


def rules() -> str:
    """Every rule, and the models in which it can be switched off."""
    having: dict[str, list[str]] = {}
    for name in MODELS:
        model = find_model(name)
        for rule in model.breakable() if model.rules else ():
            having.setdefault(rule.name, []).append(name)
    rows = [(f"`{r.name.lower()}`", RULES[r].sentence, RULES[r].place, ", ".join(having.get(r.name, []))) for r in Rule]
    return table(["rule", "demands", "in the paper", "`--break` in"], rows)


def _model(name: str) -> list[str]:
    model, sentence = find_model(name), MODELS[name][1]
    parts = [f"### {name}", f"{sentence[0].upper()}{sentence[1:]}. {_bounds(model)}"]
    faults = list(dict.fromkeys(action.fault for action in model.actions if action.fault))
    if faults:
        parts.append(f"Faults: {', '.join(map(code, faults))}.")
    if model.reducible():
        parts.append(f"Reductions: {', '.join(map(code, model.reducible()))}.")
    rows: list[tuple[str, Declared]] = [("action", action) for action in model.actions]
    rows += [("property", each) for each in model.properties()]
    rows += [("witness", each) for each in model.witnesses]
    parts.append(table(["", "name", "says"], [(kind, _named(each), each.sentence) for kind, each in rows]))
    return parts


def _bounds(model: Model) -> str:
    if not model.bounds:
        return "It has no bounds."
    named = ", ".join(f"{name} {bound}" for name, bound in model.bounds.items())
    return f"Bounds, with their defaults: {named}."


def _named(declared: Declared) -> str:
    return link_to(declared.function, f"`{declared.name}`").seen_from("../..")
