"""The pages as people read them: by a screen reader, by keyboard alone, on a phone, in light and in dark."""

import gzip
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from smclient.errors import AWSError, KubernetesError
from smsandbox.paths import repository
from smsandbox.testing.browser import Reader, reading
from smsandbox.testing.console import Objects, Served, backend_over, serving

Make = Callable[..., dict[str, Any]]
STATIC = repository() / "client" / "smclient" / "console" / "static"
HISTORY = [
    {"revision": 2, "configName": "ml-iris-2", "outcome": "Failed", "at": "2026-11-26T09:00:00Z", "message": "crashed"},
    {"revision": 1, "configName": "ml-iris-1", "outcome": "Deployed", "at": "2026-11-26T08:00:00Z"},
]
BAKING = {
    "phase": "InProgress",
    "configName": "ml-iris-3",
    "fromConfigName": "ml-iris-1",
    "stage": "Baking",
    "trafficPercent": 50,
    "bakingUntil": "2030-01-01T00:00:00Z",
    "startedAt": "2026-11-26T09:00:00Z",
    "abortAlarm": "alarm",
}
FAILURE = {"reason": "the container crashed", "logTail": ["a line " * 40, "ModuleNotFoundError"], "hint": "mend it"}

ANALYSIS = {
    "asked": {
        "metrics": [{"name": "errors", "errorRate": {}, "marginPercentagePoints": 0.5}],
        "confidence": 0.95,
        "dryRun": True,
    },
    "verdict": "Hold",
    "message": "not decided: errors of rf",
    "asOf": "2026-11-26T09:10:00Z",
    "horizon": 1000,
    "metrics": [
        {
            "name": "errors",
            "variant": "rf",
            "oldPercent": 0.5,
            "newPercent": 0.6,
            "differencePoints": 0.1,
            "lowerPoints": -0.3,
            "upperPoints": 0.5,
            "oldRequests": 9000,
            "newRequests": 1000,
            "smallestVisiblePoints": 0.4,
            "verdict": "Undecided",
        }
    ],
}


class Measured:
    """AWS with one measurement of each metric, and nothing else."""

    region = "us-east-1"

    def client(self, service: str, **_: Any) -> Any:
        if service != "cloudwatch":
            raise AWSError("cannot read the endpoint: AccessDenied", "ask for the permission")
        return self

    def describe_alarms(self, AlarmNames: list[str], **_: Any) -> Any:
        states = ("ALARM", "OK", "INSUFFICIENT_DATA")
        found = [
            {"AlarmName": name, "StateValue": state, "StateReason": "3 of 3 were above", "StateUpdatedTimestamp": NOW}
            for name, state in zip(AlarmNames, states, strict=False)
        ]
        return {"MetricAlarms": found}

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, MetricDataQueries: list[Any], StartTime: datetime, EndTime: datetime) -> Any:
        at = datetime.fromtimestamp(EndTime.timestamp() - 300, UTC)
        found = [{"Id": each["Id"], "Timestamps": [at], "Values": [40.0]} for each in MetricDataQueries]
        scaled = {"q3", "q4", "q5", "q6"}  # latencies, which AWS has in microseconds
        yield {"MetricDataResults": [each | ({"Values": [40_000.0]} if each["Id"] in scaled else {}) for each in found]}


NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
MONITORING = {
    "alarms": [f"smendpoints/monitoring.ml-iris/{each}" for each in ("rf/errors", "rf/latency", "rf/capacity", "idle")],
    "firing": ["smendpoints/monitoring.ml-iris/rf/errors"],
    "dashboard": "board",
    "dashboardURL": "https://us-east-1.console.aws.amazon.com/cloudwatch/home#dashboards/dashboard/board",
}


class Away:
    """AWS that does not answer."""

    def client(self, service: str, **_: Any) -> Any:
        raise AWSError("cannot read metrics: no answer", "check the network")


@pytest.fixture
def aws() -> Away:
    return Away()


