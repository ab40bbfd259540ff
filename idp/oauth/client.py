"""A client, of the realm file or one that registered itself, as Authlib's grants see it."""

from authlib.oauth2.rfc6749 import ClientMixin

from idp.errors import InvalidScopeError
from idp.oauth.redirect_uris import is_registered
from idp.realm.client_sections import Client

_LONGEST_SCOPE = 1000


class OAuthClient(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    """Answers Authlib's questions by what is registered."""

    def __init__(self, registered: Client) -> None:
        self.registered = registered

    @property
    def client_id(self) -> str:
        """The identifier."""
        return self.registered.client_id

    def get_default_redirect_uri(self) -> None:
        """None: every request says where it goes (OpenID Connect Core section 3.1.2.1)."""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """By exact comparison."""
        return is_registered(redirect_uri, self.registered.redirect_uris)

    def check_response_type(self, response_type: str) -> bool:
        """Only codes (RFC 9700 section 2.1.2)."""
        return response_type == "code" and "authorization_code" in self.registered.grant_types

    def check_grant_type(self, grant_type: str) -> bool:
        """As registered."""
        return grant_type in self.registered.grant_types

    def get_allowed_scope(self, scope: str | None) -> str:
        """That asked for with the default ones, or everything registered where none is. Raises InvalidScopeError."""
        if not scope:
            return " ".join(self.registered.scopes)
        names = dict.fromkeys(scope.split(" ")) if len(scope) <= _LONGEST_SCOPE else {}
        if not names or not set(names) <= set(self.registered.scopes):
            raise InvalidScopeError("The client is not registered for every scope that it asks for.")
        return " ".join(self.registered.requested(names))
