"""Pictures of the pages of the console, in both themes at three widths.

`python -m smsandbox.testing.pictures FOLDER [WIDTH…]` makes them.

What they show was made by the operator and AWS's simulator in virtual time; only latencies and counts, which nobody
measured there, are drawn by a formula. Those that stand in the documentation: `docs/images`.
"""

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from smclient.aws.session import Aws
from smsandbox.testing.browser import launched
from smsandbox.testing.console import Objects, Served, backend_over, serving
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, spec, two_variants, with_variant
from smsandbox.world import REGION

WIDTHS = (1280, 768, 390)
THEMES = ("light", "dark")
PAGES: Mapping[str, str] = {
    "list": "/",
    "rollout": "/endpoints/default/churn/",
    "failure": "/endpoints/default/fraud/",
    "endpoint": "/endpoints/default/iris/",
    "undo": "/endpoints/default/iris/actions/undo",
    "diff": "/endpoints/default/iris/diff?from=1",
    "costs": "/costs/",
    "locked": "/",
}
CANARY = {"strategy": "Canary", "stepPercent": 25, "stepWaitSeconds": 900, "rollback": {"onRequest": True}}
LOG = (
    "Loading the model from /opt/ml/model",
    "Traceback (most recent call last):",
    '  File "/srv/app.py", line 12, in <module>',
    "ModuleNotFoundError: No module named 'xgboost'",
)


def main(folder: Path, widths: Sequence[int] = WIDTHS) -> None:
    """Make all of them, at those widths."""
    folder.mkdir(parents=True, exist_ok=True)
    harness = Harness()
    objects = _story(harness)
    aws = _Measured(harness)
    with launched() as browser, serving(backend_over(objects, lambda _: aws)) as served:
        for width in widths:
            for theme in THEMES:
                for name, page in _pages(browser, served, harness, width, theme):
                    page.screenshot(path=folder / f"{name}-{theme}-{width}.png")
                    page.screenshot(path=folder / f"{name}-{theme}-{width}-whole.png", full_page=True)
    harness.simulator.close()


def _pages(browser: Browser, served: Served, harness: Harness, width: int, theme: Any) -> Iterator[tuple[str, Page]]:
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=theme, reduced_motion="reduce", timezone_id="UTC"
    )
    page = context.new_page()
    page.clock.set_fixed_time(datetime.fromtimestamp(harness.clock.now(), UTC))
    page.goto(served.link)
    for name, path in PAGES.items():
        if name == "locked":
            context.clear_cookies()
        page.goto(served.url + path)
        page.wait_for_load_state("networkidle")
        page.locator(".loading").first.wait_for(state="detached")
        yield name, page
    context.close()


def _story(harness: Harness) -> Objects:
    """Four endpoints: two variants after an update, a canary that bakes, one that fails, one that nobody asks."""
    harness.apply("iris", two_variants(9, 1))
    harness.apply("wine", spec())
    harness.apply(
        "churn", with_variant(spec(rollout=CANARY), instance={"type": "ml.m5.large", "count": 4}, scaling=None)
    )
    for name in ("iris", "wine", "churn"):
        harness.settle(name)
    updated = two_variants(9, 1)
    updated["variants"][1]["modelArtifact"] = ARTIFACTS[2]
    harness.apply("iris", updated)
    harness.settle("iris")
    harness.run(3600)
    harness.world.faults.add({"kind": "never_healthy", "times": 1})
    harness.apply("fraud", with_variant(spec(), scaling=None))
    harness.settle("fraud")
    status = harness.objects["fraud"].body["status"]
    harness.set_status("fraud", {**status, "failure": {**status["failure"], "logTail": list(LOG)}})
    wanted = with_variant(dict(harness.objects["churn"].body["spec"]), modelArtifact=ARTIFACTS[3])
    harness.apply("churn", wanted)
    for _ in range(500):
        harness.tick()
        if harness.objects["churn"].body["status"].get("rollout", {}).get("stage") == "Baking":
            break
        harness.world.advance(5.0)
    harness.run(60)
    objects = Objects()
    objects.put(*(dict(each.body) for each in harness.objects.values()))
    return objects


class _Measured(Aws):
    """The simulator, but for metrics: an hour of traffic by a formula."""

    def __init__(self, harness: Harness) -> None:
        super().__init__(REGION, harness.session)

    def client(self, service: str, **settings: Any) -> Any:
        return _Metrics() if service == "cloudwatch" else super().client(service, **settings)


class _Metrics:
    """As far as the pages ask CloudWatch."""

    def describe_alarms(self, **_: Any) -> Any:
        return {"MetricAlarms": []}

    def get_paginator(self, _: str) -> "_Metrics":
        return self

    def paginate(self, MetricDataQueries: list[Any], StartTime: datetime, EndTime: datetime) -> Iterator[Any]:  # noqa: N803
        results = []
        for each in MetricDataQueries:
            asked = each["MetricStat"]
            about = {entry["Name"]: entry["Value"] for entry in asked["Metric"]["Dimensions"]}
            period = asked["Period"]
            count = int((EndTime - StartTime).total_seconds() // period)
            times = [datetime.fromtimestamp(StartTime.timestamp() + period * index, UTC) for index in range(count)]
            quiet = "wine" in about["EndpointName"]
            values = [0.0 if quiet else _value(asked, about["VariantName"], index) for index in range(count)]
            results.append({"Id": each["Id"], "Timestamps": times, "Values": values})
        yield {"MetricDataResults": results}


def _value(asked: Mapping[str, Any], variant: str, index: int) -> float:
    wave = math.sin(index / 9) + 0.4 * math.sin(index / 2.3)
    challenger = variant == "challenger"
    if asked["Metric"]["MetricName"] == "Invocations":
        return round((220 if not challenger else 26) * (1 + 0.2 * wave))
    if asked["Metric"]["MetricName"].startswith("Invocation"):
        return float(index % 17 == 0) if challenger else 0.0
    base = {"p50": 4200, "p90": 7900, "p99": 15400}[asked["Stat"]] * (1.25 if challenger else 1.0)
    return base * (1 + 0.05 * wave)


if __name__ == "__main__":
    folder, *widths = sys.argv[1:] or ["build/pictures"]
    main(Path(folder), [int(each) for each in widths] or WIDTHS)
