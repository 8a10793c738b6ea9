"""The console by keyboard alone: what Tab reaches and in which order, that one sees where one is, and that dialogs let go."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from smclient.errors import AWSError
from smendpoints.api.group import ABORT_REVISION
from smsandbox.testing.console import Objects, Served

Make = Callable[..., dict[str, Any]]
PAGES = (
    "/",
    "/endpoints/ml/iris/",
    "/endpoints/ml/iris/actions/undo",
    "/experiments/",
    "/experiments/ml/ab/",
    "/playground/",
    "/costs/",
)
# What one can use, in the order of the page; of radio buttons of one name Tab reaches one.
CONTROLS = """() => (window.wanted = [...document.querySelectorAll(
    'a[href], button, input, select, textarea, summary, [tabindex="0"]')].filter((each) => {
  const inner = each.closest('details:not([open])');
  return each.checkVisibility({visibilityProperty: true}) && !each.disabled && each.type !== 'hidden'
    && each.tabIndex >= 0 && (!inner || each.matches('summary'));
})).map((each, number) => number)"""
FOCUSED = """() => {
  const each = document.activeElement;
  const style = getComputedStyle(each), box = each.getBoundingClientRect();
  return {
    number: (window.wanted ?? []).indexOf(each),
    page: each !== document.body,
    what: each.outerHTML.slice(0, 160),
    ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    inside: box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}"""
HISTORY = [
    {"revision": 2, "configName": "ml-iris-2", "outcome": "InProgress", "at": "2026-11-26T09:00:00Z"},
    {"revision": 1, "configName": "ml-iris-1", "outcome": "Deployed", "at": "2026-11-26T08:00:00Z"},
]
ROLLOUT = {"phase": "InProgress", "configName": "ml-iris-2", "abortAlarm": "a", "startedAt": "2026-11-26T09:00:00Z"}


@pytest.fixture
def aws() -> Any:
    """AWS is away: pages say so, and have their controls."""

    def away(*_: object, **__: object) -> None:
        raise AWSError("there are no AWS credentials", "log in to AWS")

    return SimpleNamespace(client=away)


@pytest.fixture
def page(
    reader: Any, console: Served, objects: Objects, experiments: Objects, an_object: Make, an_experiment: Make
) -> Page:
    objects.put(an_object("iris", history=HISTORY, rollout=ROLLOUT), an_object("wine"))
    experiments.put(an_experiment())
    found: Page = reader.opens(console.link)
    expect(found.get_by_role("link", name="iris")).to_be_visible()
    return found


def reach(page: Page, role: Any, name: str) -> None:
    """Tab on until that has the focus."""
    wanted = page.get_by_role(role, name=name).first
    expect(wanted).to_be_visible()
    for _ in range(80):
        if wanted.evaluate("each => each === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach the {role} {name}")


@pytest.mark.parametrize("path", PAGES)
def test_tab_alone_reaches_every_control_in_the_order_of_the_page_and_shows_where_it_is(page: Page, path: str) -> None:
    page.goto(page.url.split("/?")[0].rstrip("/") + path)
    page.wait_for_load_state("networkidle")
    page.locator(".loading").first.wait_for(state="detached")
    wanted = page.evaluate(CONTROLS)
    assert len(wanted) > 5
    seen = []
    for _ in range(len(wanted) + 3):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        if not at["page"]:  # behind the last, the browser's own
            break
        assert at["ring"], f"nothing shows where one is: {at['what']}"
        assert at["inside"], f"it is not to be seen: {at['what']}"
        seen.append(at["number"])
    assert seen == wanted, "every control, once, in its order"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(FOCUSED)["number"] in wanted[-3:], "and back"


def test_a_rollout_is_aborted_from_the_list_on_by_keyboard_alone(page: Page, objects: Objects) -> None:
    page.keyboard.press("Tab")
    assert "Skip to content" in page.evaluate(FOCUSED)["what"]
    page.keyboard.press("Enter")
    reach(page, "link", "iris")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="iris", level=1)).to_be_visible()
    reach(page, "link", "Abort the rollout")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    for _ in range(6):  # no way out of it but its own
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("link", name="Abort the rollout")).to_be_focused()
    assert "annotations" not in objects.found["ml", "iris"]["metadata"]
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    page.keyboard.press("Shift+Tab")
    expect(dialog.get_by_role("button", name="Abort the rollout")).to_be_focused()
    page.keyboard.press("Space")
    expect(dialog).to_be_hidden()
    assert objects.found["ml", "iris"]["metadata"]["annotations"] == {ABORT_REVISION: "2"}
    expect(page.get_by_role("status").first).to_be_visible()


def test_the_focus_stays_where_it_is_while_the_page_moves_on(page: Page, objects: Objects, an_object: Make) -> None:
    reach(page, "link", "wine")
    objects.put(an_object("iris", phase="Stalled"))
    expect(page.get_by_role("row", name="iris")).to_contain_text("Stalled")
    expect(page.get_by_role("link", name="wine")).to_be_focused()
