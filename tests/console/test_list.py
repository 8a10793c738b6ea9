"""The list of endpoints in a browser: live, filtered, read by a machine."""

import copy
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from smclient.errors import KubernetesError
from smsandbox.testing.console import Objects, Served

AWAY = KubernetesError("cannot reach the API server https://cluster.example: refused", "check the network")


def object_of(name: str, namespace: str = "ml", phase: str = "Ready", **status: Any) -> dict[str, Any]:
    """An object as the operator keeps it."""
    conditions = {
        "Ready": [{"type": "Ready", "status": "True", "reason": "InService", "message": "in service"}],
        "Reconciling": [{"type": "Reconciling", "status": "True", "reason": "Creating", "message": "is created"}],
        "Stalled": [{"type": "Stalled", "status": "True", "reason": "Failed", "message": "cannot be made"}],
    }
    return {
        "metadata": {"name": name, "namespace": namespace, "uid": f"uid-{namespace}-{name}", "generation": 1},
        "spec": {"variants": [{"name": "rf", "instance": {"type": "ml.m5.large", "count": 1}}]},
        "status": {
            "observedGeneration": 1,
            "conditions": conditions[phase],
            "endpoint": {"name": f"{namespace}-{name}", "status": "InService"},
            "variants": [
                {"name": "rf", "currentWeight": 1.0, "currentInstances": 1, "maxCapacity": 5, "minCapacity": 1}
            ],
            **status,
        },
    }


@pytest.fixture
def page(reader: Any, console: Served) -> Page:
    found: Page = reader.opens(console)
    return found


def test_the_list_follows_the_cluster_without_a_reload(page: Page, objects: Objects, reader: Any) -> None:
    expect(page.get_by_text("There are no endpoints here yet.")).to_be_visible()
    assert reader.violations() == []
    objects.put(object_of("iris", phase="Reconciling"))
    row = page.get_by_role("row", name="iris")
    expect(row).to_contain_text("Reconciling")
    objects.put(object_of("iris"))
    expect(row).to_contain_text("Ready")
    expect(row).to_contain_text("1 of 1 to 5")
    assert reader.violations() == []


def test_filters_live_in_the_address(page: Page, objects: Objects) -> None:
    objects.put(object_of("iris"), object_of("wine", phase="Stalled"), object_of("iris", "other"))
    expect(page.get_by_role("link", name="wine")).to_be_visible()
    page.get_by_label("Search").fill("iri")
    expect(page.get_by_text("2 of 3 endpoints")).to_be_visible()
    page.get_by_label("Namespace").select_option("other")
    expect(page.get_by_text("1 of 3 endpoints")).to_be_visible()
    assert "q=iri" in page.url
    assert "namespace=other" in page.url
    page.reload()
    expect(page.get_by_label("Search")).to_have_value("iri")
    expect(page.get_by_text("1 of 3 endpoints")).to_be_visible()
    page.get_by_label("State").select_option("Deleting")
    expect(page.get_by_text("No endpoint is like this.")).to_be_visible()
    page.get_by_role("link", name="Show all 3").click()
    expect(page.get_by_text("3 endpoints")).to_be_visible()


def test_what_was_known_stays_while_the_api_server_is_away(page: Page, objects: Objects, reader: Any) -> None:
    objects.put(object_of("iris"))
    expect(page.get_by_role("link", name="iris")).to_be_visible()
    objects.go(AWAY)
    expect(page.get_by_text("The API server cannot be reached; this is as of")).to_be_visible()
    expect(page.get_by_role("link", name="iris")).to_be_visible()
    assert reader.violations() == []
    objects.away = None
    expect(page.get_by_text("cannot be reached")).to_have_count(0)


def test_names_and_messages_with_markup_are_text(page: Page, objects: Objects) -> None:
    hostile = '<img src=x onerror="document.title=\'stolen\'"><script>document.title="stolen"</script>\u202e{{ 7*7 }}'
    found = object_of("iris", phase="Stalled")
    found["status"]["conditions"][0]["message"] = hostile
    found["spec"]["variants"][0]["name"] = hostile
    objects.put(copy.deepcopy(found))
    row = page.get_by_role("row", name="iris")
    expect(row).to_contain_text("<img src=x onerror=")
    expect(row).to_contain_text("\\u202e")
    assert page.locator("#main img, #main script").count() == 0
    assert "stolen" not in page.title()
