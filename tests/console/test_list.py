"""The list of endpoints in a browser: live, filtered, read by a machine."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from smclient.errors import KubernetesError
from smsandbox.testing.console import Objects, Served

Make = Callable[..., dict[str, Any]]
AWAY = KubernetesError("cannot reach the API server https://cluster.example: refused", "check the network")


@pytest.fixture
def page(reader: Any, console: Served) -> Page:
    found: Page = reader.opens(console.link)
    return found


def test_the_list_follows_the_cluster_without_a_reload(
    page: Page, objects: Objects, reader: Any, an_object: Make
) -> None:
    expect(page.get_by_text("There are no endpoints yet.")).to_be_visible()
    assert reader.violations() == []
    objects.put(an_object("iris", phase="Reconciling"))
    row = page.get_by_role("row", name="iris")
    expect(row).to_contain_text("Reconciling")
    objects.put(an_object("iris"))
    expect(row).to_contain_text("Ready")
    expect(row).to_contain_text("1 of 1 to 5")
    assert reader.violations() == []


def test_filters_live_in_the_address(page: Page, objects: Objects, an_object: Make) -> None:
    objects.put(an_object("iris"), an_object("wine", phase="Stalled"), an_object("iris", "other"))
    expect(page.get_by_role("link", name="wine")).to_be_visible()
    page.get_by_label("Search").fill("iri")
    expect(page.get_by_text("2 of 3 endpoints")).to_be_visible()
    page.get_by_label("Namespace").fill("oth")
    expect(page.get_by_text("1 of 3 endpoints")).to_be_visible()
    assert "q=iri" in page.url
    assert "namespace=oth" in page.url
    page.reload()
    expect(page.get_by_label("Search")).to_have_value("iri")
    expect(page.get_by_text("1 of 3 endpoints")).to_be_visible()
    page.get_by_label("State").select_option("Deleting")
    expect(page.get_by_text("No endpoint matches.")).to_be_visible()
    page.get_by_role("link", name="Show all 3").click()
    expect(page.get_by_text("3 endpoints")).to_be_visible()


def test_what_was_known_stays_while_the_api_server_is_away(
    page: Page, objects: Objects, reader: Any, an_object: Make
) -> None:
    objects.put(an_object("iris"))
    expect(page.get_by_role("link", name="iris")).to_be_visible()
    objects.go(AWAY)
    expect(page.get_by_text("The API server cannot be reached; this is as of")).to_be_visible()
    expect(page.get_by_role("link", name="iris")).to_be_visible()
    assert reader.violations() == []
    objects.away = None
    expect(page.get_by_text("cannot be reached")).to_have_count(0)


def test_names_and_messages_with_markup_are_text(page: Page, objects: Objects, an_object: Make) -> None:
    hostile = '<img src=x onerror="document.title=\'stolen\'"><script>document.title="stolen"</script>\u202e{{ 7*7 }}'
    found = an_object("iris", phase="Stalled")
    found["status"]["conditions"][0]["message"] = hostile
    found["spec"]["variants"][0]["name"] = hostile
    objects.put(copy.deepcopy(found))
    row = page.get_by_role("row", name="iris")
    expect(row).to_contain_text("<img src=x onerror=")
    expect(row).to_contain_text("\\u202e")
    assert page.locator("#main img, #main script").count() == 0
    assert "stolen" not in page.title()
