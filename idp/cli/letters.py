"""Letters from a command: sent before it ends."""

from typing import Any

from idp.errors import SettingsError
from idp.outbound.letters import Letters
from idp.outbound.queue import AtOnce
from idp.realm.environment import PLACEHOLDER
from idp.realm.schema import Realm
from idp.realm.secrets import Secret


def letters_at_once(realm: Realm) -> Letters:
    """In the words of the built-in themes; what cannot be sent is a line on standard error, and the command goes on.

    Raises SettingsError for a realm whose mail cannot be sent from here.
    """
    if realm.mail is not None and realm.mail.server.password == Secret(PLACEHOLDER):
        raise SettingsError("the variable with the password of 'mail.server' is not set here")
    from idp.web.themes import BASE, Themes, built_in

    themes = Themes(built_in())

    def phrase(of: Realm, locale: str, key: str, /, **values: Any) -> str:
        # An operator's own theme is where the server looks, not here.
        theme = of.theme if of.theme in themes.names else BASE
        return themes.message(theme=theme, locale=locale, key=key, **values)

    letters = Letters(phrase, AtOnce())
    letters.prepare(realm)
    return letters
