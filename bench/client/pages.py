"""How soon the console's list is usable, and whether a thousand endpoints make it stutter.

`python -m bench.client.pages`, with KUBECONFIG of a cluster that has an endpoint (`make up`, `source .sandbox/env`, an
object of the samples). First the console of that cluster is opened, then the same console over a thousand copies of an
object there. A page is usable when a row is to be seen and the search can be typed into. A stutter is a task of the
page that holds it up for 50 ms or longer, as the browser reports it (Long Tasks API).
"""

import argparse
import copy
import os
import statistics
import time
from typing import Any

from playwright.sync_api import Browser, Page, expect

from smclient.kube.cluster import Cluster
from smsandbox.testing.browser import launched, reading
from smsandbox.testing.console import Objects, backend_over, serving
from smsandbox.testing.console_command import console

_MANY = 1000
_WATCH = """window.longest = []; new PerformanceObserver((list) => window.longest.push(
  ...list.getEntries().map((each) => each.duration))).observe({type: 'longtask', buffered: true});"""


def main() -> None:
    """Print the figures of both."""
    parser = argparse.ArgumentParser(description="How soon the console's list is usable.")
    parser.add_argument("-n", "--namespace", default="default")
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    expect.set_options(timeout=60_000)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with launched() as browser:
        opened = []
        for _ in range(given.runs):
            with console(dict(os.environ), given.namespace) as link:
                opened.append(_usable(browser, link))
        _tells("the sandbox's list is usable after", opened)
        cluster = Cluster.connect()
        try:
            found = dict(cluster.endpoints(given.namespace)[0])
        finally:
            cluster.close()
        _of_many(browser, found, given.runs)


def _of_many(browser: Browser, found: dict[str, Any], runs: int) -> None:
    objects = Objects()
    objects.put(*(_copy(found, number) for number in range(_MANY)))
    with serving(backend_over(objects)) as served:
        _tells(f"a list of {_MANY} is usable after", [_usable(browser, served.link) for _ in range(runs)])
        with reading(browser) as reader:
            reader.page.add_init_script(_WATCH)
            page = reader.opens(served.link)
            expect(page.get_by_role("row").nth(1)).to_be_visible()
            moved = [_seen(page, objects, found, number) for number in range(10)]
            found_in = [_searched(page, f"e0{number}42") for number in range(10)]
            page.get_by_label("Search").fill("")
            longest = []
            for number in range(2, 7):
                expect(page.get_by_text(f"Page {number - 1} of")).to_be_visible()
                longest += page.evaluate("window.longest")
                page.get_by_role("link", name="Next").click()
        _tells("  a change of an object is seen after", moved)
        _tells("  a search is answered after", found_in)
        print(f"  stutters: {len(longest)}" + (f", the longest {max(longest):.0f} ms" if longest else ""))


def _copy(found: dict[str, Any], number: int, phase: str = "True") -> dict[str, Any]:
    made = copy.deepcopy(found)
    made["metadata"] |= {"name": f"e{number:04}", "namespace": f"team-{number % 20}", "uid": f"uid-{number}"}
    for each in made["status"]["conditions"]:
        if each["type"] == "Ready":
            each["status"] = phase
    return made


def _usable(browser: Browser, link: str) -> float:
    """Milliseconds from following the link until a row is there, and the search can be typed into."""
    with reading(browser) as reader:
        page = reader.page
        page.goto(link, wait_until="commit")
        expect(page.get_by_role("row").nth(1)).to_be_visible()
        page.get_by_label("Search").focus()
        return float(page.evaluate("performance.now()"))


def _seen(page: Page, objects: Objects, found: dict[str, Any], number: int) -> float:
    row, began = page.get_by_role("row", name=f"e{number * 20:04}").first, time.monotonic()
    objects.put(_copy(found, number * 20, "False"))
    expect(row).to_contain_text("Reconciling")
    return 1000 * (time.monotonic() - began)


def _searched(page: Page, text: str) -> float:
    began = time.monotonic()
    page.get_by_label("Search").fill(text)
    expect(page.get_by_text(f"1 of {_MANY} endpoints")).to_be_visible()
    expect(page.get_by_role("link", name=text)).to_be_visible()
    return 1000 * (time.monotonic() - began)


def _tells(what: str, milliseconds: list[float]) -> None:
    print(f"{what} {statistics.median(milliseconds):.0f} ms (worst of {len(milliseconds)}: {max(milliseconds):.0f})")


if __name__ == "__main__":
    main()
