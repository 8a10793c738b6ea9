"""The pages of one endpoint, its actions and the costs: what stands there, in each state. Without a browser."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient

from smclient.console.app import create_app
from smclient.errors import AWSError, KubernetesError
from smclient.views.costs import MonitoringPrices
from smsandbox import paths
from smsandbox.process import wait_until
from smsandbox.testing.console import Objects, backend_over

Make = Callable[..., dict[str, Any]]
Post = Callable[..., Any]
HOSTILE = "<script>alert(1)</script>\u202e{{ 7*7 }}"
HISTORY = [
    {"revision": 2, "configName": "ml-iris-2", "outcome": "Deployed", "at": "2026-11-26T09:00:00Z", "changes": "image"},
    {"revision": 1, "configName": "ml-iris-1", "outcome": "Deployed", "at": "2026-11-26T08:00:00Z"},
]
ROLLOUT = {
    "phase": "InProgress",
    "configName": "ml-iris-3",
    "fromConfigName": "ml-iris-2",
    "stage": "Baking",
    "currentStep": 1,
    "totalSteps": 2,
    "trafficPercent": 50,
    "bakingUntil": "2026-11-26T10:00:00Z",
    "startedAt": "2026-11-26T09:30:00Z",
}


class Aws:
    """AWS that says nothing but these counts of invocations and these states of alarms, or is away."""

    region = "us-east-1"

    def __init__(self) -> None:
        self.away: AWSError | None = None
        self.asked = 0
        self.alarms: dict[str, str] = {}

    def client(self, service: str, **_: Any) -> Any:
        if service == "pricing":
            raise AWSError("cannot read AWS's price list", "ask for the permission pricing:GetProducts")
        assert service == "cloudwatch"
        if self.away is not None:
            raise self.away
        return self

    def describe_alarms(self, AlarmNames: list[str], **_: Any) -> Any:
        at = datetime(2026, 11, 26, 9, tzinfo=UTC)
        return {
            "MetricAlarms": [
                {"AlarmName": name, "StateValue": state, "StateReason": HOSTILE, "StateUpdatedTimestamp": at}
                for name, state in self.alarms.items()
                if name in AlarmNames
            ]
        }

    def get_paginator(self, operation: str) -> Any:
        assert operation == "get_metric_data"
        return self

    def paginate(self, MetricDataQueries: list[Any], StartTime: datetime, EndTime: datetime) -> Any:
        self.asked += 1
        day = EndTime if EndTime.tzinfo else EndTime.replace(tzinfo=UTC)
        at = datetime.fromtimestamp(day.timestamp() // 60 * 60 - 120, UTC)
        yield {
            "MetricDataResults": [
                {"Id": each["Id"], "Timestamps": [at], "Values": [40.0]}
                for each in MetricDataQueries
                if each["MetricStat"]["Metric"]["Dimensions"][0]["Value"] != "ml-idle"
            ]
        }


@pytest.fixture
def aws() -> Aws:
    return Aws()


def shown(client: FlaskClient, path: str, objects: Objects, code: int = 200) -> str:
    """The page once it has seen the objects as they are."""
    backend: Any = client.application.extensions["smclient.backend"]
    newest = str(objects.version)

    def seen() -> bool | None:
        known = (backend.endpoints().value or {}).values()
        return not objects.found or any(each["metadata"]["resourceVersion"] == newest for each in known) or None

    wait_until(seen, 20, lambda: "the console does not see the newest object")
    answer = client.get(path)
    assert answer.status_code == code, answer.text
    return answer.text


def test_a_rollout_is_shown_with_its_step_its_bake_and_both_fleets(
    client: FlaskClient, objects: Objects, an_object: Make
) -> None:
    objects.put(an_object("iris", phase="Reconciling", rollout=ROLLOUT, history=HISTORY))
    text = shown(client, "/endpoints/ml/iris/", objects)
    assert "step 1 of 2" in text
    assert '<li aria-current="step">Monitor alarms</li>' in text
    assert "50 % of the traffic" in text
    assert "ml-iris-3" in text
    assert 'datetime="2026-11-26T10:00:00Z" title="2026-11-26 10:00:00 UTC" data-form="left"' in text
    assert "Abort the rollout" not in text  # it carries no alarm to be aborted by
    objects.put(an_object("iris", phase="Reconciling", rollout={**ROLLOUT, "abortAlarm": "a"}, history=HISTORY))
    assert "Abort the rollout" in shown(client, "/endpoints/ml/iris/", objects)


def test_a_failure_is_shown_with_its_log_and_what_to_do_and_nothing_in_it_is_markup(
    client: FlaskClient, objects: Objects, an_object: Make
) -> None:
    failure = {"reason": HOSTILE, "logTail": ["ModuleNotFoundError", HOSTILE], "hint": "look at the image"}
    objects.put(an_object("iris", phase="Stalled", failure=failure, history=[{**HISTORY[0], "message": HOSTILE}]))
    text = shown(client, "/endpoints/ml/iris/", objects)
    assert "ModuleNotFoundError" in text
    assert "What to do: look at the image" in text
    assert "<script>alert" not in text
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;\\u202e{{ 7*7 }}") == 3


def test_what_does_not_change_is_not_sent_again(client: FlaskClient, objects: Objects, an_object: Make) -> None:
    objects.put(an_object("iris", history=HISTORY))
    for path in ("/endpoints/ml/iris/now", "/endpoints"):
        text = shown(client, path, objects)
        seen = text.partition('name="seen" value="')[2].partition('"')[0]
        assert client.get(path, query_string={"seen": seen}).status_code == 204
    objects.put(an_object("iris", phase="Stalled", history=HISTORY))
    assert seen not in shown(client, f"/endpoints?seen={seen}", objects)


def test_an_endpoint_that_is_not_there_is_a_page_that_says_so(client: FlaskClient, objects: Objects) -> None:
    assert "Not Found" in shown(client, "/endpoints/ml/absent/", objects, 404)
    assert "there is no SageMakerEndpoint absent" in shown(client, "/endpoints/ml/absent/diff", objects, 404).replace(
        "There is", "there is"
    )


def test_metrics_have_a_table_beside_each_picture(client: FlaskClient, objects: Objects, an_object: Make) -> None:
    objects.put(an_object("iris"))
    text = shown(client, "/endpoints/ml/iris/metrics", objects)
    assert text.count("<figure data-chart>") == text.count('<div class="plot">') == text.count("<table>") == 4
    assert 'data-value="40.0">40<' in text
    assert 'data-value="">' in text


def test_what_was_not_measured_is_told_with_what_to_do(client: FlaskClient, objects: Objects, an_object: Make) -> None:
    objects.put(an_object("idle"))
    text = shown(client, "/endpoints/ml/idle/metrics", objects)
    assert "CloudWatch has no data for this time." in text
    assert "kubectl smendpoint invoke idle -n ml" in text
    assert "<figure" not in text


def test_measurements_stay_with_their_time_while_aws_is_away(
    client: FlaskClient, objects: Objects, aws: Aws, an_object: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smclient.console.pages.endpoint._METRICS_SECONDS", 0.0)
    aws.away = AWSError("cannot read metrics: no answer", "check the network")
    objects.put(an_object("iris"))
    assert "Cannot read metrics: no answer." in shown(client, "/endpoints/ml/iris/metrics", objects)
    aws.away = None
    assert "no answer" not in shown(client, "/endpoints/ml/iris/metrics", objects)
    aws.away = AWSError("cannot read metrics: no answer", "check the network")
    text = shown(client, "/endpoints/ml/iris/metrics", objects)
    assert "CloudWatch cannot be reached; this is as of" in text
    assert "Check the network." in text
    assert "<figure data-chart>" in text


PREFIX = "smendpoints/monitoring.ml-iris/"
KEPT: dict[str, Any] = {
    "alarms": [f"{PREFIX}idle", f"{PREFIX}rf/errors", f"{PREFIX}rf/latency"],
    "firing": [f"{PREFIX}rf/latency"],
    "dashboard": "board",
    "dashboardURL": "https://us-east-1.console.aws.amazon.com/cloudwatch/home#dashboards/dashboard/board",
}


def test_alarms_are_shown_as_cloudwatch_has_them_and_while_it_is_away_as_they_were_known(
    client: FlaskClient, objects: Objects, aws: Aws, an_object: Make
) -> None:
    page = "/endpoints/ml/iris/alarms"
    objects.put(an_object("iris"))
    assert "monitoring: {}" in shown(client, page, objects)
    aws.away = AWSError("cannot read alarms: AccessDenied", "ask for the permission cloudwatch:DescribeAlarms")
    arn = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/ml-iris"
    objects.put(an_object("iris", monitoring=KEPT, endpoint={"name": "ml-iris", "status": "InService", "arn": arn}))
    text = shown(client, page, objects)
    assert "ask for the permission cloudwatch:DescribeAlarms" in text.replace("Ask", "ask")
    assert text.count(">In alarm<") == 1
    assert text.count(">Unknown<") == 2
    assert ">In alarm<" in shown(client, "/endpoints", objects)
    aws.away = None
    aws.alarms = {f"{PREFIX}rf/errors": "ALARM", f"{PREFIX}rf/latency": "OK"}
    client.application.extensions["smclient.backend"].kept.forget(
        ("alarms", "uid-ml-iris", tuple(KEPT["alarms"]))  # as if its seconds were over
    )
    text = shown(client, page, objects)
    assert text.index("rf/errors</a>") < text.index(">In alarm<") < text.index("idle")
    assert text.count(">OK<") == text.count(">Not there<") == 1
    assert "<script>alert" not in text
    assert KEPT["dashboardURL"] in text
    seen = text.partition('name="seen" value="')[2].partition('"')[0]
    assert client.get(page, query_string={"seen": seen}).status_code == 204


def test_what_monitoring_costs_is_counted_and_has_no_price_where_the_list_cannot_be_read(
    client: FlaskClient, objects: Objects, an_object: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects.put(an_object("iris", monitoring=KEPT), an_object("wine"))
    text = shown(client, "/costs/table", objects)
    assert "3 alarm metrics, 1 dashboard" in text
    assert "Price not known" in text
    prices = MonitoringPrices(Decimal("0.10"), Decimal(3))
    monkeypatch.setattr("smclient.spending.monitoring_prices", lambda *_: prices)
    text = shown(client, "/costs/table", objects)
    assert "$3.30 per month" in text


def test_what_a_page_says_to_apply_is_there() -> None:
    templates = paths.repository() / "client/smclient/console/templates"
    named = {
        match
        for each in templates.glob("*.html")
        for match in re.findall(r"manifests/[\w./-]+", each.read_text(encoding="utf-8"))
    }
    assert named
    assert all((paths.repository() / each).is_file() for each in named)


def test_an_action_asks_first_and_then_writes(
    client: FlaskClient, objects: Objects, post: Post, an_object: Make
) -> None:
    objects.put(an_object("iris", history=HISTORY))
    asked = shown(client, "/endpoints/ml/iris/actions/stop", objects)
    assert "The endpoint is deleted in AWS" in asked
    assert "desiredState: Stopped" in asked
    assert "desiredState" not in objects.found["ml", "iris"]["spec"]
    answer = post("/endpoints/ml/iris/actions/stop", generation="1")
    assert (answer.status_code, answer.location) == (303, "/endpoints/ml/iris/")
    assert objects.found["ml", "iris"]["spec"]["desiredState"] == "Stopped"
    text = shown(client, "/endpoints/ml/iris/", objects)
    assert "iris is stopped." in text
    assert "Start" in text
    post("/endpoints/ml/iris/actions/redeploy", generation="1")
    assert "smendpoints.dev/redeployedAt" in str(objects.found["ml", "iris"]["metadata"]["annotations"])


@pytest.mark.parametrize("action", ["suspend", "stop", "redeploy", "retry"])
def test_nothing_is_written_over_what_somebody_else_changed(
    client: FlaskClient, objects: Objects, post: Post, an_object: Make, action: str
) -> None:
    objects.put(an_object("iris", phase="Stalled"))
    shown(client, "/endpoints/ml/iris/", objects)
    before = objects.version
    answer = post(f"/endpoints/ml/iris/actions/{action}", generation="7")
    assert answer.status_code == 502
    assert "Somebody changed iris meanwhile." in answer.text
    assert objects.version == before


def test_what_git_keeps_is_shown_as_a_patch_and_not_written(
    client: FlaskClient, objects: Objects, post: Post, an_object: Make
) -> None:
    found = an_object("iris")
    found["metadata"]["labels"] = {"argocd.argoproj.io/instance": "models"}
    objects.put(found)
    text = shown(client, "/endpoints/ml/iris/actions/suspend", objects)
    assert "Argo CD manages this object from Git." in text
    assert "suspend: true" in text
    assert post("/endpoints/ml/iris/actions/suspend", generation="1").status_code == 502
    assert "suspend" not in objects.found["ml", "iris"]["spec"]


def test_who_may_only_look_has_no_buttons(client: FlaskClient, objects: Objects, an_object: Make) -> None:
    objects.may = False
    objects.put(an_object("iris"))
    text = shown(client, "/endpoints/ml/iris/", objects)
    assert "You have read-only access." in text
    assert "/actions/" not in text


def test_costs_tell_what_is_idle_since_when_and_the_sum(client: FlaskClient, objects: Objects, an_object: Make) -> None:
    cost = {"hourlyUSD": "0.23", "asOf": "2026-01-01"}
    objects.put(an_object("idle", cost=cost), an_object("iris", cost=cost), an_object("free"))
    assert "Asking CloudWatch" in shown(client, "/costs/", objects)
    text = shown(client, "/costs/table", objects)
    assert "$335.80 per month" in text
    assert "$167.90 per month" in text  # of the idle one
    assert text.index(">idle<") < text.index(">iris<")
    assert "1 without a price" in text
    assert 'datetime="2026-11-26T08:00:00Z"' in text


def test_costs_do_not_take_an_unknown_for_idle(
    client: FlaskClient, objects: Objects, aws: Aws, an_object: Make
) -> None:
    aws.away = AWSError("cannot read metrics: AccessDenied", "ask for the permission cloudwatch:GetMetricData")
    objects.put(an_object("idle", cost={"hourlyUSD": "0.23", "asOf": "2026-01-01"}))
    text = shown(client, "/costs/table", objects)
    assert "cloudwatch:GetMetricData" in text
    assert "Idle" not in text


def test_who_may_list_one_namespace_sees_that_one(objects: Objects, an_object: Make) -> None:
    objects.only = "ml"
    objects.put(an_object("iris"), an_object("wine", "other"))
    backend = backend_over(objects)
    backend.start()
    reading = backend.endpoints()
    assert list(reading.value or {}) == [("ml", "iris")]
    assert backend.objects.narrowed
    backend.stop()


def test_a_page_before_the_first_answer_says_why_there_is_none(objects: Objects) -> None:
    objects.away = KubernetesError("cannot reach the API server: refused", "check the network")
    backend = backend_over(objects)
    app, tickets = create_app(backend)
    made = app.test_client()
    made.get("/", query_string={"token": tickets.issue()})
    backend.objects.reading = lambda seconds=0.0: type(backend.objects).reading(backend.objects, 0)  # type: ignore[method-assign]
    for path in ("/", "/endpoints/ml/iris/", "/costs/"):
        assert "Asking the API server" in made.get(path).text
    backend.start()
    type(backend.objects).reading(backend.objects, 10)
    for path in ("/", "/endpoints/ml/iris/", "/costs/"):
        assert "Cannot reach the API server: refused." in made.get(path).text
    backend.stop()
