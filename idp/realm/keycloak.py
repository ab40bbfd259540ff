"""What to write in a realm file for settings of Keycloak that have no key of a like name here."""

from collections.abc import Mapping

_NEVER = "leave it out: grants by which a client learns the password or a page the tokens are not offered"

ADVICE: Mapping[str, str] = {
    "publicClient": "write `token_endpoint_auth_method: none`",
    "clientAuthenticatorType": "write `token_endpoint_auth_method`",
    "standardFlowEnabled": "write `grant_types: [authorization_code]`, which is the default",
    "serviceAccountsEnabled": "write `grant_types: [client_credentials]`",
    "implicitFlowEnabled": _NEVER,
    "directAccessGrantsEnabled": _NEVER,
    "bearerOnly": "an API that verifies tokens is no client; one that introspects them has `resource_server_for`",
    "consentRequired": "write `require_consent: true`",
    "webOrigins": "leave it out: pages at the origins of its `redirect_uris` may read the answers",
    "rootUrl": "write whole addresses in `redirect_uris`",
    "defaultClientScopes": "write `scope`, and in `default_scopes` what comes unasked",
    "optionalClientScopes": "write `scope`",
    "clientScopes": "write `scopes`",
    "accessTokenLifespan": "write `tokens: {access: 5m}`",
    "ssoSessionIdleTimeout": "write `sessions: {idle: 1h}`",
    "ssoSessionMaxLifespan": "write `sessions: {max: 12h}`",
    "passwordPolicy": "write `factors: {password: …}`",
    "otpPolicyType": "write `factors: {totp: {}}`",
    "requiredActions": "write a rule under `second_factor`: who has no factor sets one up on the way",
    "authenticationFlows": "write rules under `second_factor`",
    "bruteForceProtected": "leave it out: guesses are always counted",
    "eventsEnabled": "leave it out: every event is in the log",
    "identityProviders": "leave it out: nobody signs in through other providers here",
    "smtpServer": "write `mail: {server: …}`",
    "sslRequired": "leave it out: without --dev, https is always required",
}
"""Setting -> what to do instead, as the end of a sentence."""
