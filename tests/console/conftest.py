"""The console in a test: by Flask's client where HTML and headers are enough, else in Chromium."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page

from smclient.console.app import create_app
from smsandbox.testing.browser import launched
from smsandbox.testing.console import Objects, Served, backend_over, serving


@pytest.fixture
def objects() -> Objects:
    """The API server in memory."""
    return Objects()


@pytest.fixture
def client(objects: Objects) -> Iterator[FlaskClient]:
    """A client with a session, over `objects`; `post` it with `csrf_of`."""
    backend = backend_over(objects)
    app, tickets = create_app(backend)
    backend.start()
    backend.endpoints()
    made = app.test_client()
    assert made.get("/", query_string={"token": tickets.issue()}).status_code == 303
    yield made
    backend.stop()


def csrf_of(client: FlaskClient) -> str:
    """The token of the client's session, as its pages carry it."""
    found = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/").text)
    assert found is not None
    return found[1]


@pytest.fixture
def post(client: FlaskClient) -> Callable[..., Any]:
    """Send a form as the page does."""

    def sent(path: str, **fields: str) -> Any:
        return client.post(path, data={"csrf": csrf_of(client), **fields})

    return sent


@pytest.fixture
def console(objects: Objects) -> Iterator[Served]:
    """The console, listening, over `objects`."""
    with serving(backend_over(objects)) as served:
        yield served


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


class Reader:
    """A page in Chromium. What the console's policy forbids, and what a script throws, fails the test."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)

    def opens(self, served: Served, path: str = "/") -> Page:
        """Come by a link, and go to a path."""
        self.page.goto(served.link)
        if path != "/":
            self.page.goto(served.url + path)
        return self.page

    def violations(self) -> list[str]:
        """What axe finds wrong with the page as it is now."""
        found = Axe().run(self.page).response["violations"]
        return [f"{each['id']}: {each['help']}: {[node['html'][:200] for node in each['nodes']]}" for each in found]


@pytest.fixture
def reader(browser: Browser) -> Iterator[Reader]:
    """Somebody who reads, on a screen of common width."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    made = Reader(context.new_page())
    yield made
    context.close()
    assert made.faults == []
