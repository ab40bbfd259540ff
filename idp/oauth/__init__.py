"""The OAuth 2.0 / OpenID Connect server: Authlib's engine, with everything consumed before anything is issued."""
