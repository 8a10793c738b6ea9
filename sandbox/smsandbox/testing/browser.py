"""Chromium for the tests of the console: found on the PATH or in Playwright's cache, else installed.

`python -m smsandbox.testing.browser` installs it where it is missing: by apt as root on Debian, elsewhere by
Playwright.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

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
    if shutil.which("apt-get") is not None and os.geteuid() == 0:
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-q"], check=True, env=quiet)
        subprocess.run(["apt-get", "install", "-q", "-y", "--no-install-recommends", *_APT], check=True, env=quiet)
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


if __name__ == "__main__":
    install()
    print(f"Chromium is {found()}")
