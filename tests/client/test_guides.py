"""What guides show of things that depend on the time or on traffic: seen of their own samples, in virtual time.

What does not is compared where the guides' commands are run: `tests/integration/test_docs.py`.
"""

import re
import shlex
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from smclient.cli.watching import news_of
from smclient.views.status import status_view
from smsandbox import paths
from smsandbox.aws.core.ports import InstanceSpec
from smsandbox.testing import traffic
from smsandbox.testing.documented import Step, blocks
from smsandbox.testing.harness import Harness
from smsandbox.testing.json_server import JsonServer
from smsandbox.testing.kubectl import got
from smsandbox.testing.samples import endpoints, furnish
from smsandbox.testing.traffic import Behaviour, Traffic
from smsandbox.testing.transcript import ON_THE_WAY, differences, steady
from smsandbox.world import ACCOUNT, REGION

ROOT = paths.repository()


class Reader:
    """Somebody who applied a sample, and types what a page says."""

    def __init__(self, harness: Harness, server: JsonServer, smendpoint: Any, sample: str) -> None:
        (found,) = endpoints(ROOT / f"manifests/samples/{sample}.yaml")
        self.harness, self._server, self._smendpoint = harness, server, smendpoint
        self.name, self.spec = found["metadata"]["name"], found["spec"]
        furnish(self.spec, harness.client)
        harness.apply(self.name, self.spec)
        harness.settle(self.name)

    @property
    def body(self) -> dict[str, Any]:
        """The object."""
        return self.harness.objects[self.name].body

    def edit(self, **variant: Any) -> None:
        """Change the one variant."""
        self.spec = {**self.spec, "variants": [{**self.spec["variants"][0], **variant}]}
        self.harness.apply(self.name, self.spec)

    def is_asked(self, per_minute: float, *, errors: float, errors_of_the_next: float) -> None:
        """Traffic from now on, and the shares that fail: with the config in service, and with any other."""
        endpoint = f"default-{self.name}"
        live = self.harness.live(endpoint)["EndpointConfigName"]

        def behaves(instance: InstanceSpec) -> Behaviour:
            return Behaviour(errors=errors if instance.config_name == live else errors_of_the_next)

        Traffic(self.harness.world, endpoint, per_minute, behaves, account=ACCOUNT, region=REGION)

    def sees(self, command: str) -> str:
        """What a command prints."""
        if command.startswith("kubectl get "):
            return got(command, self.body)
        self._server.answers.update(
            {
                ("GET", f"{BASE}/{self.name}"): self.body,
                ("GET", "/api/v1/namespaces/default/events"): {"items": [], "metadata": {}},
            }
        )
        verb, *arguments = shlex.split(command.removeprefix("kubectl smendpoint "))
        ran = self._smendpoint(verb, *arguments, "-n", "default")
        assert ran.code == 0, ran
        return str(ran.out)

    def news(self) -> str:
        """The line that `wait` prints of it as it is."""
        return news_of(status_view(self.body, (), datetime.now(UTC)))


BASE = "/apis/smendpoints.dev/v1alpha1/namespaces/default/sagemakerendpoints"


def steps(page: str) -> list[Step]:
    """The commands of a page with what is shown of them."""
    return [step for block in blocks(ROOT / page) for step in block.steps]


def on_the_way(page: str) -> set[str]:
    """The lines of a page that tell of something on the way; of an Event its message alone."""
    lines = {line for step in steps(page) for line in step.output.splitlines() if ON_THE_WAY.search(line)}
    return {steady(re.sub(r".*RolloutStep +\S+ +", "", line)) for line in lines}


def compared(page: str, command: str, seen: str, which: int = 0) -> str:
    """Where the `which`-th time that a page shows a command it tells something else."""
    return differences([step.output for step in steps(page) if step.command == command][which], seen)


def test_each_step_on_the_way_that_the_guide_to_rollouts_shows_is_one_of_its_sample(
    harness: Harness, server: JsonServer, smendpoint: Any
) -> None:
    reader = Reader(harness, server, smendpoint, "canary")
    seen = set()
    harness.witnesses.append(lambda: seen.add(steady(reader.news())))
    reader.edit(environment={"LOG_LEVEL": "debug"})
    harness.settle(reader.name)
    seen |= {steady(each.message) for each in harness.events if each.reason == "RolloutStep"}
    told = on_the_way("docs/guides/rollouts.md")
    assert len(told) > 4
    assert told <= seen


def test_the_guide_to_rollouts_shows_the_history_of_one_that_was_rolled_back(
    harness: Harness, server: JsonServer, smendpoint: Any
) -> None:
    reader = Reader(harness, server, smendpoint, "canary")
    reader.edit(environment={"LOG_LEVEL": "debug"})
    harness.settle(reader.name)
    reader.is_asked(600, errors=0.0, errors_of_the_next=0.5)
    reader.edit(environment={"LOG_LEVEL": "info"})
    harness.settle(reader.name)
    command = "kubectl smendpoint history iris-canary"
    assert compared("docs/guides/rollouts.md", command, reader.sees(command), 1) == ""


