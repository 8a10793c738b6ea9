"""The verdict on a new fleet, from counts: which minutes count, what is missing, when there is nothing to wait for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smendpoints.api.analysis import AnalysedStep, Analysis, AnalysisStatus, ComparedMetric
from smendpoints.api.rollout import Rollout
from smendpoints.api.status_rollout import RolloutStatus
from smendpoints.controller.judging import with_analysis
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.observed import ObservedEndpoint, ObservedVariant, Step
from smendpoints.domain.observed.samples import Readings, Series
from smendpoints.domain.plan import judging
from smendpoints.domain.plan.analysis import fleets, series_during, share_of
from smendpoints.domain.plan.judging import afresh, closed, condemns, is_over, judged, unread, with_step
from smendpoints.domain.plan.progress import Progress
from smendpoints.domain.reasons import Reason

BEGUN = datetime(2026, 11, 26, 12, 0, 30, tzinfo=UTC)
UPDATING = ObservedEndpoint("shop", "arn", "Updating", "old", BEGUN, BEGUN)
FIRST = int(BEGUN.timestamp() // 60)
ERRORS = {"name": "errors", "errorRate": {}}
HITS = {"name": "hits", "metricAbove": {"namespace": "Shop", "metricName": "Hits", "threshold": 0}, "better": "Higher"}


def asked(*metrics: dict[str, Any], **others: Any) -> Analysis:
    """An analysis as the API server hands it over."""
    return Analysis.model_validate({"metrics": list(metrics) or [ERRORS], **others})


def status(analysis: Analysis | None = None, minutes: int = 20, **changes: Any) -> AnalysisStatus:
    """An analysis in its first step, which bakes for so long."""
    analysis = analysis or asked()
    step = AnalysedStep(since=BEGUN, until=BEGUN + timedelta(minutes=minutes), traffic_percent=25)
    metrics = [ComparedMetric(name=each.name, variant="a") for each in analysis.metrics]
    made = AnalysisStatus(asked=analysis, horizon=10_000, steps=[step], metrics=metrics)
    return made.model_copy(update=changes)


def readings(
    old: tuple[int, int], new: tuple[int, int], minutes: int = 20, analysis: Analysis | None = None
) -> Readings:
    """Requests and events of both fleets in each minute; one before the step, and one after, are all errors."""
    points: dict[Series, dict[int, float]] = {}
    for metric in (analysis or asked()).metrics:
        share = share_of(metric)
        for arm, (requests, events) in zip(fleets("shop", "a", "new"), (old, new), strict=True):
            requests_, events_ = share.series(arm.dimensions)
            for number in range(FIRST - 1, FIRST + minutes + 3):
                inside = FIRST < number < FIRST + minutes
                bad = events if inside else requests
                whole = (
                    (requests + new[0], bad + (new[1] if inside else new[0])) if arm.name == "old" else (requests, bad)
                )
                points.setdefault(requests_, {})[number] = float(whole[0])
                told = 100 * (1 - whole[1] / whole[0]) if share.below else float(whole[1])
                points.setdefault(events_, {})[number] = told
    return Readings(60, FIRST + minutes + 3, points)


def test_only_whole_minutes_of_a_step_after_its_warm_up_count() -> None:
    found = judged(status(), "shop", "new", readings((900, 0), (100, 0)), over=False)
    (errors,) = found.metrics
    # from 12:00:30 on, a minute to get warm, then the whole minutes from 12:02 to 12:20
    assert (errors.old_requests, errors.new_requests) == (18 * 900, 18 * 100)
    assert (errors.old_percent, errors.new_percent) == (0.0, 0.0)
    none = judged(status(asked(warmUpSeconds=1800)), "shop", "new", readings((900, 0), (100, 0)), over=False)
    assert none.metrics[0].new_requests == 0
    assert none.verdict == "Hold"


def test_what_an_unseen_step_may_have_been_is_left_out() -> None:
    late = AnalysedStep(since=BEGUN + timedelta(minutes=30), until=BEGUN + timedelta(minutes=40), traffic_percent=75)
    two = status(minutes=10)
    two = two.model_copy(update={"steps": [*two.steps, late]})
    counted = judging._minutes(two, readings((900, 0), (100, 0), minutes=60))
    assert counted.numbers == (*range(FIRST + 2, FIRST + 10), *range(FIRST + 32, FIRST + 40))
    assert counted.steps == (0,) * 8 + (1,) * 8


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ((900, 9), (100, 1), "Ship"),
        ((900, 2), (100, 10), "Rollback"),
        ((900, 90), (100, 10), "Hold"),
        ((9, 0), (1, 1), "Hold"),  # too few for any verdict
    ],
)
def test_the_verdict_follows_the_counts(old: tuple[int, int], new: tuple[int, int], verdict: str) -> None:
    analysis = asked({**ERRORS, "marginPercentagePoints": 2})
    found = judged(status(analysis), "shop", "new", readings(old, new, analysis=analysis), over=False)
    assert found.verdict == verdict
    assert found.as_of == datetime.fromtimestamp((FIRST + 23) * 60, UTC)
    ended = judged(status(analysis), "shop", "new", readings(old, new, analysis=analysis), over=True)
    assert ended.verdict == (verdict if verdict != "Hold" else "Inconclusive")
    assert "errors of a" in ended.message


def test_of_what_is_better_if_higher_less_is_worse() -> None:
    analysis = asked(HITS)
    down = judged(status(analysis), "shop", "new", readings((900, 800), (100, 40), analysis=analysis), over=False)
    up = judged(status(analysis), "shop", "new", readings((900, 400), (100, 90), analysis=analysis), over=False)
    assert (down.verdict, up.verdict) == ("Rollback", "Ship")


def test_what_is_missing_is_no_success_and_hides_nothing_that_is_proven() -> None:
    def with_hole(found: Readings) -> Readings:
        events = share_of(asked().metrics[0]).series(fleets("shop", "a", "new")[1].dimensions)[1]
        less = {number: value for number, value in found.points[events].items() if number != FIRST + 5}
        return Readings(found.period, found.until, {**found.points, events: less})

    good = judged(status(), "shop", "new", with_hole(readings((900, 0), (100, 0))), over=False)
    assert (good.verdict, good.metrics[0].missing_periods) == ("Invalid", 1)
    assert "data is missing" in good.message
    assert judged(status(), "shop", "new", with_hole(readings((900, 0), (100, 0))), over=True).verdict == "Inconclusive"
    bad = judged(status(), "shop", "new", with_hole(readings((900, 2), (100, 30))), over=False)
    assert bad.verdict == "Rollback"


def test_what_cannot_be_read_is_told_and_at_the_end_nothing_is_known() -> None:
    before = status()
    assert unread(before, "throttled", passes=True, over=False).verdict == "Hold"
    assert unread(before, "denied", passes=False, over=False).verdict == "Invalid"
    assert unread(before, "throttled", passes=True, over=True).verdict == "Inconclusive"
    assert "denied" in unread(before, "denied", passes=False, over=False).message


@pytest.mark.parametrize(
    ("verdict", "wish", "dry", "undone"),
    [
        ("Rollback", "Promote", False, True),
        ("Rollback", "Promote", True, False),
        ("Inconclusive", "Promote", False, False),
        ("Inconclusive", "Rollback", False, True),
        ("Inconclusive", "Rollback", True, False),
        ("Invalid", "Rollback", False, False),
        ("Hold", "Rollback", False, False),
        ("Ship", "Rollback", False, False),
    ],
)
def test_what_undoes_a_rollout(verdict: str, wish: str, dry: bool, undone: bool) -> None:
    analysis = asked(onInconclusive=wish, dryRun=dry)
    assert condemns(status(analysis, verdict=verdict)) is undone


def rollout(analysis: AnalysisStatus, **changes: Any) -> RolloutStatus:
    """A canary of which the first step bakes."""
    found = {"stage": "Baking", "current_step": 1, "total_steps": 2, "traffic_percent": 25, **changes}
    return RolloutStatus(
        config_name="new", attempt="x", phase="InProgress", started_at=BEGUN, analysis=analysis, **found
    )


CANARY = Rollout(strategy="Canary", step_wait_seconds=1200)
STEP = timedelta(minutes=20)
END = BEGUN + STEP


@pytest.mark.parametrize(
    ("way", "changes", "left", "over"),
    [
        (CANARY, {}, 121, False),
        (CANARY, {}, 120, True),  # AWS goes on before anybody looks again
        (CANARY, {}, 119, True),
        (CANARY, {"total_steps": 4}, 60, False),  # other steps follow
        (CANARY, {"total_steps": 4, "current_step": 2}, 60, False),
        (CANARY, {"total_steps": 4, "current_step": 3}, 60, True),
        (CANARY.model_copy(update={"termination_wait_seconds": 240}), {}, 60, True),
        (CANARY.model_copy(update={"termination_wait_seconds": 241}), {}, 60, False),
        (CANARY.model_copy(update={"termination_wait_seconds": 900}), {}, 60, False),  # alarms count there, too
        (None, {}, 60, True),
    ],
)
def test_when_there_is_nothing_to_wait_for(way: Rollout | None, changes: dict[str, Any], left: int, over: bool) -> None:
    now = END - timedelta(seconds=left)
    assert is_over(rollout(status(), **changes), way, now - timedelta(minutes=3), now) is over


def test_with_an_old_fleet_that_is_kept_the_last_minutes_are_waited_for() -> None:
    kept = CANARY.model_copy(update={"termination_wait_seconds": 900})
    last = {"traffic_percent": 100, "current_step": 2, "baking_until": END + timedelta(seconds=900)}
    now = END + timedelta(seconds=120)
    assert not is_over(rollout(status(), **last), kept, END - timedelta(minutes=1), now)
    assert is_over(rollout(status(), **last), kept, END, now)
    assert is_over(rollout(status(), **last), kept, END - timedelta(minutes=1), END + timedelta(seconds=780))
    assert not is_over(rollout(status(), **last), kept, END - timedelta(minutes=1), END + timedelta(seconds=779))


def test_what_nobody_judges_is_never_over() -> None:
    assert not is_over(rollout(status()).model_copy(update={"analysis": None}), None, END, END)


def test_a_step_is_noted_once_while_both_fleets_serve() -> None:
    def seen(stage: Any, share: int | None, since: datetime | None = BEGUN) -> AnalysisStatus:
        steps = (Step("Baking", "Baking for 600 seconds", since),)
        endpoint = replace(UPDATING, pending_config="new", pending=(ObservedVariant("a", steps=steps),))
        found = Progress(stage=stage, traffic_percent=share, baking_until=END)
        return with_step(status().model_copy(update={"steps": []}), endpoint, found)

    assert [(each.since, each.until, each.traffic_percent) for each in seen("Baking", 25).steps] == [(BEGUN, END, 25)]
    for stage, share in (("Launching", 0), ("ActivatingTraffic", 25), ("Baking", 100), ("Baking", None)):
        assert seen(stage, share).steps == []
    assert seen("Baking", 25, since=None).steps == []
    again = with_step(seen("Baking", 25), UPDATING, Progress())
    assert len(again.steps) == 1
    baking = replace(UPDATING, pending=(ObservedVariant("a", steps=(Step("Baking", "", BEGUN + STEP),)),))
    same = with_step(again, baking, Progress(stage="Baking", traffic_percent=25, baking_until=END + STEP))
    assert same == again, "AWS tells of it again"
    more = with_step(again, baking, Progress(stage="Baking", traffic_percent=50, baking_until=END + STEP))
    assert [(each.since, each.traffic_percent) for each in more.steps] == [(BEGUN, 25), (BEGUN + STEP, 50)]


def test_what_was_not_decided_stays_so_and_an_attempt_made_again_knows_nothing() -> None:
    ended = closed(status(message="not decided yet"))
    assert ended is not None
    assert (ended.verdict, "before enough was known" in ended.message) == ("Inconclusive", True)
    assert closed(status(verdict="Ship")) == status(verdict="Ship")
    assert closed(None) is None
    again = afresh(status(verdict="Rollback", message="worse"))
    assert again is not None
    assert (again.verdict, again.message, again.steps) == ("Hold", "", [])
    seen = ComparedMetric(name="errors", variant="a", smallest_visible_points=0.7, old_requests=9, verdict="Worse")
    once_more = afresh(status(metrics=[seen], as_of=BEGUN))
    assert once_more is not None
    assert once_more.metrics == [ComparedMetric(name="errors", variant="a", smallest_visible_points=0.7)]
    assert once_more.as_of is None
    assert afresh(None) is None


def test_a_hundred_endpoints_with_three_metrics_are_a_thousand_series() -> None:
    three = asked(ERRORS, {"name": "slow", "latencyAbove": {"milliseconds": 200}}, HITS)
    assert len(series_during(status(three), "shop", "new")) == 10


class Reads:
    """An account whose CloudWatch tells nothing after a moment; counts how often it is asked."""

    def __init__(self, told_until: datetime) -> None:
        self.datapoints, self.asked, self.since, self.period = self, 0, 0, 60
        self._settled = int(told_until.timestamp() // 60)

    def settled(self, _: datetime) -> int:
        return self._settled

    def read(self, _: Any, since: int, *__: Any) -> Readings:
        self.asked, self.since = self.asked + 1, since
        return readings((1000, 10), (1000, 10))


@pytest.mark.parametrize(
    ("left", "minutes_later", "asked_again"),
    [(600, 0, 0), (600, 1, 1), (119, 0, 1)],
    ids=["nothing new is told", "a minute more is told", "nothing new is told and AWS is about to go on"],
)
def test_cloudwatch_is_asked_for_what_is_new_and_before_aws_goes_on_in_any_case(
    left: int, minutes_later: int, asked_again: int, sight: Any
) -> None:
    as_of = END.replace(second=0) - timedelta(minutes=12)
    before = rollout(status(as_of=as_of))
    seen = sight(shows={"status": "Updating", "pending_config": "new"})
    resource = seen.resource.model_copy(update={"status": seen.resource.status.model_copy(update={"rollout": before})})
    account: Any = Reads(as_of + timedelta(minutes=minutes_later))
    found = with_analysis(account, resource, seen.desired, seen.observed, END - timedelta(seconds=left))
    assert account.asked == asked_again
    assert found.analysis is not None
    assert (found.analysis.verdict != "Hold") is (left == 119)


class Silent(Reads):
    """An account whose CloudWatch cannot be read."""

    def __init__(self, told_until: datetime, kind: Kind) -> None:
        super().__init__(told_until)
        self._kind = kind

    def read(self, *_: Any) -> Readings:
        raise ReconcileError(self._kind, Reason.ACCESS_DENIED, "no")


def looked(sight: Any, account: Any, before: AnalysisStatus, left: int, **shows: Any) -> AnalysisStatus | None:
    """The analysis after a look so many seconds before the end of its step."""
    seen = sight(shows={"status": "Updating", "pending_config": "new", **shows})
    status = seen.resource.status.model_copy(update={"rollout": rollout(before)})
    resource = seen.resource.model_copy(update={"status": status})
    found = with_analysis(account, resource, seen.desired, seen.observed, END - timedelta(seconds=left))
    return found.analysis


TOLD = END.replace(second=0) - timedelta(minutes=12)


@pytest.mark.parametrize(
    ("kind", "left", "verdict"),
    [
        (Kind.RETRY, 600, "Hold"),
        (Kind.BLOCKED, 600, "Invalid"),
        (Kind.RETRY, 119, "Inconclusive"),
        (Kind.BLOCKED, 119, "Inconclusive"),
    ],
)
def test_what_cannot_be_read_in_the_middle_of_a_rollout_is_no_success(
    kind: Kind, left: int, verdict: str, sight: Any
) -> None:
    found = looked(sight, Silent(TOLD, kind), status(), left)
    assert found is not None
    assert (found.verdict, found.message) == (verdict, "CloudWatch could not be read: no")


@pytest.mark.parametrize("changes", [{"steps": []}, {"metrics": []}])
def test_where_there_is_nothing_to_compare_nothing_is_read_and_at_the_end_it_is_told(
    changes: dict[str, Any], sight: Any
) -> None:
    account = Reads(TOLD)
    before = status(**changes)
    assert looked(sight, account, before, 600) == before
    assert account.asked == 0


def test_what_was_never_compared_is_told_at_the_end() -> None:
    assert judging.missed(status()).verdict == "Inconclusive"
    assert judging.missed(status()).message == "nothing could be compared: nobody looked while both fleets served"
    assert judging.missed(status(metrics=[])).message == "nothing could be compared: no variant is in both fleets"


def test_what_is_decided_is_not_looked_at_again(sight: Any) -> None:
    account = Reads(TOLD)
    for verdict in ("Rollback", "Inconclusive"):
        before = status(verdict=verdict)
        assert looked(sight, account, before, 600) == before
    assert account.asked == 0


@pytest.mark.parametrize("shows", [{"status": "RollingBack"}, {"status": "InService"}, {"pending_config": "another"}])
def test_what_aws_is_not_at_work_on_is_not_looked_at(shows: dict[str, Any], sight: Any) -> None:
    account = Reads(TOLD)
    assert looked(sight, account, status(), 600, **shows) is None
    assert looked(sight, account, status(), 600, tags={}) is None
    assert account.asked == 0


JUDGED = {"rollout": {"strategy": "Canary", "analysis": {"metrics": [ERRORS]}}}
OTHER = {"variant": {"modelArtifact": "s3://models/b/model.tar.gz"}}


def beforehand(sight: Any, account: Any, **sees: Any) -> AnalysisStatus | None:
    seen = sight(**{"wants": {**JUDGED, **OTHER}, "lives": {}, **sees})
    found = with_analysis(account, seen.resource, seen.desired, seen.observed, END)
    return found.analysis


def test_before_an_attempt_the_hour_before_is_read(sight: Any) -> None:
    account = Reads(TOLD)
    made = beforehand(sight, account)
    assert made is not None
    assert [(each.name, each.variant) for each in made.metrics] == [("errors", "primary")]
    assert (account.asked, account.since) == (1, TOLD.timestamp() // 60 - 60)
    unread = beforehand(sight, Silent(TOLD, Kind.RETRY))
    assert unread is not None
    assert unread.message == "how little can be seen is not known: no"


@pytest.mark.parametrize(
    "sees",
    [
        {"wants": OTHER},
        {"wants": JUDGED},
        {"shows": {"status": "Updating"}},
        {"remembers": {"phase": "Pending"}},
        {"equivalent": True},
        {"exists": False},
    ],
    ids=["unjudged", "no new revision", "AWS at work", "an attempt that is known", "nothing else", "nothing there"],
)
def test_where_no_attempt_is_about_to_be_written_down_nothing_is_read(sees: dict[str, Any], sight: Any) -> None:
    account = Reads(TOLD)
    assert beforehand(sight, account, **sees) is None
    assert account.asked == 0


def test_an_attempt_that_was_blocked_gets_its_rules_anew(sight: Any) -> None:
    assert beforehand(sight, Reads(TOLD), remembers={"phase": "Blocked"}) is not None


def test_figures_are_told_for_people() -> None:
    whole = ComparedMetric(name="errors", variant="a", old_requests=12_345, new_requests=678)
    assert judging.figures(whole) == "errors of a: 678 requests of the new fleet, 12,345 of the old one"
    shares = whole.model_copy(update={"old_percent": 1.2345, "new_percent": 2.0})
    assert judging.figures(shares) == "errors of a 2% instead of 1.23% in 678 and 12,345 requests"
    bounds = shares.model_copy(update={"lower_points": -0.5, "upper_points": 2.25})
    told = "errors of a 2% instead of 1.23% (-0.5 to +2.25 points) in 678 and 12,345 requests"
    assert judging.figures(bounds) == told


def test_what_is_written_of_a_metric_has_four_decimals_at_most() -> None:
    found = judged(status(), "shop", "new", readings((900, 7), (100, 3)), over=False).metrics[0]
    told = (found.old_percent, found.new_percent, found.difference_points, found.lower_points, found.upper_points)
    assert (found.old_percent, found.new_percent, found.difference_points) == (0.7778, 3.0, 2.2222)
    assert all(each is not None and each == round(each, 4) for each in told)


@pytest.mark.parametrize(
    ("requests", "told"),
    [((0, 0), (None, None, None, None, None)), ((1, 0), (0.0, 0.0, 0.0, -100.0, 100.0))],
    ids=["of no requests nothing is known", "of few no difference is excluded"],
)
def test_what_is_known_of_few_requests(requests: tuple[int, int], told: tuple[float | None, ...]) -> None:
    found = judged(status(minutes=3), "shop", "new", readings(requests, requests, minutes=3), over=False).metrics[0]
    known = (found.old_percent, found.new_percent, found.difference_points, found.lower_points, found.upper_points)
    assert known == told


def test_a_minute_counts_in_one_step_though_the_next_begins_before_its_time(sight: Any) -> None:
    early = BEGUN + timedelta(minutes=10)
    steps = [
        AnalysedStep(since=BEGUN, until=END, traffic_percent=25),
        AnalysedStep(since=early, until=END, traffic_percent=50),
    ]
    asked_ = asked(warmUpSeconds=0)
    found = judged(status(asked_, steps=steps), "shop", "new", readings((90, 1), (10, 0), analysis=asked_), over=False)
    assert found.metrics[0].new_requests == 18 * 10, "of twenty minutes two lie in both"


def test_a_step_begins_at_a_whole_second() -> None:
    since = BEGUN + timedelta(milliseconds=400)
    endpoint = replace(UPDATING, pending=(ObservedVariant("a", steps=(Step("Baking", "", since),)),))
    found = with_step(status(steps=[]), endpoint, Progress(stage="Baking", traffic_percent=25, baking_until=END))
    assert [each.since for each in found.steps] == [BEGUN]


def test_of_several_metrics_those_are_told_that_are_worse() -> None:
    analysis = asked({**ERRORS, "marginPercentagePoints": 2}, {"name": "slow", "latencyAbove": {"milliseconds": 200}})
    both = readings((900, 2), (100, 10), analysis=analysis)
    calm = {
        series: dict.fromkeys(points, 100.0)
        for series, points in both.points.items()
        if series.metric == "ModelLatency"
    }
    found = judged(status(analysis), "shop", "new", Readings(60, both.until, {**both.points, **calm}), over=False)
    assert found.verdict == "Rollback"
    assert found.message.startswith("worse by more than the margin: errors of a")
    assert "slow" not in found.message
