"""The life of an experiment, step by step: each step is a function of the status, the endpoint and what was counted."""

from datetime import UTC, datetime
from typing import Any

import pytest

from smendpoints.api.experiment_status import MOST_STEPS
from smendpoints.domain.experiment.life import runs
from smendpoints.domain.experiment.scene import Looked
from smendpoints.statistics.rules import Verdict
from smsandbox.testing.one_experiment import BEGAN, THREE, Life, judged


def test_it_begins_with_its_weights_and_counts_from_the_next_period_once_aws_serves_by_them() -> None:
    life = Life(spec={"startAfter": BEGAN.isoformat()})
    assert not runs(life.experiment)
    assert life.go() == ("Running", "begun: waiting for the traffic to be a 50 %, b 25 %, c 25 %")
    status = life.status
    assert (status.phase, status.started_at, status.requests) == ("Running", BEGAN, 0)
    assert status.weights == {"a": 3.0, "b": 1.5, "c": 1.5}
    assert [(each.traffic_percent, each.weights, each.asked_at) for each in status.steps] == [
        (50.0, status.weights, BEGAN)
    ]
    assert [each.variant for each in status.arms] == ["a", "b", "c"]
    assert [each.variant for each in status.challengers] == ["b", "c"]
    assert not runs(life.experiment)
    assert life.go(1) == ("Running", "waiting for the traffic to be a 50 %, b 25 %, c 25 %")
    life.serve(status.weights or {})
    assert life.go()[1] == "the traffic is a 50 %, b 25 %, c 25 %; requests count from 12:02:00 UTC"
    assert runs(life.experiment)
    assert life.go()[1].startswith("the traffic is"), "no look: nothing new is told"
    assert life.go(looked=Looked(until=life.now)) == ("Running", "counting; until 2026-11-26 13:00 UTC")
    assert life.go(looked=Looked(notes=("do this",)))[1] == "do this; until 2026-11-26 13:00 UTC"
    assert life.status.observed_generation == 3


@pytest.mark.parametrize(
    "served",
    [
        {"trafficOwner": {"experiment": "other", "weights": {"a": 3.0, "b": 1.5, "c": 1.5}}},
        {"endpoint": {"name": "default-iris", "status": "Updating"}},
        {"endpoint": None},
        {"pendingVariants": [{"name": "b"}]},
        {"variants": [{"name": "a", "currentWeight": 3}, {"name": "b", "currentWeight": 1}]},
        {
            "variants": [
                {"name": "a", "currentWeight": 3},
                {"name": "b", "currentWeight": 1.5},
                {"name": "c", "currentWeight": 1.5, "shadow": True},
            ]
        },
    ],
)
def test_nothing_counts_before_aws_serves_by_these_weights(served: dict[str, Any]) -> None:
    life = Life()
    life.go()
    life.serve(dict(life.status.weights or {}), **served)
    assert life.go(1)[1].endswith("waiting for the traffic to be a 50 %, b 25 %, c 25 %")
    assert life.status.steps[-1].counts_from is None


# What stands in the way of a beginning, and what is told.
NOT_YET: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "a rival": ({"rival": "other"}, {}, "TrafficTaken", "SageMakerExperiment other has the traffic of iris"),
    "its time": ({"spec": {"startAfter": "2026-11-26T13:00:00Z"}}, {}, "Waiting", "begins after 2026-11-26 13:00 UTC"),
    "a variant that is not there": (
        {"spec": {"challengers": ["b", "d"]}},
        {},
        "InvalidSpec",
        "iris has no variant d: name variants",
    ),
    "an endpoint that is not ready": ({}, {"conditions": []}, "Waiting", "waiting for iris to be ready"),
    "an edit that is not observed": ({}, {"observedGeneration": 0}, "Waiting", "waiting for iris to be ready"),
    "an endpoint that is not known": ({}, {"endpoint": None}, "Waiting", "waiting for iris to be ready"),
    "an endpoint that is busy": (
        {},
        {"endpoint": {"name": "e", "status": "Updating"}},
        "Waiting",
        "waiting for iris to be in service: it is Updating",
    ),
}


