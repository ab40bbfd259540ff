"""What an authorization detail of a type has to look like (RFC 9396 section 5): JSON Schema 2020-12, in the realm file.

Refused are keywords that would have no effect, and those that name other schemas (`$ref` and the like): nothing is
fetched, and nothing goes round in a circle.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from idp.realm.document import Path
from idp.realm.findings import Finding
from idp.realm.schema import Realm
from idp.realm.suggestions import did_you_mean, either, shortened

# It takes long to load, and few realms have a schema.
if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_VOCABULARY = "https://json-schema.org/draft/2020-12/meta/{}"
_VOCABULARIES = ("applicator", "unevaluated", "validation", "meta-data", "format-annotation")
_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
# The library passes over each format that it has no package for.
_FORMATS = ("date", "email", "ipv4", "ipv6", "uuid")


def broken_rule(realm: Realm, detail: Mapping[str, Any]) -> str | None:
    """The rule in its type's schema that a detail breaks, by its place, such as `properties/amount/pattern`."""
    described = realm.authorization_details.get(detail["type"])
    if described is None or not described.json_schema:
        return None
    try:
        error = next(_validator(described.json_schema).iter_errors(detail), None)
    except OverflowError:
        return "a number is too large"
    return "/".join(map(str, error.absolute_schema_path)) if error else None


def check_detail_types(realm: Realm) -> Iterator[Finding]:
    """Schemas that are none, or that no detail could fit."""
    for name, described in realm.authorization_details.items():
        if described.json_schema:
            path: Path = ("authorization_details", name, "schema")
            wrong = [_finding(error, path) for error in _grammar().iter_errors(described.json_schema)]
            yield from wrong or _shut(name, described.json_schema, path)


def _finding(error: "ValidationError", path: Path) -> Finding:
    at, value = (*path, *error.absolute_path), shortened(str(error.instance))
    if "propertyNames" in error.schema_path:
        return Finding((*at, value), f"'{value}' is no keyword here{did_you_mean(value, _keywords())}", key=True)
    if at[-1] == "type" and isinstance(error.instance, str):
        return Finding(at, f"'{value}' is no type of JSON Schema{did_you_mean(value, _TYPES)}")
    if at[-1] == "format" and isinstance(error.instance, str):
        return Finding(at, f"the format '{value}' is not looked at: use {either(_FORMATS)}, or a 'pattern'")
    return Finding(at, f"is not as JSON Schema wants it: {shortened(error.message)}")


def _shut(name: str, schema: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    """`type` is a member of a detail like the others, and is easily forgotten among them."""
    for error in _validator(schema).iter_errors({"type": name}):
        closed = error.validator in ("additionalProperties", "unevaluatedProperties", "propertyNames")
        if list(error.absolute_path) == ["type"] or (closed and not error.absolute_path):
            message = f"no detail fits: add `type: {{const: {name}}}` to its 'properties'"
            yield Finding(path, message, key=True)
            return


def _validator(schema: Mapping[str, Any]) -> "Draft202012Validator":
    from jsonschema import Draft202012Validator, FormatChecker

    return Draft202012Validator(schema, format_checker=FormatChecker(_FORMATS))


@cache
def _keywords() -> tuple[str, ...]:
    from jsonschema_specifications import REGISTRY

    return tuple(key for name in _VOCABULARIES for key in REGISTRY.contents(_VOCABULARY.format(name))["properties"])


@cache
def _grammar() -> "Draft202012Validator":
    """What a schema has to fit: the dialect's own description, with no other words; JSON Schema Core section 8.2.2."""
    from jsonschema import Draft202012Validator, FormatChecker

    patterns = FormatChecker(())
    patterns.checks("regex", raises=(re.error, OverflowError, RecursionError))(_compiles)
    vocabularies = [{"$ref": _VOCABULARY.format(name)} for name in _VOCABULARIES]
    grammar = {
        "$schema": _DIALECT,
        "$id": "urn:authorization-details",
        "$dynamicAnchor": "meta",  # each vocabulary comes back to it for the schemas within a schema
        "type": ["object", "boolean"],
        "allOf": vocabularies,
        "propertyNames": {"enum": _keywords()},
        "properties": {"format": {"enum": _FORMATS}},
    }
    return Draft202012Validator(grammar, format_checker=patterns)


def _compiles(pattern: object) -> bool:
    return not isinstance(pattern, str) or bool(re.compile(pattern))
