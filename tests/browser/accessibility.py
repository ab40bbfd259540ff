"""What axe-core finds wrong with a page (https://github.com/dequelabs/axe-core)."""

from axe_playwright_python.sync_playwright import Axe

from tests.browser.person import DESKTOP, PHONE, Person

# Between the colour schemes nothing but colours differs.
_OF_COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


def violations(person: Person) -> list[str]:
    """On a phone and at a desk, in the light and in the dark: what is wrong, and with which element."""
    person.page.evaluate(Axe().axe_script)
    found = []
    for width, height in (PHONE, DESKTOP):
        for scheme, options in (("light", {}), ("dark", _OF_COLOURS)):
            person.see(width=width, height=height, scheme=scheme)
            answer = person.page.evaluate("options => axe.run({resultTypes: ['violations'], ...options})", options)
            assert answer["passes"]
            found += [
                f"{violation['id']} {scheme} {width}: {node['html']}"
                for violation in answer["violations"]
                for node in violation["nodes"]
            ]
    return found
