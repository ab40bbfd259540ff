"""The schemas of authorization details in a realm file: each is one, and some detail fits it."""

import pytest

from tests.realm.files import problems

HEAD = "realm: x\nfactors: {totp: {}}\nauthorization_details:\n  pay:\n    schema:\n"


def told(schema: str) -> list[str]:
    indented = "".join(f"      {line}\n" for line in schema.splitlines())
    return problems(HEAD + indented)


GOOD = {
    "closed": "properties: {type: {const: pay}, amount: {type: number, minimum: 0.01}}\nadditionalProperties: false",
    "open": "required: [amount]",
    "nested": "properties: {to: {anyOf: [{type: string, format: email}, {type: object, maxProperties: 2}]}}",
    "a member named as a keyword is misspelt": "properties: {requierd: {type: string}, $ref: {type: string}}",
    "closed by the rest": "allOf: [{properties: {type: {const: pay}}}]\nunevaluatedProperties: false",
}


@pytest.mark.parametrize("case", GOOD)
def test_a_schema_that_details_can_fit_is_good(case: str) -> None:
    assert told(GOOD[case]) == []


WRONG = {
    "a misspelt keyword": ("requierd: [a]", "6:7: 'requierd' is no keyword here, did you mean 'required'?"),
    "one below": (
        "properties:\n  a: {anyOf: [{maxlength: 3}]}",
        "7:22: 'maxlength' is no keyword here, did you mean 'maxLength'?",
    ),
    "a type": ("properties: {a: {type: strin}}", "6:30: 'strin' is no type of JSON Schema, did you mean 'string'?"),
    "a reference": ("properties: {a: {$ref: '#/properties/b'}}", "6:24: '$ref' is no keyword here"),
    "one elsewhere": ("$ref: http://127.0.0.1:9/schema", "6:7: '$ref' is no keyword here"),
    "a dialect": ("$schema: http://json-schema.org/draft-07/schema#", "6:7: '$schema' is no keyword here"),
    "a format that nobody looks at": (
        "properties: {a: {format: date-time}}",
        "6:32: the format 'date-time' is not looked at: use date, email, ipv4, ipv6 or uuid, or a 'pattern'",
    ),
    "a pattern": ("properties: {a: {pattern: '('}}", "6:33: is not as JSON Schema wants it: '(' is not a 'regex'"),
    "a pattern without bounds": (
        "properties: {a: {pattern: 'a{99999999999999999999}'}}",
        "6:33: is not as JSON Schema",
    ),
    "a list of schemas": ("properties: {a: {items: [{}]}}", "6:31: is not as JSON Schema wants it: "),
    "text for a list": ("required: a", "6:17: is not as JSON Schema wants it: 'a' is not of type 'array'"),
    "forgets its type": (
        "properties: {amount: {}}\nadditionalProperties: false",
        "5:5: no detail fits: add `type: {const: pay}` to its 'properties'",
    ),
    "wants another type": (
        "properties: {type: {const: account}}",
        "5:5: no detail fits: add `type: {const: pay}` to its 'properties'",
    ),
    "nothing": ("properties: {a: null}", "6:20: 'a' has no value"),
    "no section": ("[]", "6:7: 'schema' must be a section"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_schema_that_is_none_is_named_where_it_stands(case: str) -> None:
    schema, message = WRONG[case]

    (found,) = told(schema)

    assert found.startswith(message)
