import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.resource_server import Challenge, parse_challenge

WORDS = st.text(alphabet=[c for c in string.printable[:94] if c not in '"\\'], min_size=1, max_size=12)
TEXTS = st.none() | st.text(alphabet=[chr(c) for c in range(0x20, 0x7F)], max_size=40)
CHALLENGES = st.builds(
    Challenge,
    scheme=st.sampled_from(["Bearer", "DPoP"]),
    error=TEXTS,
    error_description=TEXTS,
    realm=TEXTS,
    scope=st.lists(WORDS, max_size=3).map(tuple),
    acr_values=st.lists(WORDS, max_size=3).map(tuple),
    max_age=st.none() | st.integers(0, 10**10 - 1),
)
STEP_UP = 'error="insufficient_user_authentication"'
DEMANDED = Challenge(error="insufficient_user_authentication", acr_values=("two-factor",), max_age=300)


@given(CHALLENGES)
def test_what_is_written_is_read_back(challenge: Challenge) -> None:
    assert parse_challenge(challenge.header()) == challenge


@given(CHALLENGES, CHALLENGES)
def test_of_two_challenges_the_step_up_is_read_first(one: Challenge, other: Challenge) -> None:
    read = parse_challenge(f"{one.header()}, {other.header()}")
    assert read == (other if other.demands_step_up and not one.demands_step_up else one)


@given(st.text(max_size=200))
def test_any_text_is_read_without_an_exception(text: str) -> None:
    parse_challenge(text)


@given(
    st.lists(st.sampled_from(['"', "\\", ",", " ", "=", "Bearer", "error", '"x"', "max_age", "a", "\t"]), max_size=30)
)
def test_any_mixture_of_the_grammar_is_read_without_an_exception(parts: list[str]) -> None:
    parse_challenge("".join(parts))


def test_a_step_up_challenge_is_written_as_the_rfc_shows_it() -> None:
    assert Challenge(
        error="insufficient_user_authentication",
        error_description="A stronger sign-in is required.",
        acr_values=("two-factor", "phishing-resistant"),
        max_age=300,
    ).header() == (
        'Bearer error="insufficient_user_authentication", error_description="A stronger sign-in is required.", '
        'acr_values="two-factor phishing-resistant", max_age="300"'
    )


def test_a_challenge_without_parameters_is_the_scheme_alone() -> None:
    assert Challenge().header() == "Bearer"


def test_quotes_and_backslashes_are_escaped() -> None:
    assert Challenge(realm='a "b" \\ c').header() == r'Bearer realm="a \"b\" \\ c"'


@pytest.mark.parametrize("text", ["a\r\nSet-Cookie: x=1", "a\nb", "a\x00b", "ä", "\u2028", "a\tb"])
def test_what_could_break_a_header_is_never_written(text: str) -> None:
    with pytest.raises(ValueError, match="printable ASCII"):
        Challenge(error_description=text).header()


@pytest.mark.parametrize(
    "value",
    [
        f'Bearer {STEP_UP}, acr_values="two-factor", max_age="300"',
        f'bearer {STEP_UP},acr_values="two-factor",max_age="300"',
        f'BEARER   {STEP_UP}  ,\t acr_values = "two-factor" , MAX_AGE=300',
        f'Bearer {STEP_UP}, acr_values=two-factor, max_age=300',
        r'Bearer error="insufficient\_user_authentication", acr_values="two\-factor", max_age="300"',
        f'Bearer {STEP_UP}, acr_values="two-factor", max_age="300", unknown="kept out", other=x',
        f'Basic realm="x, Bearer error=y", Bearer {STEP_UP}, acr_values="two-factor", max_age="300"',
        f'Negotiate YWJjZGVm==, Bearer {STEP_UP}, acr_values="two-factor", max_age="300", Basic realm="a"',
        f'Negotiate, , Bearer {STEP_UP}, acr_values="two-factor", max_age="300",',
        f'Bearer error="invalid_token", Bearer {STEP_UP}, acr_values="two-factor", max_age="300"',
    ],
    ids=[
        "plain", "lower case", "spaces", "tokens", "quoted pairs", "unknown parameters", "after Basic",
        "between others", "empty elements", "after another Bearer",
    ],
)  # fmt: skip
def test_every_spelling_of_the_same_challenge_is_understood(value: str) -> None:
    assert parse_challenge(value) == DEMANDED


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Basic realm=x",
        'Bearer error="unterminated',
        f'Bearer {STEP_UP} acr_values="no comma"',
        f'Bearer {STEP_UP}, max_age="-1"',
        f'Bearer {STEP_UP}, max_age="300; DROP"',
        f'Bearer {STEP_UP}, max_age="99999999999"',
        f'Bearer {STEP_UP}, max_age="\uff11"',
        f'Bearer {STEP_UP}, acr_values="a", acr_values="b"',
        f'Bearer {STEP_UP}, acr_values="a", ACR_VALUES="b"',
        "Bearer " + "a=b, " * 10_000,
        f'Bearer {STEP_UP}, acr_values="a\r\nb"',
    ],
    ids=[
        "nothing", "another scheme", "open quote", "no comma", "negative", "not a number", "too large",
        "full-width digit", "doubled", "doubled in another case", "too long", "line break",
    ],
)  # fmt: skip
def test_what_is_malformed_is_no_challenge(value: str) -> None:
    assert parse_challenge(value) is None


def test_a_dpop_challenge_is_read_too() -> None:
    read = parse_challenge(f'DPoP {STEP_UP}, algs="ES256", max_age=5')
    assert read == Challenge(scheme="DPoP", error="insufficient_user_authentication", max_age=5, algs=("ES256",))
