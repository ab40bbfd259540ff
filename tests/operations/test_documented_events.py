"""Operators find every event in docs/operations.md, with its level and its fields."""

import re

from idp.events.catalogue import Event
from tests.operations.serving import ROOT

WHO = ("realm", "user_id", "username", "client_id", "session_id")
ROW = re.compile(r"\| `(?P<name>[a-z_.]+)` \| (?P<level>\w+) \| (?P<fields>[^|]*) \| (?P<meaning>[^|]+) \|")
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def test_every_event_is_documented_as_it_is() -> None:
    documented = [
        (row["name"], row["level"], WHO * ("*who*" in row["fields"]) + tuple(re.findall(r"`(\w+)`", row["fields"])))
        for row in ROW.finditer(PAGE)
    ]

    assert documented == [(event.value.name, event.value.level, event.value.fields) for event in Event]


def test_every_alert_is_about_events_that_there_are() -> None:
    names = {name for found in re.findall(r'event=~?"([^"]+)"', PAGE) for name in found.split("|")}

    assert len(names) > 5
    assert names <= {event.value.name for event in Event}