@pytest.mark.parametrize("name", NOT_YET)
def test_it_does_not_begin_for(name: str) -> None:
    made, serves, reason, message = NOT_YET[name]
    life = Life(**made)
    life.serve({}, **serves)
    told = life.go()
    assert (told[0], told[1][: len(message)]) == (reason, message)
    assert (life.status.phase, life.status.started_at, life.status.weights) == ("Waiting", None, None)
    assert life.status.observed_generation == 3


@pytest.mark.parametrize(
    ("changes", "reason", "message"),
    [
        ({"suspend": True}, "Waiting", "iris is suspended"),
        ({"async_": object()}, "InvalidSpec", "iris is asynchronous"),
        (None, "EndpointNotFound", "there is no SageMakerEndpoint iris"),
    ],
)
def test_it_does_not_begin_on_an_endpoint_that_cannot_take_part(
    changes: dict[str, Any] | None, reason: str, message: str
) -> None:
    life = Life()
    assert life.endpoint is not None
    if changes is None:
        life.endpoint = None
    else:
        life.endpoint = life.endpoint.model_copy(update={"spec": life.endpoint.spec.model_copy(update=changes)})
    told = life.go()
    assert (told[0], told[1][: len(message)]) == (reason, message)


def test_outcomes_want_captured_requests() -> None:
    outcome = {"name": "sold", "outcome": {"truth": "s3://bucket/truth/", "afterMinutes": 10}}
    told = Life(spec={"metrics": {"primary": outcome}}).go()
    assert told[0] == "InvalidSpec"
    assert told[1].startswith("outcomes of sold are joined with captured requests, and iris captures none")


def test_a_ramp_goes_up_when_its_time_has_come_and_what_was_counted_stays() -> None:
    life = Life(spec={"ramp": [{"trafficPercent": 10, "minutes": 5}, {"trafficPercent": 60, "minutes": 5}]}).counting()
    first = life.status.steps[0]
    assert (first.traffic_percent, first.weights) == (10.0, {"a": 5.4, "b": 0.3, "c": 0.3})
    assert first.counts_from == datetime(2026, 11, 26, 12, 1, tzinfo=UTC)
    life.go(5.4, life.look(b=Verdict.HOLD))
    assert len(life.status.steps) == 1, "five minutes of requests that count"
    assert life.go(0.1) == ("Running", "ramp: the traffic becomes a 50 %, b 25 %, c 25 %")
    before, after = life.status.steps
    assert (before.counts_until, after.counts_from, after.traffic_percent) == (
        datetime(2026, 11, 26, 12, 6, tzinfo=UTC),
        None,
        50.0,
    )
    assert after.weights == life.status.weights == {"a": 3.0, "b": 1.5, "c": 1.5}
    assert life.go(30)[1].startswith("waiting for the traffic")
    life.serve(dict(life.status.weights or {}))
    life.go()
    assert len(life.status.steps) == 2, "60 percent are more than is wanted in the end"


SPLIT = {"a": 3.0, "b": 1.5, "c": 1.5}
AGAIN = "requests count again once the traffic is a 50 %, b 25 %, c 25 %"


@pytest.mark.parametrize(
    ("served", "why"),
    [
        ({"endpoint": {"name": "e", "status": "Stopped"}}, "iris is Stopped"),
        ({"endpoint": None}, "iris is not there"),
        ({"variants": [{"name": "a", "currentWeight": 2}]}, "AWS has the weights a 2"),
        ({"variants": [{"name": "a", "currentWeight": 3}]}, None),
        ({"variants": [{"name": "a", "currentWeight": 2, "shadow": True}]}, None),
        ({"endpoint": {"name": "e", "status": "Updating"}, "variants": [{"name": "a", "currentWeight": 2}]}, None),
    ],
)
def test_requests_that_were_dealt_out_otherwise_count_for_nothing(served: dict[str, Any], why: str | None) -> None:
    life = Life().counting()
    life.serve(SPLIT, **served)
    _, message = life.go(9, life.look(b=Verdict.HOLD))
    if why is None:
        assert len(life.status.steps) == 1
        return
    assert message == f"{why}: {AGAIN}"
    before, after = life.status.steps
    assert before.counts_until == datetime(2026, 11, 26, 12, 8, tzinfo=UTC), "it was noticed late"
    assert (after.traffic_percent, after.weights, after.counts_from, after.asked_at) == (50.0, SPLIT, None, life.now)
    life.serve(SPLIT)
    life.go(1)
    assert life.status.steps[-1].counts_from == datetime(2026, 11, 26, 12, 11, tzinfo=UTC)