@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_and_state_is_accessible(
    browser: Browser, console: Served, objects: Objects, an_object: Make, width: int
) -> None:
    cost = {"hourlyUSD": "0.23", "asOf": "2026-01-01"}
    objects.put(
        an_object("iris", phase="Stalled", failure=FAILURE, history=HISTORY, cost=cost),
        an_object("moving", phase="Reconciling", rollout=BAKING, history=HISTORY),
    )
    objects.events.append(
        {
            "type": "Warning",
            "reason": "Failed",
            "message": "crashed",
            "involvedObject": {"uid": "uid-ml-iris", "name": "iris", "namespace": "ml"},
            "lastTimestamp": "2026-11-26T09:00:00Z",
        }
    )
    with reading(browser, width) as reader:
        page = reader.opens(console.link)
        expect(page.get_by_role("link", name="iris")).to_be_visible()
        assert reader.violations() == [], "the list"
        page.get_by_role("link", name="iris").click()
        expect(page.get_by_text("Cannot read metrics: no answer.")).to_have_count(2)
        assert reader.violations() == [], "an endpoint that failed, with AWS away"
        page.get_by_role("link", name="Retry").click()
        expect(page.get_by_role("dialog", name="Retry: iris")).to_be_visible()
        assert reader.violations() == [], "a dialog"
        page.goto(f"{console.url}/endpoints/ml/moving/")
        expect(page.get_by_text("Rollout in progress")).to_be_visible()
        assert reader.violations() == [], "a rollout"
        page.goto(f"{console.url}/costs/")
        expect(page.get_by_text("The number of requests is not known for all endpoints.")).to_be_visible()
        assert reader.violations() == [], "the costs"
        page.goto(f"{console.url}/endpoints/ml/absent/")
        assert reader.violations() == [], "a page that is not there"
        page.context.clear_cookies()
        page.goto(console.url)
        expect(page.get_by_role("heading", name="This console is locked")).to_be_visible()
        assert reader.violations() == [], "locked"


@pytest.mark.parametrize("width", [1280, 390])
def test_experiments_and_judged_rollouts_are_accessible(
    browser: Browser,
    console: Served,
    objects: Objects,
    experiments: Objects,
    an_object: Make,
    an_experiment: Make,
    arms: list[Any],
    width: int,
) -> None:
    endpoint = an_object("iris", phase="Reconciling", rollout={**BAKING, "analysis": ANALYSIS}, history=HISTORY)
    endpoint["spec"]["variants"] = arms
    objects.put(endpoint)
    with reading(browser, width) as reader:
        page = reader.opens(console.link, "/experiments/")
        expect(page.get_by_text("There are no experiments yet.")).to_be_visible()
        assert reader.violations() == [], "no experiments"
        experiments.put(an_experiment(), an_experiment("over", phase="Finished", verdict="SHIP", winner="boosting"))
        expect(page.get_by_role("link", name="over")).to_be_visible()
        assert reader.violations() == [], "the list of experiments"
        page.get_by_role("link", name="over").click()
        expect(page.get_by_role("img", name="Confidence sequence of errors for boosting")).to_be_visible()
        page.get_by_text("As a table").first.click()
        expect(page.get_by_role("heading", name="Change to commit in Git")).to_be_visible()
        assert reader.violations() == [], "an experiment"
        experiments.put(an_experiment("over", phase="Finished", verdict="SHIP", winner="boosting", requests=37000))
        expect(page.get_by_text("37\u202f000")).to_be_visible()
        expect(
            page.get_by_role("group", name="Evaluations of boosting")
        ).to_be_visible()  # it stays open as the page moves
        page.get_by_role("link", name="Promote boosting").click()
        expect(page.get_by_role("dialog", name="Promote: over")).to_be_visible()
        assert reader.violations() == [], "a dialog"
        page.goto(f"{console.url}/endpoints/ml/iris/")
        expect(page.get_by_role("heading", name="New fleet compared with the old one")).to_be_visible()
        assert reader.violations() == [], "a judged rollout"
        experiments.go(KubernetesError("you may not list sagemakerexperiments of all namespaces", "ask for it", 500))
        page.goto(f"{console.url}/experiments/")
        expect(page.get_by_text("You may not list sagemakerexperiments of all namespaces.")).to_be_visible()
        assert reader.violations() == [], "what was known before"


def test_all_is_reached_by_keyboard_and_focus_stays_where_the_page_moves(
    reader: Reader, console: Served, objects: Objects, an_object: Make
) -> None:
    objects.put(an_object("iris", history=HISTORY))
    page = reader.opens(console.link)
    link = page.get_by_role("link", name="iris")
    expect(link).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    link.focus()
    objects.put(an_object("iris", phase="Stalled"))
    expect(page.get_by_role("row", name="iris")).to_contain_text("Stalled")
    expect(link).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="iris", level=1)).to_be_visible()
    stop = page.get_by_role("link", name="Stop")
    stop.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Stop: iris")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(stop).to_be_focused()
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Stop").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("iris is stopped.")).to_be_visible()
    assert objects.found["ml", "iris"]["spec"]["desiredState"] == "Stopped"


