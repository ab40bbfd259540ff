"""A grant without the session that it was made in is none."""

from contextlib import closing

import pytest
from sqlalchemy import delete

from idp.store.database import Database
from idp.store.tables import sessions
from tests.portal import Portal
from tests.visitor import Visitor


@pytest.mark.attack
def test_it_ends_with_a_session_that_is_not_kept_any_more(portal: Portal, visitor: Visitor) -> None:
    tokens = portal.sign_in(visitor)
    assert portal.userinfo(tokens.access).status_code == 200

    with closing(Database(portal.server.settings.database)) as database, database.write() as tx:
        tx.execute(delete(sessions))

    assert portal.userinfo(tokens.access).status_code == 401
    assert portal.refresh(tokens.refresh).error == "invalid_grant"
