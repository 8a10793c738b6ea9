"""The console as a user starts it, in Chromium: against the API server, the operator and AWS's simulator."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from smsandbox.testing.browser import Reader, reading
from smsandbox.testing.console_command import console
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant
from smsandbox.testing.stage import Stage, has

PATIENT = 120_000  # milliseconds; AWS and the operator take their time
CAREFUL = {"strategy": "Canary", "stepPercent": 50, "stepWaitSeconds": 3600, "rollback": {"onRequest": True}}


@pytest.fixture
def reader(browser: Browser) -> Iterator[Reader]:
    with reading(browser) as made:
        made.page.set_default_timeout(PATIENT)
        expect.set_options(timeout=PATIENT)
        yield made
        expect.set_options(timeout=5_000)


def agree(page: Any, action: str, button: str) -> None:
    """Ask for an action of the page's, and confirm it."""
    page.get_by_role("link", name=action, exact=True).first.click()
    page.get_by_role("dialog").get_by_role("button", name=button, exact=True).click()


def test_a_rollout_is_watched_aborted_and_tried_again_and_a_revision_comes_back(stage: Stage, reader: Reader) -> None:
    wanted = with_variant(spec(rollout=CAREFUL), scaling=None, instance={"type": "ml.m5.large", "count": 2})
    with console(stage.cloud.world.client_environment(), stage.namespace) as link:
        page = reader.opens(link)
        expect(page.get_by_text("There are no endpoints yet.")).to_be_visible()
        stage.apply("iris", wanted)
        row = page.get_by_role("row", name="iris")  # it comes without a reload
        expect(row).to_contain_text("Ready")
        first = stage.ready("iris")["status"]["endpoint"]["configName"]
        row.get_by_role("link", name="iris").click()
        expect(page.get_by_text("There is no difference.")).to_be_visible()
        # A fleet at rest reports zeros, from its second minute on.
        measured = page.get_by_role("region", name="Metrics")
        expect(measured).to_contain_text(re.compile(r"no data for this time|primary: 0 in total"))

        stage.apply("iris", with_variant(wanted, modelArtifact=ARTIFACTS[1]))
        rollout = page.get_by_role("region", name="Rollout in progress")
        expect(rollout.get_by_role("listitem").filter(has_text="Monitor alarms")).to_have_attribute(
            "aria-current", "step"
        )
        expect(rollout).to_contain_text("50 % of the traffic")
        agree(page, "Abort the rollout", "Abort the rollout")
        expect(page.get_by_text("iris will be rolled back to the config in service before.")).to_be_visible()
        expect(page.get_by_role("link", name="Retry")).to_be_visible()
        assert stage.in_service("iris")["EndpointConfigName"] == first

        quick = {**wanted, "rollout": {"strategy": "AllAtOnce"}}
        stage.apply("iris", with_variant(quick, modelArtifact=ARTIFACTS[2]))
        stage.until("iris", lambda found: has(found, "Ready") and found["status"]["endpoint"]["configName"] != first)
        page.get_by_role("link", name="Undo", exact=True).click()
        dialog = page.get_by_role("dialog")
        expect(dialog.locator("#patch")).to_contain_text(ARTIFACTS[0])
        assert reader.violations() == []
        dialog.get_by_role("button", name="Roll back").click()
        expect(page.get_by_text("iris is rolled back to revision 1.")).to_be_visible()
        stage.until("iris", lambda found: has(found, "Ready") and found["status"]["endpoint"]["configName"] == first)
        assert stage.get("iris")["spec"]["variants"][0]["modelArtifact"] == ARTIFACTS[0]
        agree(page, "Stop", "Stop")
        expect(page.get_by_text("Stopped", exact=True)).to_be_visible()
        stage.see(lambda: stage.live("iris") is None, "no endpoint")
        agree(page, "Start", "Start")
        expect(page.get_by_text("iris is started.")).to_be_visible()
        stage.until("iris", lambda found: has(found, "Ready") and stage.live("iris") is not None)


def test_a_failure_says_why_and_what_is_known_stays_while_the_api_server_is_away(stage: Stage, reader: Reader) -> None:
    stage.cloud.simulator.fault("never_healthy", times=1)
    stage.apply("iris", with_variant(spec(), scaling=None))
    with console(stage.cloud.world.client_environment(), stage.namespace) as link:
        page = reader.opens(link, f"/endpoints/{stage.namespace}/iris/")
        failure = page.get_by_role("region", name="Failure")
        expect(failure).to_contain_text("What to do:")
        agree(page, "Retry", "Retry")
        expect(page.get_by_text("iris will be retried.")).to_be_visible()
        stage.ready("iris")
        expect(failure).to_have_count(0)
        stage.cloud.plane.apiserver.kill()
        expect(page.get_by_text("The API server cannot be reached; this is as of").first).to_be_visible()
        expect(page.get_by_role("region", name="Variants")).to_contain_text("100 %")
        stage.cloud.plane.apiserver.start()
        expect(page.get_by_text("The API server cannot be reached")).to_have_count(0)
        page.goto(link.partition("/?")[0] + "/costs/")
        expect(page.get_by_role("row", name="iris")).to_contain_text("Idle")
