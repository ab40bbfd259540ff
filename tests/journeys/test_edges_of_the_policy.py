"""Over HTTP: edges at which somebody would stand outside, or get more, otherwise than the policy says."""

from collections.abc import Callable

from sqlalchemy import delete, insert

from idp.store.database import Database
from idp.store.guesses import second_factor_subject
from idp.store.tables import credentials, guesses
from tests.conftest import Start
from tests.portal import Portal
from tests.running import DEMO, RunningServer, demo_realm
from tests.visitor import PASSWORD, Page, Visitor

FIVE_CODES = DEMO["factors"] | {"recovery-codes": {"count": 5, "warn_at": 0}}
WITH_SHEET = DEMO["levels"] | {"sheet": {"factors": 2, "accept": ["recovery-codes"]}}
BY_CODE_ALONE = {"rules": [{"name": "the sheet", "level": "two-factor", "accept": ["recovery-codes"]}]}


def by_code(visitor: Visitor, page: Page, code: str) -> Page:
    """From the password page to the end, with a recovery code."""
    page = visitor.submit(page, username="alice", password=PASSWORD)
    page = visitor.get(next(link for link in page.links if "factor=recovery-codes" in link))
    return visitor.submit(page, recovery_code=code)


def test_the_last_recovery_code_lets_in_and_its_grant_lives_on(
    start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    server = start(demo_realm(factors=FIVE_CODES))
    billing, visitor = register(server, "billing"), visit(server)
    billing.sign_in(visitor)
    *codes, last = visitor.codes["alice"]
    for code in codes:
        by_code(visitor, billing.send(visitor, prompt="login"), code)

    warned = by_code(visitor, billing.send(visitor, prompt="login"), last)

    assert warned.step == "recovery-codes-low"
    tokens = billing.redeem(visitor.submit(warned).parameters()["code"])
    assert (tokens.id_claims["acr"], tokens.id_claims["amr"]) == ("two-factor", ["pwd", "recovery", "mfa"])
    assert billing.refresh(tokens.refresh).error is None


def test_a_newcomer_whom_a_rule_asks_for_a_recovery_code_gets_codes_first(
    start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    server = start(demo_realm(second_factor=BY_CODE_ALONE))
    billing, visitor = register(server, "billing"), visit(server)

    page = visitor.sign_in(billing.send(visitor))

    assert page.step == "recovery-codes"
    tokens = billing.redeem(visitor.submit(page, recovery_code=visitor.codes["alice"][0]).parameters()["code"])
    assert tokens.id_claims["acr"] == "two-factor"


def test_somebody_else_may_sign_in_where_the_demand_is_out_of_reach_for_the_one_who_is_signed_in(
    start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    server = start(demo_realm(levels=WITH_SHEET))
    portal, visitor = register(server, "portal"), visit(server)
    portal.sign_in(visitor, "ada")
    refused = portal.send(visitor, acr_values="sheet")
    assert refused.parameters()["error"] == "unmet_authentication_requirements"

    page = portal.send(visitor, acr_values="sheet", prompt="select_account")

    assert page.step == "password"
    assert visitor.sign_in(page, "alice").step == "recovery-codes"


def test_a_known_acr_is_found_behind_any_number_of_unknown_ones(portal: Portal, visitor: Visitor) -> None:
    portal.sign_in(visitor)
    unknown = " ".join(f"unknown-{n}" for n in range(500))

    assert portal.send(visitor, acr_values=f"{unknown} two-factor").step == "totp-enrol"


def test_what_is_enrolled_anew_is_not_shut(
    server: RunningServer, billing: Portal, visitor: Visitor, database_url: str
) -> None:
    user_id = billing.sign_in(visitor).id_claims["sub"]
    database = Database(database_url)
    with database.write() as tx:  # the sheet alone is left, and was guessed at
        tx.execute(delete(credentials).where(credentials.c.user_id == user_id))
        guessed = {"subject": second_factor_subject(user_id), "wrong": 100, "blocked_until": 0, "last_at": 0}
        tx.execute(insert(guesses).values(guessed))
    database.close()

    billing.sign_in(visitor)
    server.clock.advance(30)

    assert billing.sign_in(visitor, prompt="login").id_claims["acr"] == "two-factor"
