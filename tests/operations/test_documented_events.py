"""Operators find every event in docs/operations.md, with its level and its fields."""

import re

from idp.events.catalogue import Event
from tests.operations.serving import ROOT
from tests.running import RunningServer, demo_realm

WHO = ("realm", "user_id", "username", "client_id", "session_id")
ROW = re.compile(r"\| `(?P<name>[a-z_.]+)` \| (?P<level>\w+) \| (?P<fields>[^|]*) \| (?P<meaning>[^|]+) \|")
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def test_every_event_is_documented_as_it_is() -> None:
    documented = [
        (row["name"], row["level"], WHO * ("*who*" in row["fields"]) + tuple(re.findall(r"`(\w+)`", row["fields"])))
        for row in ROW.finditer(PAGE)
    ]

    assert documented == [(event.value.name, event.value.level, event.value.fields) for event in Event]


ALERTED = {name for found in re.findall(r'event=~?"([^"]+)"', PAGE) for name in found.split("|")}


def test_every_alert_is_about_events_that_there_are() -> None:
    assert len(ALERTED) > 5
    assert {event.value.name for event in Event} >= ALERTED


def test_an_alert_sees_the_first_event_too(server: RunningServer) -> None:
    server.reload(demo_realm("counted"))
    counted = server.http().get("/metrics").text
    of_no_realm = {name for name in ALERTED if name.startswith("http.")}

    for name in ALERTED - of_no_realm:
        assert f'idp_events_total{{event="{name}",realm="counted"}} 0.0\n' in counted
    for name in (*of_no_realm, "realm.rejected"):
        assert f'idp_events_total{{event="{name}",realm=""}} ' in counted
