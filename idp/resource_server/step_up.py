"""The client's side: what to ask for after a challenge, and when to stop asking (RFC 9470 sections 4 and 5)."""

from idp.resource_server.challenge import Challenge, parse_challenge


class StepUpFailed(Exception):
    """Asking again would not help; the message says why. The person has been asked once at the most."""


class StepUp:
    """One API request's right to one step-up, made anew for each request.

        step_up, response = StepUp(), call(tokens.access_token)
        while (asked := step_up.parameters(response.status_code, response.headers.get("www-authenticate"))) is not None:
            tokens = sign_in(**asked)  # the authorization request, with these acr_values and max_age
            step_up.returned(tokens.id_token_claims.get("acr"))
            response = call(tokens.access_token)

    An API that demands without end, or an authorization server that ignores what is asked, ends in `StepUpFailed`. The
    challenge's `scope` is not among the parameters: an API must not choose what the client's token is good for
    elsewhere.
    """

    def __init__(self) -> None:
        self._challenge: Challenge | None = None

    def parameters(self, status: int, www_authenticate: str | None) -> dict[str, str] | None:
        """What to add to the authorization request, or None for a response that demands no step-up.

        Raises StepUpFailed where this request has had its step-up, and where the challenge names nothing to ask for.
        """
        challenge = parse_challenge(www_authenticate) if status == 401 and www_authenticate else None
        if challenge is None or not challenge.demands_step_up:
            return None
        if self._challenge is not None:
            raise StepUpFailed("the API demands a step-up again, right after one")
        if not challenge.acr_values and challenge.max_age is None:
            raise StepUpFailed("the API demands a step-up and does not say which")
        self._challenge = challenge
        asked: dict[str, str] = {}
        if challenge.acr_values:
            asked["acr_values"] = " ".join(challenge.acr_values)
        if challenge.max_age is not None:
            asked["max_age"] = str(challenge.max_age)
        return asked

    def returned(self, acr: str | None) -> None:
        """Take note of the `acr` in the new ID token (an access token is not for clients to read).

        Raises StepUpFailed where it is none of those that the API accepts: it would only demand them again.
        """
        if self._challenge and self._challenge.acr_values and acr not in self._challenge.acr_values:
            accepted = " or ".join(self._challenge.acr_values)
            raise StepUpFailed(f"the API demands {accepted}, and the sign-in ended with {acr or 'no acr'}")