def test_times_are_in_the_readers_zone_and_utc_is_in_the_title(
    browser: Browser, console: Served, objects: Objects, an_object: Make
) -> None:
    objects.put(an_object("moving", phase="Reconciling", rollout=BAKING, history=HISTORY))
    context = browser.new_context(timezone_id="Asia/Tokyo", locale="en-GB")
    page = context.new_page()
    page.goto(console.link)
    page.goto(f"{console.url}/endpoints/ml/moving/")
    expect(page.locator("time[data-form=clock]").first).to_have_text(re.compile("09:00"))
    expect(page.locator("time[data-form=clock]").first).to_have_attribute("title", "2030-01-01 00:00:00 UTC")
    context.close()


def test_a_thousand_endpoints_come_in_pages(
    page_of_many: Page, objects: Objects, console: Served, an_object: Make
) -> None:
    expect(page_of_many.get_by_text("1000 endpoints")).to_be_visible()
    assert page_of_many.get_by_role("row").count() == 51
    page_of_many.get_by_role("link", name="Next").click()
    expect(page_of_many.get_by_text("Page 2 of 20")).to_be_visible()
    page_of_many.get_by_label("Search").fill("e0999")
    expect(page_of_many.get_by_text("1 of 1000 endpoints")).to_be_visible()


@pytest.fixture
def page_of_many(reader: Reader, console: Served, objects: Objects, an_object: Make) -> Page:
    objects.put(*(an_object(f"e{number:04}") for number in range(1000)))
    return reader.opens(console.link)


def test_a_picture_is_drawn_from_its_table_and_stays_while_the_page_moves(
    reader: Reader, objects: Objects, an_object: Make
) -> None:
    status = {"monitoring": MONITORING, "cost": {"hourlyUSD": "0.23", "asOf": "2026-01-01"}}
    objects.put(an_object("iris", **status))
    values = "() => [...document.querySelectorAll('figure[data-chart]')].map((each) => each.plot?.data[1].filter((value) => value !== null))"
    with serving(backend_over(objects, lambda _: Measured())) as served:
        page = reader.opens(served.link, "/endpoints/ml/iris/")
        expect(page.locator("figure canvas")).to_have_count(4)
        objects.put(an_object("iris", phase="Stalled", **status))
        expect(page.get_by_role("status").filter(has_text="Stalled")).to_be_visible()
        assert page.evaluate(values) == [[40]] * 4
        alarms = page.get_by_role("region", name="Alarms")
        expect(alarms.get_by_role("row", name="rf/errors")).to_contain_text("In alarm")
        expect(alarms.get_by_role("row", name="idle")).to_contain_text("Not there")
        expect(alarms.get_by_role("link", name="Dashboard in CloudWatch")).to_be_visible()
        page.get_by_text("As a table").first.click()
        expect(page.get_by_role("group", name="Invocations").locator("td[data-value='40.0']")).to_be_visible()
        assert reader.violations() == [], "an endpoint, measured"
        page.set_viewport_size({"width": 390, "height": 800})
        assert reader.violations() == [], "the same on a phone"
        page.goto(f"{served.url}/costs/")
        expect(page.get_by_text("Price not known")).to_be_visible()
        assert reader.violations() == [], "costs, measured"
        page.goto(f"{served.url}/playground/")
        expect(page.get_by_role("main").get_by_role("link", name="iris")).to_be_visible()
        assert reader.violations() == [], "whom to ask"


def test_a_console_that_has_ended_is_told(reader: Reader, backend: Any, objects: Objects, an_object: Make) -> None:
    objects.put(an_object("iris"))
    with serving(backend) as served:
        page = reader.opens(served.link)
        expect(page.get_by_role("link", name="iris")).to_be_visible()
    expect(page.get_by_text("The console is not running any more.")).to_be_visible(timeout=15_000)


def test_the_scripts_of_the_first_view_are_small(client: Any) -> None:
    for path in ("/", "/experiments/", "/costs/"):
        names = re.findall(r'<script src="/static/([^"?]+)', client.get(path).text)
        assert "console.js" in names
        assert sum(len(gzip.compress((STATIC / name).read_bytes(), 9)) for name in names) < 60_000