def test_the_guide_to_office_hours_shows_when_its_sample_stops_and_starts(
    harness: Harness, server: JsonServer, smendpoint: Any
) -> None:
    page = "docs/guides/office-hours.md"
    reader = Reader(harness, server, smendpoint, "scheduled")
    command = "kubectl get smendpoint iris-scheduled -o jsonpath='{.status.officeHours}'"
    seen: dict[str, str] = {}
    for _ in range(2 * 24 * 7):
        harness.run(1800, 300)
        ready = harness.condition(reader.name, "Ready")
        if ready is not None and ready.status == "True":
            seen[ready.reason] = reader.sees(command)
            if ready.reason == "InService":
                assert steady(f"`{ready.message}`") in steady((ROOT / page).read_text(encoding="utf-8"))
        if len(seen) > 1:
            break
    assert compared(page, command, seen["InService"]) == ""
    assert compared(page, command, seen["Stopped"], 1) == ""


def test_the_guide_to_office_hours_shows_what_wait_prints_on_the_way(
    harness: Harness, server: JsonServer, smendpoint: Any
) -> None:
    reader = Reader(harness, server, smendpoint, "minimal")
    seen = set()
    harness.witnesses.append(lambda: seen.add(steady(reader.news())))
    harness.apply(reader.name, {**reader.spec, "desiredState": "Stopped"})
    harness.settle(reader.name)
    told = on_the_way("docs/guides/office-hours.md")
    assert told
    assert told <= seen


def test_the_guide_to_autoscaling_shows_its_sample_under_load(
    harness: Harness, server: JsonServer, smendpoint: Any
) -> None:
    (told,) = (each.text for each in blocks(ROOT / "docs/guides/autoscaling.md") if each.kind == "text")
    reader = Reader(harness, server, smendpoint, "autoscaled")
    rows = [steady(reader.sees("kubectl get smendpoint iris-autoscaled").splitlines()[1])]

    def look() -> None:
        row = steady(reader.sees("kubectl get smendpoint iris-autoscaled").splitlines()[1])
        if row != rows[-1]:
            rows.append(row)

    harness.witnesses.append(look)
    requests = Traffic(
        harness.world, "default-iris-autoscaled", 600, lambda _: Behaviour(), account=ACCOUNT, region=REGION
    )
    harness.run(1200)
    requests.stop()
    harness.run(3600)
    wanted = [steady(line).removesuffix(" AGE") for line in told.splitlines()]
    assert wanted == rows[1:]


def test_the_guide_to_monitoring_shows_what_is_seen_of_its_sample(
    harness: Harness, server: JsonServer, smendpoint: Any
) -> None:
    page = "docs/guides/monitoring.md"
    reader = Reader(harness, server, smendpoint, "monitored")
    harness.run(300)
    shown = steps(page)
    assert len(shown) > 2
    assert [differences(each.output, reader.sees(each.command)) for each in shown] == ["" for _ in shown]


def test_the_guide_to_judged_rollouts_shows_its_sample_while_it_is_judged_and_undone(
    harness: Harness, server: JsonServer, smendpoint: Any
) -> None:
    page = "docs/guides/judged-rollouts.md"
    reader = Reader(harness, server, smendpoint, "judged-canary")
    reader.is_asked(2000, errors=0.002, errors_of_the_next=0.02)
    harness.run(3600, 60)
    reader.edit(environment={"LOG_LEVEL": "debug"})
    verdict: dict[str, Any] = {}
    while verdict.get("newRequests", 0) < 300:
        harness.run(5)
        metrics = reader.body["status"].get("rollout", {}).get("analysis", {}).get("metrics", [{}])
        verdict = metrics[0]
    hold, history = steps(page)
    assert differences(hold.output, reader.sees(hold.command)) == ""
    harness.settle(reader.name)
    assert differences(history.output, reader.sees(history.command)) == ""


def test_the_page_on_experiments_shows_its_sample_after_three_hours(
    harness: Harness, server: JsonServer, smendpoint: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    Reader(harness, server, smendpoint, "ab-test")
    (sample,) = yaml.safe_load_all((ROOT / "manifests/samples/experiment.yaml").read_text(encoding="utf-8"))
    name, slow = sample["metadata"]["name"], {"random-forest": 0.021, "gradient-boosting": 0.014}
    monkeypatch.setattr(traffic, "FAST", 5_000.0)  # below the sample's 20 milliseconds
    harness.experiments.apply(name, sample["spec"])
    Traffic(
        harness.world, "default-iris-ab", 120, lambda instance: Behaviour(slow=slow[instance.variant]),
        account=ACCOUNT, region=REGION, every=60,
    )  # fmt: skip
    harness.run(3 * 3600, 600)
    (shown,) = steps("docs/experiments.md")
    told = re.sub(r" (AGE|3h) ", " ", shown.output)  # `got` prints no ages
    assert differences(told, got(shown.command, harness.experiments.objects[name].body)) == ""
