"""Remakes docs/images/sign-in.png: `python -m tests.browser.picture`. Not a test, and not run by them.

The pages use the fonts of the system; the picture in the repository was made where Debian's fonts-roboto-unhinted was.
"""

import base64
import secrets
import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from tests.browser.arrival import Arrival
from tests.browser.chromium import chromium_running
from tests.browser.person import Person
from tests.browser.tour import Tour
from tests.clock import Clock
from tests.portal import Portal
from tests.running import RunningServer, write_realms
from tests.visitor import PASSWORD

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "sign-in.png"
SCALE = 1.5
SMALL, LARGE = 520, 800
"""Widths of the windows in the picture, in CSS pixels."""
PASSWORD_HEIGHT, CODE_HEIGHT, GAP = 608, 672, 28
MARGIN = 40

MOUNT = """<!doctype html><html lang="en"><style>
  body {{ margin: 0; padding: {margin}px; width: max-content; display: grid; gap: {gap}px;
         grid-template-columns: auto auto; background: #c6d5ce; }}
  img {{ display: block; width: 100%; }}
  div {{ border-radius: 18px; overflow: hidden; box-shadow: 0 20px 44px -18px rgb(10 40 30 / 45%); }}
</style><div style="width:{small}px"><img src="{password}"></div>
<div style="width:{large}px; grid-row: span 2"><img src="{enrolment}"></div>
<div style="width:{small}px"><img src="{code}"></div>"""


def production(stack: ExitStack, arrival: Arrival) -> RunningServer:
    """A server as people meet it, without the banner of development; a server in development made its accounts."""
    directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    common: dict[str, Any] = {
        "config": directory / "realms",
        "database": f"sqlite:///{directory / 'picture.db'}",
        "clock": Clock(),
        "secret_keys": (secrets.token_bytes(32),),
    }
    write_realms(common["config"], arrival.realm())
    RunningServer(**common).stop()
    realm = arrival.realm()
    del realm["users"]
    for client in realm["clients"]:
        client["client_secret"] = {"env": client["client_secret"]["env"]}
    environ = {client["client_secret"]["env"]: secrets.token_urlsafe(32) for client in realm["clients"]}
    write_realms(common["config"], realm)
    server = RunningServer(**common, dev=False, environ=environ)
    stack.callback(server.stop)
    return server


def window(person: Person, *, width: int, height: int, scheme: str) -> str:
    """What the person sees, as the address of a picture."""
    person.see(width=width, height=height, scheme=scheme)
    return f"data:image/png;base64,{base64.b64encode(person.page.screenshot()).decode()}"


def compose(browser: Browser, server: RunningServer, arrival: Arrival) -> bytes:
    """The password by day, the app being set up, and the code by night."""
    context = browser.new_context(device_scale_factor=SCALE, locale="en-GB")
    person = Person(context, server.clock)
    tour = Tour(person, server, Portal(server, arrival.client("portal")), Portal(server, arrival.client("billing")))
    tour.password()
    person.fill(username="alice", password=PASSWORD)
    person.page.get_by_label("Password").blur()
    password = window(person, width=SMALL, height=PASSWORD_HEIGHT, scheme="light")
    tour.enrolment()
    enrolment = window(person, width=LARGE, height=PASSWORD_HEIGHT + GAP + CODE_HEIGHT, scheme="light")
    tour.totp()
    person.fill(code="492817")
    code = window(person, width=SMALL, height=CODE_HEIGHT, scheme="dark")
    page = context.new_page()
    page.set_content(
        MOUNT.format(
            margin=MARGIN, gap=GAP, small=SMALL, large=LARGE, password=password, enrolment=enrolment, code=code
        )
    )
    picture = page.locator("body").screenshot()
    context.close()
    return picture


def main() -> None:
    with ExitStack() as stack:
        arrival = Arrival()
        stack.callback(arrival.close)
        browser = stack.enter_context(chromium_running())
        picture = compose(browser, production(stack, arrival), arrival)
    if reduce := shutil.which("pngquant"):
        picture = subprocess.run([reduce, "--speed", "1", "-"], input=picture, capture_output=True, check=True).stdout
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_bytes(picture)
    print(f"{PICTURE}: {len(picture) // 1024} KiB")


if __name__ == "__main__":
    main()
