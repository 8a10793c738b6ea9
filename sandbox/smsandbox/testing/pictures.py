"""Pictures of the pages of the console, in both themes at three widths.

`python -m smsandbox.testing.pictures FOLDER [DOCS]` makes them, and copies the best into the documentation's folder;
`make pictures` is that. What they show is in `pictured.py`.
"""

import shutil
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page

from smsandbox.testing.browser import launched
from smsandbox.testing.console import Served, backend_over, serving
from smsandbox.testing.pictured import TRUTH, Pictured, pictured

WIDTHS = (1280, 768, 390)
THEMES = ("light", "dark")
BETWEEN_TWO = {
    "describe": "",
    "f.sepal length (cm)": 6.3,
    "f.sepal width (cm)": 2.8,
    "f.petal length (cm)": 5,
    "f.petal width (cm)": 1.7,
}
"""A flower about which the models disagree."""
PAGES: Mapping[str, str] = {
    "list": "/",
    "rollout": "/endpoints/default/churn/",
    "failure": "/endpoints/default/fraud/",
    "endpoint": "/endpoints/default/iris/",
    "undo": "/endpoints/default/iris/actions/undo",
    "diff": "/endpoints/default/iris/diff?from=1",
    "playground": f"/playground/default/iris/?{urlencode({'variant': 'primary', **BETWEEN_TWO})}",
    "side-by-side": f"/playground/default/iris/?{urlencode({'versus': 'variant:challenger', **BETWEEN_TWO})}",
    "experiments": "/experiments/",
    "experiment": "/experiments/default/iris-ab/",
    "answers": "/experiments/default/iris-ab/",
    "costs": "/costs/",
    "locked": "/",
}
IN_THE_DOCS = {
    "list": 800,
    "rollout": 800,
    "playground": 960,
    "side-by-side": 1100,
    "experiment": 1250,
    "answers": 1250,
    "costs": 640,
}
"""Of these the light one of 1280 pixels stands in the documentation, so many pixels high."""


def main(folder: Path, docs: Path | None = None) -> None:
    """Make all of them; copy those of the documentation into `docs`."""
    folder.mkdir(parents=True, exist_ok=True)
    with pictured() as shown, launched() as browser:
        backend = backend_over(shown.endpoints, lambda _: shown.aws, shown.experiments)
        with serving(backend) as served:
            for width in WIDTHS:
                for theme in THEMES:
                    for name, page in _pages(browser, served, shown, width, theme):
                        page.screenshot(path=folder / f"{name}-{theme}-{width}.png")
                        page.screenshot(path=folder / f"{name}-{theme}-{width}-whole.png", full_page=True)
                        if (theme, width) == (THEMES[0], WIDTHS[0]) and name in IN_THE_DOCS:
                            page.set_viewport_size({"width": width, "height": IN_THE_DOCS[name]})
                            if name == "answers":
                                _in_sight(page)
                            page.screenshot(path=folder / f"console-{name}.png")
                            page.set_viewport_size({"width": width, "height": 800})
    if docs is not None:
        for name in IN_THE_DOCS:
            shutil.copyfile(folder / f"console-{name}.png", docs / f"console-{name}.png")


def _pages(browser: Browser, served: Served, shown: Pictured, width: int, theme: Any) -> Iterator[tuple[str, Page]]:
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=theme, reduced_motion="reduce", timezone_id="UTC"
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.clock.set_fixed_time(datetime.fromtimestamp(shown.now, UTC))
    page.goto(served.link)
    for name, path in PAGES.items():
        if name == "locked":
            context.clear_cookies()
        page.goto(served.url + path)
        page.wait_for_load_state("networkidle")
        page.locator(".loading").first.wait_for(state="detached")
        if name == "answers":
            _compared(page)
        yield name, page
    context.close()


def _compared(page: Page) -> None:
    """The answers of the experiment's models, side by side, in sight."""
    answers = page.get_by_role("region", name="Answers", exact=True)
    answers.get_by_role("textbox", name="Ground truth in S3").fill(TRUTH)
    answers.get_by_role("button", name="Compare answers").click()
    answers.get_by_role("heading", name="Predicted classes").wait_for()
    page.wait_for_load_state("networkidle")
    _in_sight(page)


def _in_sight(page: Page) -> None:
    page.get_by_role("heading", name="Answers", exact=True).evaluate("heading => heading.scrollIntoView()")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:] or ["build/pictures"]))
