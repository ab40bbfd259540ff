"""Every way to a token or a higher session, for people in every state, at every level of the realm.

What has to come out stands in `table`. A route, a grant, a step, a link or a change of the account without a row there
fails here: whoever adds one says where it leads, or why nowhere.
"""

from collections.abc import Iterator
from contextlib import closing
from itertools import product
from typing import Any

import pytest
from starlette.routing import Route

from idp.account.links import LASTS
from idp.factors.password import Passwords
from idp.login.registry import Steps
from idp.oauth.grants import GRANTS
from idp.web.account_changes import CHANGES
from tests.databases import Databases
from tests.matrix import table
from tests.matrix.people import STATES, World, arrive, realm
from tests.matrix.ways import PATHS, WAYS, WITH_GRANTS, WITH_TOKEN, levels_of
from tests.portal import Portal
from tests.running import running

pytestmark = pytest.mark.attack


@pytest.fixture(scope="module")
def world(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(databases, tmp_path_factory.mktemp("matrix"), realm()) as server, closing(World.on(server)) as world:
        yield world


def test_every_route_has_a_row(world: World) -> None:
    served = {
        f"{' '.join(sorted((route.methods or set()) - {'HEAD'}))} {route.path}"
        for route in world.server.app.routes
        if isinstance(route, Route)
    }

    assert len(world.server.app.routes) == len(served)
    assert served == table.ROWS.keys()
    assert set(table.ways()) == WAYS.keys()


def test_every_grant_has_a_row() -> None:
    offered = {grant.GRANT_TYPE for grant in GRANTS}

    assert offered == {*table.GRANTS, *table.NOBODYS_GRANTS}


def test_every_change_step_and_link_has_a_row(world: World) -> None:
    nothing: Any = None
    steps = Steps(passwords=Passwords(), sealer=world.sealer, codes=nothing, letters=nothing, public_url="")

    assert CHANGES == PATHS
    assert set(table.STEPS) == steps.by_name.keys()
    assert set(table.LINKS) == LASTS.keys()
    assert {*table.ADDED, "email"} == steps.enrolments.keys()


def test_every_state_and_every_level_has_a_row(world: World) -> None:
    assert table.REACHES.keys() == table.FINISHES.keys() == STATES.keys()
    assert tuple(realm()["levels"]) == table.LEVELS


@pytest.mark.parametrize("way", table.ways())
def test_a_way_leads_as_far_as_the_table_says(world: World, way: str) -> None:
    differences = {}
    for state, level in product(STATES, levels_of(way)):
        world.server.clock.advance(30)
        came_out = WAYS[way](arrive(world, state, level, has_grants=way in WITH_GRANTS, has_token=way in WITH_TOKEN))
        if came_out != table.expected(way, state, level):
            differences[state, level] = came_out

    assert differences == {}


def test_a_program_of_its_own_is_nobody_and_has_no_level(world: World) -> None:
    job = Portal(world.server, realm()["clients"][-1])
    claims = job.token(grant_type="client_credentials").access_claims
    job.close()

    assert claims["sub"] == "job"
    assert not claims.keys() & {"acr", "amr", "auth_time", "sid"}
