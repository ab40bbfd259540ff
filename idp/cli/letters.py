"""Letters from a command: sent before it ends."""

from typing import Any

from idp.outbound.letters import Letters
from idp.outbound.queue import AtOnce
from idp.realm.schema import Realm


def letters_at_once() -> Letters:
    """In the words of the built-in themes; what cannot be sent is a line on standard error, and the command goes on."""
    from idp.web.themes import BASE, Themes, built_in

    themes = Themes(built_in())

    def phrase(realm: Realm, locale: str, key: str, /, **values: Any) -> str:
        # An operator's own theme is where the server looks, not here.
        theme = realm.theme if realm.theme in themes.names else BASE
        return themes.message(theme=theme, locale=locale, key=key, **values)

    return Letters(phrase, AtOnce())
