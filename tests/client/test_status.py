"""`status`, `history`, `events`, `wait`: what they show of an object."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from smclient.views.fields import age, as_data
from smclient.views.history import history_view
from smclient.views.status import phase_of, status_view
from smclient.views.text import line, plain
from smclient.views.waiting import verdict
from smsandbox.testing.json_server import JsonServer

Endpoint = Callable[..., dict[str, Any]]
NOW = datetime(2026, 11, 26, 14, 3, 0, tzinfo=UTC)
HERE = "/apis/smendpoints.dev/v1alpha1/namespaces/ml/sagemakerendpoints"
EVENTS = "/api/v1/namespaces/ml/events"
BAKING = {
    "configName": "ml-iris-2",
    "fromConfigName": "ml-iris-1",
    "phase": "InProgress",
    "stage": "Baking",
    "currentStep": 1,
    "totalSteps": 2,
    "trafficPercent": 10,
    "bakingUntil": "2026-11-26T14:03:20Z",
    "startedAt": "2026-11-26T14:00:00Z",
}


def condition(kind: str, status: str = "True", message: str = "because") -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": "R", "message": message, "observedGeneration": 2}


ROLLED_BACK = {**condition("Ready", "False"), "reason": "RolledBackToRevision"}


def event(reason: str, message: str, when: str, **more: Any) -> dict[str, Any]:
    about = {"kind": "SageMakerEndpoint", "namespace": "ml", "name": "iris"}
    return {
        "type": "Normal",
        "reason": reason,
        "message": message,
        "lastTimestamp": when,
        "involvedObject": about,
        **more,
    }


@pytest.mark.parametrize(
    ("conditions", "observed", "phase"),
    [
        ([condition("Ready")], 2, "Ready"),
        ([condition("Ready")], 1, "Reconciling"),
        ([condition("Ready", "False"), condition("Reconciling")], 2, "Reconciling"),
        ([condition("Ready", "False"), condition("Stalled")], 2, "Stalled"),
        ([condition("Ready"), condition("Stalled")], 2, "Stalled"),
        ([condition("Ready", "Unknown")], 2, "Unknown"),
        ([{**condition("Ready", "False"), "reason": "RolledBackToRevision"}], 2, "RolledBack"),
        ([], 2, "Unknown"),
    ],
)
def test_the_phase_is_read_as_kstatus_reads_it(
    endpoint: Endpoint, conditions: list[Any], observed: int, phase: str
) -> None:
    assert phase_of(endpoint(conditions=conditions, observedGeneration=observed)) == phase


def test_an_object_that_goes_is_deleting_whatever_it_says(endpoint: Endpoint) -> None:
    found = endpoint()
    found["metadata"]["deletionTimestamp"] = "2026-11-26T14:00:00Z"
    assert phase_of(found) == "Deleting"


def test_a_bake_tells_step_traffic_and_the_seconds_left(endpoint: Endpoint) -> None:
    rollout = status_view(endpoint(rollout=BAKING), (), NOW).rollout
    assert rollout is not None
    assert (rollout.step, rollout.steps, rollout.traffic_percent, rollout.seconds_left) == (1, 2, 10, 20.0)
    assert rollout.progress == pytest.approx(0.315)


def test_progress_only_grows_along_a_rollout(endpoint: Endpoint) -> None:
    stages: list[dict[str, Any]] = [
        {"stage": "Launching"},
        {"stage": "ActivatingTraffic", "trafficPercent": 0},
        {"stage": "Baking", "trafficPercent": 10},
        {"stage": "Baking", "trafficPercent": 100},
        {"stage": "Terminating", "trafficPercent": 100},
        {"phase": "Succeeded"},
    ]
    shown = [status_view(endpoint(rollout={**BAKING, **each}), (), NOW).rollout for each in stages]
    progress = [each.progress for each in shown if each is not None and each.progress is not None]
    assert len(progress) == len(stages)
    assert progress == sorted(progress)
    assert progress[-1] == 1.0


def test_shares_are_of_the_production_variants_alone(endpoint: Endpoint) -> None:
    spec = {
        "variants": [
            {"name": "a", "instance": {"type": "ml.m5.large"}},
            {"name": "b", "serverless": {"memorySizeMB": 2048, "maxConcurrency": 5, "provisionedConcurrency": 2}},
        ],
        "shadow": {"name": "s", "instance": {"pools": [{"type": "ml.c5.large"}, {"type": "ml.m5.large"}]}},
    }
    variants = [{"name": "a", "currentWeight": 1.0}, {"name": "b", "currentWeight": 3.0}, {"name": "s"}]
    view = status_view(endpoint(spec=spec, variants=variants), (), NOW)
    assert [(each.name, each.share, each.shadow) for each in view.variants] == [
        ("a", 25.0, False),
        ("b", 75.0, False),
        ("s", None, True),
    ]
    assert [each.hosting for each in view.variants] == [
        "ml.m5.large",
        "serverless 2048 MB, 5 at once, 2 kept warm",
        "ml.c5.large or ml.m5.large",
    ]


def test_an_object_without_a_status_is_shown_as_not_looked_at(endpoint: Endpoint) -> None:
    found = endpoint()
    found["status"] = {"observedGeneration": -1}
    view = status_view(found, (), NOW)
    assert (view.phase, view.message) == ("Reconciling", "the operator has not looked at this edit yet")


def test_what_a_newer_operator_writes_is_shown_all_the_same(endpoint: Endpoint) -> None:
    view = status_view(endpoint(rollout={**BAKING, "phase": "Judged", "stage": "Judging"}), (), NOW)
    assert view.rollout is not None
    assert view.rollout.phase == "Judged"


def test_of_the_revisions_the_one_in_service_is_live_once(endpoint: Endpoint) -> None:
    history = [
        {"revision": 3, "configName": "ml-iris-1", "outcome": "Deployed", "at": "2026-11-26T14:00:00Z"},
        {"revision": 2, "configName": "ml-iris-2", "outcome": "Failed", "at": "2026-11-26T13:00:00Z", "message": "no"},
        {"revision": 1, "configName": "ml-iris-1", "outcome": "Deployed", "at": "2026-11-26T12:00:00Z"},
    ]
    assert [(each.revision, each.live) for each in history_view(endpoint(history=history))] == [
        (3, True),
        (2, False),
        (1, False),
    ]


@pytest.mark.parametrize(
    ("goal", "status", "done", "in_vain"),
    [
        ("ready", {}, True, False),
        ("ready", {"observedGeneration": 1}, False, False),
        ("ready", {"conditions": [condition("Ready", "False"), condition("Reconciling")]}, False, False),
        ("ready", {"conditions": [condition("Ready", "False"), condition("Stalled")]}, False, True),
        ("rollout", {"rollout": {**BAKING, "phase": "Succeeded"}}, True, False),
        ("rollout", {"rollout": BAKING}, False, False),
        ("rollout", {"rollout": {**BAKING, "phase": "Failed", "message": "alarm"}}, False, True),
        ("deleted", {}, False, False),
        ("ready", {"conditions": [ROLLED_BACK]}, False, True),
        ("rollout", {"conditions": [ROLLED_BACK]}, True, False),
    ],
)
def test_waiting_ends_when_it_is_so_or_cannot_be(
    endpoint: Endpoint, goal: str, status: dict[str, Any], done: bool, in_vain: bool
) -> None:
    reached, why_not = verdict(status_view(endpoint(**status), (), NOW), goal)
    assert (reached, why_not is not None) == (done, in_vain)


@pytest.mark.parametrize(
    ("seconds", "shown"), [(-5, "0s"), (42, "42s"), (303, "5m3s"), (300, "5m"), (11520, "3h12m"), (367200, "4d6h")]
)
def test_ages_are_kubectls(seconds: float, shown: str) -> None:
    assert age(seconds) == shown


def test_control_characters_are_written_out() -> None:
    assert plain("a\x1b[31mred\x9b0m\u202e\n") == "a\\x1b[31mred\\x9b0m\\u202e\n"
    assert line("one\ntwo\r\x07") == "one\\ntwo\\x0d\\x07"
    assert plain("Grüße, 数, 🚀") == "Grüße, 数, 🚀"


# the command line


def test_status_shows_the_whole_and_text_as_text(server: JsonServer, endpoint: Endpoint, smendpoint: Any) -> None:
    hostile = "[bold red]x[/] \x1b[2J\x1b]0;title\x07"
    failure = {"reason": hostile, "logTail": [hostile], "hint": "look"}
    server.answers["GET", f"{HERE}/iris"] = endpoint(
        rollout=BAKING, failure=failure, conditions=[condition("Ready", message=hostile)]
    )
    server.answers["GET", EVENTS] = {"items": [event("Odd", hostile, "2026-11-26T14:00:00Z")], "metadata": {}}
    ran = smendpoint("status", "iris")
    assert ran.code == 0, ran.err
    assert "\x1b" not in ran.out
    assert "\x07" not in ran.out
    assert ran.out.count("[bold red]x[/] \\x1b[2J") == 4
    assert "ml/iris  Ready  InService in AWS as ml-iris" in ran.out
    assert "variant rf  ml.m5.large  1/2 in service (scales 1 to 5)" in ran.out
    assert "step 1 of 2, 10% of the traffic, watching the alarms until 14:03:20Z" in ran.out


@pytest.mark.parametrize(
    ("available", "shown"), [("True", "Stalled  still serving"), ("False", "Stalled  not serving"), (None, "Stalled\n")]
)
def test_an_outage_is_told_from_a_change_that_is_blocked(
    server: JsonServer, endpoint: Endpoint, smendpoint: Any, available: str | None, shown: str
) -> None:
    conditions = [condition("Ready", "False"), condition("Stalled")]
    conditions += [condition("Available", available)] if available else []
    server.answers["GET", f"{HERE}/iris"] = endpoint(conditions=conditions, endpoint={"name": "ml-iris"})
    assert shown in smendpoint("status", "iris").out


def test_status_without_the_right_to_read_events_shows_the_rest(
    server: JsonServer, endpoint: Endpoint, smendpoint: Any
) -> None:
    server.answers["GET", f"{HERE}/iris"] = endpoint()
    server.answers["GET", EVENTS] = (403, {"message": "forbidden"})
    ran = smendpoint("status", "iris", "-o", "json")
    assert ran.code == 0
    assert ran.json()["phase"] == "Ready"
    assert ran.json()["variants"][0]["minimum"] == 1


def test_status_of_many_is_a_table_and_takes_a_selector(
    server: JsonServer, endpoint: Endpoint, smendpoint: Any
) -> None:
    server.answers["GET", HERE] = {"items": [endpoint("a"), endpoint("b")], "metadata": {}}
    ran = smendpoint("status", "-l", "team=x")
    head, *rows = (row.split() for row in ran.out.splitlines())
    assert head == ["NAME", "PHASE", "AWS", "INSTANCES", "TRAFFIC", "$/HOUR", "AGE"]
    assert [row[:5] for row in rows] == [[name, "Ready", "InService", "1/2", "rf=100"] for name in "ab"]
    assert server.asked[-1].query["labelSelector"] == "team=x"
    assert smendpoint("status", "-o", "name").out == (
        "sagemakerendpoint.smendpoints.dev/a\nsagemakerendpoint.smendpoints.dev/b\n"
    )


def test_options_may_stand_before_the_verb(server: JsonServer, endpoint: Endpoint, smendpoint: Any) -> None:
    server.answers["GET", f"{HERE.replace('/ml/', '/other/')}/iris"] = endpoint()
    assert smendpoint("-n", "other", "status", "iris", "-o", "name").code == 0
    assert smendpoint("status", "iris", "-o", "name", "-n", "other").code == 0
    assert smendpoint("-n", "nowhere", "status", "iris", "-n", "other", "-o", "name").code == 0


def test_events_are_in_order_and_counted(server: JsonServer, endpoint: Endpoint, smendpoint: Any) -> None:
    server.answers["GET", f"{HERE}/iris"] = endpoint()
    items = [
        event("Second", "two", "2026-11-26T14:00:01Z", count=3),
        event("First", "one", "2026-11-26T14:00:00Z", type="Warning"),
    ]
    server.answers["GET", EVENTS] = {"items": items, "metadata": {}}
    rows = [row.split()[1:] for row in smendpoint("events", "iris").out.splitlines()]
    assert rows == [["TYPE", "REASON", "MESSAGE"], ["Warning", "First", "one"], ["Normal", "Second", "two", "(x3)"]]
    assert server.asked[-1].query["fieldSelector"] == "involvedObject.uid=uid-iris"


def test_history_shows_what_failed_and_why(server: JsonServer, endpoint: Endpoint, smendpoint: Any) -> None:
    history = [
        {
            "revision": 2,
            "configName": "ml-iris-2",
            "outcome": "Failed",
            "at": "2026-11-26T13:00:00Z",
            "changes": "image 1 -> 2",
            "message": "no\ncapacity",
        },
    ]
    server.answers["GET", f"{HERE}/iris"] = endpoint(history=history)
    assert "Failed           image 1 -> 2 | no\\ncapacity" in smendpoint("history", "iris").out
    assert as_data(history_view(endpoint(history=history)))[0]["config"] == "ml-iris-2"


def test_wait_ends_with_the_reason_when_only_a_person_can_help(
    server: JsonServer, endpoint: Endpoint, smendpoint: Any
) -> None:
    server.answers["GET", f"{HERE}/iris"] = endpoint(conditions=[condition("Stalled", message="no such image")])
    server.answers["GET", HERE] = b""
    ran = smendpoint("wait", "iris")
    assert ran.code == 1
    assert "error: ml/iris: stalled: no such image" in ran.err
    server.answers["GET", f"{HERE}/iris"] = endpoint()
    assert smendpoint("wait", "iris").out == "ml/iris: ready\n"


def test_wait_for_what_is_gone_is_done(server: JsonServer, smendpoint: Any) -> None:
    server.answers["GET", HERE] = {"items": [], "metadata": {}}
    assert smendpoint("wait", "iris", "--for", "deleted").code == 0
    assert smendpoint("wait", "iris").code == 1


def test_wait_does_not_wait_for_ever(server: JsonServer, endpoint: Endpoint, smendpoint: Any) -> None:
    server.answers["GET", f"{HERE}/iris"] = endpoint(observedGeneration=1)
    server.answers["GET", HERE] = b""
    ran = smendpoint("wait", "iris", "--timeout", "0.1")
    assert ran.code == 1
    assert "is not ready after 0.1 s" in ran.err


def test_mistakes_are_sentences_with_exit_code_2(smendpoint: Any) -> None:
    ran = smendpoint("statsu", "iris")
    assert (ran.code, "did you mean status" in ran.err) == (2, True)
    assert smendpoint("status", "-w").code == 2
    assert smendpoint("status", "iris", "-o", "toml").code == 2


def test_an_error_is_a_sentence_and_what_to_do(server: JsonServer, smendpoint: Any) -> None:
    server.answers["GET", HERE] = {"items": [], "metadata": {}}
    ran = smendpoint("status", "iris")
    assert ran.code == 1
    assert ran.err == (
        "error: there is no SageMakerEndpoint iris in the namespace ml\nLook with `-A` in all namespaces\n"
    )