def test_a_step_of_the_ramp_lasts_as_long_as_its_requests_count() -> None:
    life = Life(spec={"ramp": [{"trafficPercent": 10, "minutes": 5}]}).counting()
    weights = dict(life.status.weights or {})
    life.serve({})
    life.go(4)
    life.go(10)
    life.serve(weights)
    life.go()
    life.go(3)
    assert [each.traffic_percent for each in life.status.steps] == [10.0, 10.0], "two minutes, and not yet three"
    life.go(0.5)
    assert [each.traffic_percent for each in life.status.steps] == [10.0, 10.0, 50.0]


def test_traffic_that_is_interrupted_again_and_again_ends_it() -> None:
    life = Life(spec={"duration": {"maxMinutes": 10000}}).counting()
    for _ in range(MOST_STEPS):
        assert life.status.phase == "Running"
        life.serve({})
        life.go(5)
        life.serve(SPLIT)
        life.go(5)
    assert (life.status.phase, len(life.status.steps)) == ("Finished", MOST_STEPS)
    assert life.status.conditions[0].message.startswith("its traffic was interrupted too often: AWS has the weights")


def test_a_challenger_that_is_worse_gets_no_more_traffic_and_the_other_goes_on() -> None:
    life = Life().counting()
    life.go(5, life.look(b=Verdict.ROLLBACK, c=Verdict.HOLD))
    b, c = life.status.challengers
    assert (b.verdict, b.reason, b.ended_at, c.ended_at) == ("ROLLBACK", "b is ROLLBACK", life.now, None)
    assert life.status.weights == {"a": 4.5, "b": 0.0, "c": 1.5}
    assert life.status.phase == "Running"
    assert len(life.status.steps) == 2
    life.serve(dict(life.status.weights or {}))
    life.go(1)
    given_up = life.status.challengers[0].ended_at
    life.go(5, life.look(b=Verdict.SHIP, c=Verdict.HOLD))
    assert (life.status.challengers[0].verdict, life.status.challengers[0].ended_at) == ("ROLLBACK", given_up)
    assert life.go(60, life.look(c=Verdict.SHIP))[0] == "SHIP"
    assert life.status.winner == "c"


def test_when_the_last_challenger_is_worse_its_own_reason_is_told_and_not_those_of_others_before() -> None:
    life = Life().counting()
    life.go(5, life.look(b=Verdict.ROLLBACK, c=Verdict.HOLD))
    life.serve(dict(life.status.weights or {}))
    life.go(1)
    assert life.go(5, life.look(b=Verdict.ROLLBACK, c=Verdict.ROLLBACK))[0] == "ROLLBACK"
    assert "c is ROLLBACK" in life.status.conditions[0].message
    assert "b is" not in life.status.conditions[0].message


def test_a_look_that_counted_nothing_leaves_what_is_known() -> None:
    life = Life().counting()
    life.go(5, life.look(b=(Verdict.HOLD, -0.01), c=(Verdict.HOLD, 0.02)))
    known = life.status.challengers
    told = life.go(0, Looked(judged(b=Verdict.SHIP), {}, until=None))
    assert (life.status.challengers, told[0]) == (known, "Running")


def test_without_a_look_all_that_is_told_stays_but_for_the_generation() -> None:
    life = Life().counting()
    life.go(5, life.look(b=Verdict.HOLD))
    known = life.status
    life.status = known.model_copy(update={"observed_generation": 2})
    life.go(1)
    assert life.status == known


