import pytest

from idp.resource_server import Challenge, StepUp, StepUpFailed

DEMAND = Challenge(
    error="insufficient_user_authentication",
    acr_values=("two-factor", "phishing-resistant"),
    max_age=300,
    scope=("admin",),
).header()


def test_a_challenge_becomes_parameters_of_the_authorization_request() -> None:
    assert StepUp().parameters(401, DEMAND) == {"acr_values": "two-factor phishing-resistant", "max_age": "300"}


@pytest.mark.parametrize(
    ("status", "header"),
    [
        (200, None),
        (200, DEMAND),
        (403, DEMAND),
        (401, None),
        (401, 'Bearer error="invalid_token"'),
        (401, "Basic realm=x"),
    ],
    ids=["fine", "not refused", "forbidden", "no challenge", "another error", "another scheme"],
)
def test_any_other_response_is_no_step_up(status: int, header: str | None) -> None:
    assert StepUp().parameters(status, header) is None


def test_a_request_has_one_step_up() -> None:
    step_up = StepUp()
    step_up.parameters(401, DEMAND)
    step_up.returned("two-factor")
    with pytest.raises(StepUpFailed, match="again"):
        step_up.parameters(401, DEMAND)


def test_success_after_a_step_up_ends_it() -> None:
    step_up = StepUp()
    step_up.parameters(401, DEMAND)
    assert step_up.parameters(200, None) is None


@pytest.mark.parametrize("acr", ["password", None, ""])
def test_a_sign_in_that_ended_too_low_is_not_tried_with(acr: str | None) -> None:
    step_up = StepUp()
    step_up.parameters(401, DEMAND)
    with pytest.raises(StepUpFailed, match="two-factor or phishing-resistant"):
        step_up.returned(acr)


def test_any_acr_will_do_where_only_the_age_was_demanded() -> None:
    step_up = StepUp()
    assert step_up.parameters(401, 'Bearer error="insufficient_user_authentication", max_age=60') == {"max_age": "60"}
    step_up.returned("password")


def test_a_demand_for_nothing_is_not_followed() -> None:
    with pytest.raises(StepUpFailed, match="does not say which"):
        StepUp().parameters(401, 'Bearer error="insufficient_user_authentication"')
