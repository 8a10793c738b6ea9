"""Chromium for the tests of the console: found on the PATH or in Playwright's cache, else installed.

`python -m smsandbox.testing.browser` installs it where it is missing: by apt as root on Debian, elsewhere by
Playwright.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from smsandbox.testing import debian

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_APT = ("chromium", "fonts-dejavu-core")


class NoBrowserError(Exception):
    """There is no Chromium here."""


def found() -> Path | None:
    """The program, or None."""
    for name in _NAMES:
        path = shutil.which(name)
        if path is not None:
            return Path(path)
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    return own if own.is_file() else None


def install() -> None:
    """Install it, unless it is here.

    Raises:
        subprocess.CalledProcessError: it cannot be installed; the programs that were run said why.
    """
    if found() is not None:
        return
    if debian.can_install():
        debian.install(*_APT)
    else:
        subprocess.run([sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"], check=True)


@contextlib.contextmanager
def launched() -> Iterator[Browser]:
    """Chromium without windows, driven by Playwright.

    Raises:
        NoBrowserError: there is none; says how to get one.
    """
    program = found()
    if program is None:
        raise NoBrowserError("the tests of the console need Chromium: `make browser` installs it")
    # Chromium's own sandbox does not work as root; the pages are ours.
    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


class Reader:
    """A page in Chromium. What the console's policy forbids, and what a script throws, is a fault."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda said: self.faults.append(said.text) if _is_fault(said) else None)

    def opens(self, link: str, path: str = "/") -> Page:
        """Come by a link, and go to a path."""
        self.page.goto(link)
        if path != "/":
            self.page.goto(link.partition("/?")[0] + path)
        return self.page

    def violations(self) -> list[str]:
        """What axe finds wrong with the page as it is now, in light and in dark; and whether it is too wide."""
        found: list[str] = []
        for theme, rules in (("light", None), ("dark", ["color-contrast"])):
            self.page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
            ran = Axe().run(self.page, options={"runOnly": rules} if rules else None)
            found += [
                f"{theme}: {each['id']}: {each['help']}: {[node['html'][:200] for node in each['nodes']]}"
                for each in ran.response["violations"]
            ]
        if self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            found.append("the page is wider than the window")
        return found


def _is_fault(said: ConsoleMessage) -> bool:
    """What the browser reports; but that an answer was a refusal is for the page to tell."""
    refused = re.search(
        r"status of (?:403|404|409|502)|ERR_(?:CONNECTION|SOCKET|EMPTY_RESPONSE)|Failed to fetch", said.text
    )
    return said.type == "error" and refused is None


@contextlib.contextmanager
def reading(browser: Browser, width: int = 1280) -> Iterator[Reader]:
    """Somebody who reads, on a screen of that many pixels.

    Raises:
        AssertionError: the page had faults.
    """
    context = browser.new_context(viewport={"width": width, "height": 900})
    made = Reader(context.new_page())
    try:
        yield made
    finally:
        context.close()
    assert made.faults == [], made.faults


if __name__ == "__main__":
    install()
    print(f"Chromium is {found()}")
