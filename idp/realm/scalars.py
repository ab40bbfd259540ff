"""What an unquoted word of YAML means: the core schema of YAML 1.2 (section 10.3.2) and nothing beyond it.

`yes`, `on`, `12:30` and `2027-01-01` are text: a setting must not change its meaning by looking like something else.
"""

import re

Scalar = str | int | float | bool | None

NULLS = frozenset({"", "~", "null", "Null", "NULL"})
BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
DIGITS = 18  # more are no setting, and int() of thousands of digits is slow
LONGEST_FLOAT = 40
INTEGER = re.compile(rf"[-+]?[0-9]{{1,{DIGITS}}}")
PREFIXED = re.compile(r"0o[0-7]{1,20}|0x[0-9a-fA-F]{1,15}")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,9})?")
SPECIAL = re.compile(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def resolve(text: str) -> Scalar:
    """The value of an unquoted scalar without a tag."""
    if text in NULLS:
        return None
    if text in BOOLEANS:
        return BOOLEANS[text]
    if INTEGER.fullmatch(text):
        return int(text)
    if PREFIXED.fullmatch(text):
        return int(text, 0)
    if len(text) <= LONGEST_FLOAT and FLOAT.fullmatch(text):
        return float(text)
    if SPECIAL.fullmatch(text):
        return float(text.replace(".", ""))
    return text
