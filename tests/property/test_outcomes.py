"""Outcomes that come later than their requests, from AWS's captured data to the verdict, in virtual time."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from smclient.aws.session import Aws
from smclient.errors import ClientError
from smclient.joining import Outcomes, join
from smendpoints.api.experiment import SageMakerExperiment
from smendpoints.api.experiment_status import SageMakerExperimentStatus
from smsandbox.assets import BUCKET
from smsandbox.aws.core.ports import InstanceSpec
from smsandbox.testing import specs
from smsandbox.testing.harness import Harness
from smsandbox.testing.traffic import Behaviour, Traffic
from smsandbox.testing.virtual_aws import BRISK
from smsandbox.world import ACCOUNT, REGION

pytestmark = pytest.mark.hours

CAPTURED = f"s3://{BUCKET}/captured"
TRUTH = f"s3://{BUCKET}/clicks"
CLICKED = {
    "name": "clicked",
    "better": "Higher",
    "outcome": {"truth": f"{TRUTH}/", "afterMinutes": 20},
}


class Shop:
    """An endpoint of two variants that captures; each visitor asks once, with an inference id, and clicks or not."""

    def __init__(self, **clicks: float) -> None:
        self.harness = Harness(settings=BRISK)
        self.clicks = clicks
        self.asked: dict[str, str] = {}
        capture = {"destination": CAPTURED}
        self.harness.apply("iris", {**specs.two_variants(1, 1), "dataCapture": capture})
        self.harness.settle("iris")
        self.aws = Aws(REGION, session=self.harness.session)

    def begin(self, primary: dict[str, Any] = CLICKED, **changes: Any) -> None:
        spec = {
            "endpointRef": {"name": "iris"},
            "control": "primary",
            "challengers": ["challenger"],
            "metrics": {"primary": primary},
            "duration": {"maxMinutes": 180},
            "targetRequests": 1000,
            **changes,
        }
        self.harness.experiments.apply("clicks", spec)
        self.pass_minutes(3, visits=0)
        assert self.status().captured == f"{CAPTURED}/default-iris"

    def visit(self, key: str | None) -> str:
        """One request; the variant that answered."""
        given = {"InferenceId": key} if key is not None else {}
        runtime = self.harness.client("sagemaker-runtime")
        found = runtime.invoke_endpoint(EndpointName="default-iris", Body=b"1", ContentType="text/csv", **given)
        variant = str(found["InvokedProductionVariant"])
        if key is not None:
            self.asked[key] = variant
        return variant

    def pass_minutes(self, minutes: int, visits: int) -> None:
        """Time, with so many visits in each minute."""
        for _ in range(minutes):
            for _ in range(visits):
                self.visit(f"visit-{len(self.asked)}")
            self.harness.run(60, tick=15)

    def upload(self, name: str, lines: list[str]) -> None:
        """Truth, as one object."""
        self.harness.client("s3").put_object(Bucket=BUCKET, Key=f"clicks/{name}", Body="\n".join(lines).encode())

    def clicked(self) -> dict[str, bool]:
        """Who clicked of all who asked so far, drawn once for each."""
        chance = random.Random(9)
        return {key: chance.random() < self.clicks[variant] for key, variant in self.asked.items()}

    def upload_clicks(self) -> None:
        """A row for each who clicked; who did not is not told of."""
        self.upload("all.csv", ["inferenceId,value", *(f"{key},1" for key, did in self.clicked().items() if did)])

    def body(self) -> dict[str, Any]:
        return self.harness.experiments.objects["clicks"].body

    def status(self) -> SageMakerExperimentStatus:
        return SageMakerExperiment.parse(self.body()).status

    def message(self) -> str:
        return next(each.message for each in self.status().conditions if each.type == "Ready")

    def join(self) -> Outcomes:
        """As `kubectl smendpoint outcomes` does."""
        (found,) = join(self.aws, self.body(), datetime.fromtimestamp(self.harness.clock.now(), UTC))
        return found

    def summary(self) -> bytes:
        key = "captured/default-iris/_outcomes/clicks/clicked.json"
        data: bytes = self.harness.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return data


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop(primary=0.2, challenger=0.55)
    yield made
    made.harness.simulator.close()
    assert made.harness.violations == []


def test_from_captured_requests_and_clicks_to_a_verdict(shop: Shop) -> None:
    shop.begin()
    shop.pass_minutes(3, visits=0)
    assert "outcomes of clicked: nothing is known yet, run `kubectl smendpoint outcomes`" in shop.message()
    shop.pass_minutes(30, visits=20)
    shop.upload_clicks()
    first = shop.join()
    assert first.joined.waiting > 0, "requests are younger than 20 minutes"
    known = sum(first.joined.requests.values())
    assert 0 < known < len(shop.asked)
    shop.pass_minutes(4, visits=0)
    (challenger,) = shop.status().challengers
    assert challenger.verdict == "HOLD", challenger.reason
    assert challenger.metrics[0].counted_until is not None
    shop.pass_minutes(20, visits=0)
    shop.upload_clicks()
    shop.join()
    shop.pass_minutes(4, visits=0)
    ended = shop.status()
    assert (ended.verdict, ended.winner) == ("SHIP", "challenger"), shop.message()
    (found,) = ended.challengers[0].metrics
    asked = Counter(shop.asked.values())
    clicks = Counter(shop.asked[key] for key, did in shop.clicked().items() if did)
    # a batch that is not whole does not count yet
    assert found.control == pytest.approx(clicks["primary"] / asked["primary"], abs=0.03)
    assert found.challenger == pytest.approx(clicks["challenger"] / asked["challenger"], abs=0.03)
    assert {each.variant: each.requests for each in ended.arms} == asked, "requests of each arm, as AWS counted them"


def test_what_is_uploaded_twice_counts_once_and_the_latest_wins(shop: Shop) -> None:
    shop.begin()
    shop.pass_minutes(4, visits=5)
    shop.pass_minutes(22, visits=0)
    keys = [*shop.asked]
    lines = [json.dumps({"inferenceId": key, "value": True}) for key in keys[:8]]
    shop.upload("1.jsonl", lines)
    before = shop.join()
    assert sum(before.joined.events.values()) == 8
    written = shop.summary()
    shop.upload("again.jsonl", lines + lines)
    shop.upload("of-nobody.jsonl", [json.dumps({"inferenceId": "never-asked", "value": True})])
    again = shop.join()
    assert (again.joined.requests, again.joined.events) == (before.joined.requests, before.joined.events)
    assert again.joined.unmatched == 1
    assert shop.summary() == written, "the same truth gives the same summary"
    shop.harness.run(60)
    monitor = {"groundTruthData": {"data": "0", "encoding": "CSV"}, "eventMetadata": {"eventId": keys[0]}}
    shop.upload("0.jsonl", [json.dumps(monitor)])
    assert sum(shop.join().joined.events.values()) == 7, "written later, though its name comes first"
    times = [f"{keys[1]},0,2030-01-01T00:00:00Z", f"{keys[1]},1,2029-01-01T00:00:00Z"]
    shop.upload("timed.csv", ["inferenceId,value,time", *times])
    assert sum(shop.join().joined.events.values()) == 6, "the rows' own time decides where they have one"


def test_a_request_that_was_made_again_counts_once_and_not_at_all_if_two_variants_answered(shop: Shop) -> None:
    shop.begin()
    answered: dict[str, set[str]] = {"a": set(), "b": set()}
    while len(answered["b"]) < 2:
        answered["b"].add(shop.visit("b"))
    first = shop.visit("a")
    while shop.visit("a") != first:
        pass
    shop.pass_minutes(25, visits=0)
    shop.upload("1.csv", ["inferenceId,value", "a,1", "b,1"])
    found = shop.join()
    # `a` may have been answered by both as well, by chance
    assert found.several in {1, 2}
    assert sum(found.joined.requests.values()) == 2 - found.several


def test_without_capture_or_with_capture_moved_elsewhere_nothing_is_concluded(shop: Shop) -> None:
    shop.begin()
    shop.pass_minutes(3, visits=5)
    elsewhere = {"destination": f"s3://{BUCKET}/elsewhere"}
    shop.harness.apply("iris", {**specs.two_variants(1, 1), "dataCapture": elsewhere})
    shop.pass_minutes(2, visits=0)
    assert shop.status().verdict == "INVALID"
    assert "captures its requests elsewhere" in shop.message()
    shop.harness.apply("plain", specs.two_variants(1, 1))
    shop.harness.settle("plain")
    spec = {**shop.body()["spec"], "endpointRef": {"name": "plain"}}
    shop.harness.experiments.apply("late", spec)
    shop.harness.run(30)
    told = shop.harness.experiments.objects["late"].body["status"]["conditions"]
    assert any("set its spec.dataCapture" in each["message"] for each in told)


def test_an_object_in_the_summarys_place_that_is_none_is_told_and_counts_for_nothing(shop: Shop) -> None:
    shop.begin()
    shop.pass_minutes(2, visits=5)
    key = "captured/default-iris/_outcomes/clicks/clicked.json"
    shop.harness.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b'{"secret": "s3cr3t"}')
    shop.pass_minutes(4, visits=0)
    assert "outcomes of clicked: it is no summary of outcomes" in shop.message()
    assert "s3cr3t" not in json.dumps(shop.body())
    assert shop.status().phase == "Running"


def test_a_guardrail_rolls_back_long_before_outcomes_are_known(shop: Shop) -> None:
    late = {**CLICKED, "outcome": {"truth": TRUTH, "afterMinutes": 170}}
    errors = {"name": "errors", "errorRate": {}, "marginPercentagePoints": 1}
    shop.begin(late, metrics={"primary": late, "guardrails": [errors]}, minRequests=20)

    def fails(spec: InstanceSpec) -> Behaviour:
        return Behaviour(errors=0.4 if spec.variant == "challenger" else 0.02)

    Traffic(shop.harness.world, "default-iris", 600, fails, account=ACCOUNT, region=REGION)
    shop.pass_minutes(15, visits=0)
    assert shop.status().verdict == "ROLLBACK", shop.message()


def test_truth_that_is_none_and_capture_that_is_not_there_are_told_in_words_that_help(shop: Shop) -> None:
    shop.begin()
    with pytest.raises(ClientError, match="no request of clicks was captured yet"):
        shop.join()
    shop.pass_minutes(24, visits=2)
    with pytest.raises(ClientError, match="there is no truth of clicked"):
        shop.join()
    key = next(iter(shop.asked))
    for bad, told in (
        ([f"{key};1"], "the header lacks inferenceId or value"),
        (["inferenceId,value", f"{key},maybe"], "line 2: the value of an outcome is 'maybe'"),
        (["inferenceId,value", f"{key},"], "line 2: this is no truth"),
        (['{"inferenceId": '], "line 1: this is not valid JSON"),
    ):
        shop.upload("bad", bad)
        with pytest.raises(ClientError, match=told):
            shop.join()


SPENT = {
    "name": "spent",
    "better": "Higher",
    "outcome": {"truth": f"{TRUTH}/", "afterMinutes": 20, "type": "Mean", "atMost": 1000},
}


def test_who_spends_more_is_shipped_by_the_mean_of_all_requests(shop: Shop) -> None:
    shop.clicks = {"primary": 0.5, "challenger": 0.5}
    shop.begin(SPENT)
    shop.pass_minutes(3, visits=0)
    shop.pass_minutes(30, visits=20)
    chance = random.Random(5)
    spent = {
        key: chance.lognormvariate(3.0 if shop.asked[key] == "primary" else 3.6, 0.4)
        for key, bought in shop.clicked().items()
        if bought
    }
    shop.upload("all.csv", ["inferenceId,value", *(f"{key},{value:.2f}" for key, value in spent.items())])
    shop.pass_minutes(24, visits=0)
    found = shop.join()
    assert found.joined.means["challenger"] > found.joined.means["primary"] > 5
    shop.pass_minutes(4, visits=0)
    ended = shop.status()
    assert (ended.verdict, ended.winner) == ("SHIP", "challenger"), shop.message()
    (metric,) = ended.challengers[0].metrics
    asked = Counter(shop.asked.values())
    for arm, shown in (("primary", metric.control), ("challenger", metric.challenger)):
        mean = sum(value for key, value in spent.items() if shop.asked[key] == arm) / asked[arm]
        assert shown == pytest.approx(mean, rel=0.1), "a batch that is not whole does not count yet"
    assert ended.primary is not None
    assert "%" not in ended.primary
    assert ended.interval is not None
    assert "points" not in ended.interval


def test_as_a_guardrail_a_mean_is_worse_only_beyond_its_margin_in_its_own_unit(shop: Shop) -> None:
    errors = {"name": "errors", "errorRate": {}}
    shop.begin(metrics={"primary": errors, "guardrails": [{**SPENT, "margin": 5}]})
    shop.pass_minutes(3, visits=0)
    shop.pass_minutes(30, visits=20)
    spent = {key: 20.0 + (3.0 if arm == "primary" else 0.0) + len(key) % 2 for key, arm in shop.asked.items()}

    def known(less: float) -> str | None:
        rows = [f"{key},{value - (less if shop.asked[key] == 'challenger' else 0)}" for key, value in spent.items()]
        shop.upload("all.csv", ["inferenceId,value", *rows])
        shop.join()
        shop.pass_minutes(4, visits=0)
        return shop.status().verdict

    shop.pass_minutes(24, visits=0)
    assert known(less=0) is None, "worse by 3 of 5"
    assert shop.status().challengers[0].metrics[1].passed
    assert known(less=4) == "ROLLBACK", shop.message()