def test_what_cannot_be_read_is_told_and_waited_for_until_patience_ends() -> None:
    life = Life().counting()
    told = ("MetricsUnreadable", "what counts can't be read, and so nothing is concluded: AccessDenied")
    assert life.go(5, Looked(unread="AccessDenied")) == told
    assert life.go(69, Looked(unread="AccessDenied")) == told
    reason, message = life.go(1, Looked(unread="AccessDenied"))
    assert (reason, message) == (
        "INVALID",
        "data is missing: AccessDenied; the weights of iris's spec are in force again",
    )


def test_traffic_that_is_never_split_ends_inconclusively() -> None:
    life = Life()
    life.go()
    assert life.go(74.9)[0] == "Running"
    reason, message = life.go(0.1)
    assert (reason, message.split(";")[0]) == (
        "INCONCLUSIVE",
        "the traffic was never split as the experiment wants it",
    )
    assert life.status.steps != [], "the step that never began is still told"


ENDS: dict[str, tuple[float, dict[str, Any], str | None, str | None]] = {  # after minutes; outcome and winner
    "better, but too early": (9.9, {"b": Verdict.SHIP, "c": Verdict.HOLD}, None, None),
    "better": (10, {"b": Verdict.SHIP, "c": Verdict.HOLD}, "SHIP", "b"),
    "the better one of two": (10, {"b": (Verdict.SHIP, -0.01), "c": (Verdict.SHIP, -0.02)}, "SHIP", "c"),
    "all are worse": (1, {"b": Verdict.ROLLBACK, "c": Verdict.ROLLBACK}, "ROLLBACK", None),
    "one is worse": (1, {"b": Verdict.ROLLBACK, "c": Verdict.HOLD}, None, None),
    "one is worse, and nothing is known of the other": (1, {"b": Verdict.ROLLBACK}, None, None),
    "something is wrong": (1, {"b": Verdict.HOLD, "c": Verdict.INVALID}, "INVALID", None),
    "nothing to see in the end": (60, {"b": Verdict.INCONCLUSIVE, "c": Verdict.INCONCLUSIVE}, "INCONCLUSIVE", None),
    "nothing to see, too early": (59.9, {"b": Verdict.INCONCLUSIVE, "c": Verdict.INCONCLUSIVE}, None, None),
    "one may still be better": (60, {"b": Verdict.INCONCLUSIVE, "c": Verdict.HOLD}, None, None),
    "worse and nothing to see": (60, {"b": Verdict.ROLLBACK, "c": Verdict.INCONCLUSIVE}, "INCONCLUSIVE", None),
    "nothing is known in the end": (74.9, {}, None, None),
}


@pytest.mark.parametrize("name", ENDS)
@pytest.mark.parametrize("shifts", [True, False], ids=["shifting", "reporting"])
def test_it_ends_where(name: str, shifts: bool) -> None:
    minutes, verdicts, outcome, winner = ENDS[name]
    life = Life(spec={"onVerdict": "ShiftTraffic" if shifts else "Report"}).counting()
    life.now = BEGAN
    reason, message = life.go(minutes, life.look(**verdicts))
    status = life.status
    assert (status.verdict, status.winner) == (outcome, winner)
    if outcome is None:
        assert (reason, status.phase, status.ended_at) == ("Running", "Running", None)
        return
    assert (reason, status.phase, status.ended_at) == (outcome, "Finished", life.now)
    assert [each.requests for each in status.arms] == ([50, 30, 20] if verdicts else [None] * 3)
    serving = (winner or "a") if shifts and outcome in {"SHIP", "ROLLBACK"} else None
    assert status.weights == ({name: 6.0 if name == serving else 0.0 for name in THREE} if serving else None)
    after = f"{serving} gets all" if serving else "the weights of iris's spec are in force again"
    assert message.split("; ", 1)[1].rpartition("; ")[2].startswith(after)
    ended = life.go(1)
    assert ended == (reason, message)
    assert not runs(life.experiment)


