"""How long it takes from `make up` to an explained prediction in the browser: `python -m bench.client.newcomer`.

Does what is printed and shown, and nothing else: the lines that `make up` ends with are typed as they stand, `make
console` is given, and in Chromium links are followed by their names. Nobody reads or thinks here: what a person takes
for that comes on top. The sandbox is ended afterwards (`--keep`: left running). Run it with the sandbox down and what
can be cached in the cache (`python -m smsandbox prepare`).
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import expect

from smsandbox.testing.browser import launched, reading

_ROOT = Path(__file__).resolve().parents[2]
_PATIENCE = 300_000  # milliseconds: what is slow is to be measured, not to fail


class Watch:
    """Prints what has come about, and when."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")

    def tells(self, what: str) -> None:
        print(f"{time.monotonic() - self._began:7.1f} s  {what}", flush=True)


def main() -> None:
    """Print when each step was done."""
    parser = argparse.ArgumentParser(description="From `make up` to an explained prediction.")
    parser.add_argument("--keep", action="store_true", help="leave the sandbox running")
    given = parser.parse_args()
    watch = Watch()
    up = subprocess.run(["make", "up"], cwd=_ROOT, check=True, stdout=subprocess.PIPE, text=True)
    watch.tells("`make up` is done")
    try:
        typed = re.findall(r"^  ((?:source|kubectl apply|kubectl wait) .*)$", up.stdout, re.MULTILINE)
        subprocess.run(["bash", "-ec", "\n".join(typed)], cwd=_ROOT, check=True, stdout=subprocess.DEVNULL)
        watch.tells(f"{len(typed)} lines that it printed are typed: an endpoint is in service")
        with _console() as link:
            watch.tells("`make console` gives its link")
            _asks(link, watch)
    finally:
        if not given.keep:
            subprocess.run(["make", "down"], cwd=_ROOT, check=True, stdout=subprocess.DEVNULL)


def _asks(link: str, watch: Watch) -> None:
    with launched() as browser, reading(browser) as reader:
        expect.set_options(timeout=_PATIENCE)
        page = reader.opens(link)
        expect(page.get_by_role("row").nth(1)).to_contain_text("Ready")
        watch.tells("the browser is open, the list shows the endpoint")
        page.get_by_role("link", name="Playground").first.click()
        page.get_by_role("main").get_by_role("link").first.click()
        expect(page.get_by_role("img", name=re.compile("Waterfall"))).to_be_visible()
        said = page.locator("#answer").get_by_role("heading").first.inner_text()
        watch.tells(f"a prediction ({said}) with its explanation is there")


@contextmanager
def _console() -> Iterator[str]:
    """What `make console` runs, without a browser of this machine."""
    command = [sys.executable, "-m", "smsandbox", "console", "--", "--no-browser", "--port", "0"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_ROOT, env=environment) as running:
        assert running.stdout is not None
        try:
            yield next(found[0] for each in running.stdout if (found := re.search(r"http://\S+", each)))
        finally:
            running.send_signal(signal.SIGINT)


if __name__ == "__main__":
    main()
