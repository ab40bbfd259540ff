"""The JSON Schema by which editors help with realm files (JSON Schema 2020-12), made from the models."""

import ast
import inspect
import json
from typing import Any

from idp.realm import claim_sections, client_sections, factor_sections, policy_sections, schema
from idp.realm.section import Section
from idp.realm.words import DURATION, written_duration

NAMES = ("properties", "$defs", "patternProperties")


def realm_schema() -> dict[str, Any]:
    """The schema of a whole file: with descriptions, durations as they are written, and no `null`, which is refused."""
    made = schema.Realm.model_json_schema(by_alias=True)
    described = _field_docstrings()
    for name, model in {"Realm": made, **made["$defs"]}.items():
        for key, field in model["properties"].items():
            if description := described.get((name, key)):
                field["description"] = description
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_plain(made),
    }


def written_schema() -> str:
    """The text of the committed file."""
    return json.dumps(realm_schema(), indent=2, ensure_ascii=False) + "\n"


def _field_docstrings() -> dict[tuple[str, str], str]:
    """(model, key in the file) -> the docstring below the field."""
    found = {}
    for module in (schema, claim_sections, client_sections, factor_sections, policy_sections):
        models = (node for node in ast.parse(inspect.getsource(module)).body if isinstance(node, ast.ClassDef))
        for node in models:
            for field, after in zip(node.body, node.body[1:], strict=False):
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and (text := _text(after)):
                    found[node.name, _key(getattr(module, node.name), field.target.id)] = text
    return found


def _text(node: ast.stmt) -> str | None:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return node.value.value
    return None


def _key(model: type[Section], field: str) -> str:
    return model.model_fields[field].alias or field


def _plain(part: Any) -> Any:
    """Less titles, nulls and defaults of sections; default durations with their unit."""
    if isinstance(part, list):
        return [_plain(item) for item in part]
    if not isinstance(part, dict):
        return part
    part = {key: value for key, value in part.items() if not (key == "title" and isinstance(value, str))}
    if part.get("pattern") == DURATION:
        for bound in ("minimum", "maximum"):
            part.pop(bound, None)
        if isinstance(part.get("default"), int):
            part["default"] = written_duration(part["default"])
    if isinstance(part.get("default"), dict) or part.get("default", "") in (None, [], ()):
        del part["default"]
    if "patternProperties" in part:
        part["additionalProperties"] = False
    if choices := part.get("anyOf"):
        choices = [choice for choice in choices if choice != {"type": "null"}]
        if len(choices) == 1:
            del part["anyOf"]
            part = {**choices[0], **part}
            return _plain(part)
        part["anyOf"] = choices
    return {key: _each(value) if key in NAMES else _plain(value) for key, value in part.items()}


def _each(parts: dict[str, Any]) -> dict[str, Any]:
    """A mapping of names to schemas: a key of the file called `default` is none of the schema's."""
    return {name: _plain(part) for name, part in parts.items()}