BROKEN = {
    "endpoint": "SageMakerEndpoint iris is gone",
    "deletion": "SageMakerEndpoint iris is being deleted",
    "another": "SageMakerEndpoint iris was deleted and made again while it ran: make a new SageMakerExperiment",
    "rules": "its rules were edited while it ran: make a new SageMakerExperiment",
    "variant": "variant c was taken out of iris while it ran",
    "model": "the model of variant b was edited while it ran",
}


@pytest.mark.parametrize("what", BROKEN)
def test_it_ends_invalid_if_what_it_compares_changes(what: str) -> None:
    life = Life(spec={"onVerdict": "ShiftTraffic"}).counting()
    assert life.endpoint is not None
    match what:
        case "endpoint":
            life.endpoint = None
        case "deletion" | "another":
            now: dict[str, Any] = {"deletion_timestamp": BEGAN} if what == "deletion" else {"uid": "another"}
            metadata = life.endpoint.metadata.model_copy(update=now)
            life.endpoint = life.endpoint.model_copy(update={"metadata": metadata})
        case "rules":
            life.spec = {**life.spec, "confidence": 0.9}
        case "variant":
            spec = life.endpoint.spec.model_copy(update={"variants": life.endpoint.spec.variants[:2]})
            life.endpoint = life.endpoint.model_copy(update={"spec": spec})
        case "model":
            life.edit(1, environment={"A": "b"})
    reason, message = life.go(5, life.look(b=Verdict.SHIP))
    assert (reason, message[: len(BROKEN[what])]) == ("INVALID", BROKEN[what])
    assert (life.status.weights, life.status.winner) == (None, None), "nobody won"
    assert [each.counts_until for each in life.status.steps] == [datetime(2026, 11, 26, 12, 5, tzinfo=UTC)]


def test_other_edits_of_the_endpoint_and_of_what_a_verdict_does_change_nothing() -> None:
    life = Life().counting()
    life.edit(1, weight=7)
    life.spec = {"onVerdict": "ShiftTraffic"}
    assert life.go(5, life.look(b=Verdict.HOLD))[0] == "Running"


def runs_on(life: Life) -> dict[str, float] | None:
    return life.status.weights


def test_the_weights_of_a_verdict_hold_until_the_arms_are_edited() -> None:
    life = Life(spec={"onVerdict": "ShiftTraffic"}).counting()
    _, message = life.go(20, life.look(b=Verdict.SHIP))
    weights = life.status.weights
    assert weights == {"a": 0.0, "b": 6.0, "c": 0.0}
    life.go(100)
    assert runs_on(life) == weights
    life.edit(1, weight=3)
    assert life.go(1) == ("SHIP", f"{message.split('; ')[0]}; the weights of the endpoint's spec are in force again")
    assert runs_on(life) is None
    life.edit(1, weight=4)
    life.go(1)
    assert runs_on(life) is None


def test_weights_of_a_verdict_end_with_their_endpoint() -> None:
    life = Life(spec={"onVerdict": "ShiftTraffic"}).counting()
    life.go(20, life.look(b=Verdict.SHIP))
    life.endpoint = None
    life.go(1)
    assert life.status.weights is None


@pytest.mark.parametrize(
    ("serves", "rival", "gone", "goes"),
    [
        (True, None, False, False),
        (False, None, False, True),
        (True, "other", False, True),
        (True, None, True, True),
    ],
    ids=["it has the traffic", "it has none", "another has it", "the endpoint is gone"],
)
def test_it_leaves_once_the_endpoint_is_back_at_its_own_weights(
    serves: bool, rival: str | None, gone: bool, goes: bool
) -> None:
    life = Life().counting()
    life.rival = rival
    life.serve(dict(life.status.weights or {}) if serves else {})
    if gone:
        life.endpoint = None
    life.deleted = True
    reason, message = life.go()
    assert life.finalized is goes
    if not goes:
        assert reason == "Deleting"
        assert message == "being deleted: waiting for the endpoint to go back to the weights of its spec"
    assert not runs(life.experiment)
