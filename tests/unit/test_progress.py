"""How far a rollout is, read from AWS's sentences: those of its documentation, and odd ones."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smendpoints.api.rollout import Rollout
from smendpoints.api.status_rollout import RolloutStatus
from smendpoints.domain.observed.observed import ObservedEndpoint, ObservedVariant, Step
from smendpoints.domain.observed.parsing import parse_endpoint
from smendpoints.domain.plan.progress import NOTHING_UNDER_WAY, Progress, begun, planned_steps, progress
from smendpoints.domain.plan.wording import end_of

START = datetime(2026, 11, 22, 14, 0, 20, 500_000, tzinfo=UTC)
BAKE_END = datetime(2026, 11, 22, 14, 10, 20, tzinfo=UTC)
CANARY = Rollout(strategy="Canary", step_instances=1, step_wait_seconds=600, termination_wait_seconds=300)
LINEAR = Rollout(strategy="Linear", step_percent=25, step_wait_seconds=600)
ROLLING = Rollout(strategy="Rolling", step_percent=50, step_wait_seconds=600)
ALL_AT_ONCE = Rollout(termination_wait_seconds=600)
ON_CANARY = (
    "Baking for 600 seconds (TerminationWaitInSeconds) with traffic enabled on canary capacity of 1 instance(s)."
)
ON_FULL = "Baking for 600 seconds (TerminationWaitInSeconds) with traffic enabled on full capacity of 3 instance(s)."


def step(status: str, message: str | None = None, after: float = 0) -> Step:
    return Step(status, message, START + timedelta(seconds=after))


@dataclass(frozen=True)
class Shown:
    """What DescribeEndpoint shows: steps of the new and of the old variant, or of several new ones by name."""

    new: tuple[Step, ...] = ()
    old: tuple[Step, ...] = ()
    count: int | None = 3
    status: str = "Updating"
    others: Mapping[str, tuple[int, tuple[Step, ...]]] = field(default_factory=dict)

    def endpoint(self) -> ObservedEndpoint:
        pending = [ObservedVariant("primary", desired_count=self.count, steps=self.new)]
        pending += [ObservedVariant(name, desired_count=n, steps=steps) for name, (n, steps) in self.others.items()]
        return ObservedEndpoint(
            name="default-iris",
            arn="arn",
            status=self.status,
            config_name="old",
            created_at=START,
            modified_at=START,
            variants=(ObservedVariant("primary", desired_count=self.count, steps=self.old),),
            pending_config="new",
            pending=tuple(pending),
        )


class Case(NamedTuple):
    shown: Shown
    way: Rollout | None
    stage: str | None
    percent: int | None
    current: int | None
    steps: int | None
    until: datetime | None = None


def canary(status: str, message: str | None, count: int | None = 3) -> Shown:
    return Shown((step(status, message),), count=count)


CASES = {
    "instances are launched": Case(canary("Creating", "Launching 3 instance(s)."), CANARY, "Launching", 0, 0, 2),
    "the canary is turned on": Case(
        canary("ActivatingTraffic", "Activating traffic on canary capacity of 1 instance(s)."),
        CANARY,
        "ActivatingTraffic",
        33,
        1,
        2,
    ),
    "the canary bakes, in the words of AWS's own example": Case(
        canary("Baking", ON_CANARY), CANARY, "Baking", 33, 1, 2, BAKE_END
    ),
    "a canary of ten percent is one whole instance of three": Case(
        canary("Baking", ON_CANARY), Rollout(strategy="Canary", step_percent=10), "Baking", 33, 1, 2, BAKE_END
    ),
    "all bake": Case(canary("Baking", ON_FULL), CANARY, "Baking", 100, 2, 2, BAKE_END),
    "all at once bakes": Case(canary("Baking", ON_FULL), ALL_AT_ONCE, "Baking", 100, 1, 1, BAKE_END),
    "all at once, without a word": Case(canary("Baking", None), ALL_AT_ONCE, "Baking", 100, 1, 1, BAKE_END),
    "all at once without servers": Case(
        canary("ActivatingTraffic", "Activating traffic on full capacity of 0 instance(s).", 0),
        Rollout(),
        "ActivatingTraffic",
        100,
        1,
        1,
    ),
    "the second linear step of four": Case(
        canary("Baking", "Baking for 600 seconds with traffic enabled on linear step capacity of 2 instance(s).", 4),
        LINEAR,
        "Baking",
        50,
        2,
        4,
        BAKE_END,
    ),
    "linear by a quarter of seven is two, two, two and one": Case(
        canary("Baking", "Baking for 600 seconds with traffic enabled on linear step capacity of 6 instance(s).", 7),
        LINEAR,
        "Baking",
        86,
        3,
        4,
        BAKE_END,
    ),
    "the first batch of two": Case(
        canary("Baking", "Baking for 600 seconds with traffic enabled on 2 of 4 instance(s).", 4),
        ROLLING,
        "Baking",
        50,
        1,
        2,
        BAKE_END,
    ),
    "the old instances go": Case(
        Shown((step("Baking", ON_FULL),), (step("Deleting", "Terminating 3 instance(s).", 700),)),
        CANARY,
        "Terminating",
        100,
        2,
        2,
    ),
    "the old instances go, and nothing is said of the new ones": Case(
        Shown((), (step("Deleting", "Terminating 3 instance(s)."),)), LINEAR, "Terminating", 100, 3, 3
    ),
    "the old instances of a batch go": Case(
        Shown(
            (step("Baking", "traffic enabled on 2 of 4 instances"),),
            (step("Deleting", "Terminating 2 instance(s).", 700),),
            4,
        ),
        ROLLING,
        "Terminating",
        50,
        1,
        2,
    ),
    "the last batch bakes, after the old instances of the first went": Case(
        Shown(
            (step("Baking", "Baking for 600 seconds, traffic on 4 of 4 instance(s).", 700),),
            (step("Deleting", "Terminating 2 instance(s)."),),
            4,
        ),
        ROLLING,
        "Baking",
        100,
        2,
        2,
        BAKE_END + timedelta(seconds=700),
    ),
    "the new instances go: AWS goes back": Case(
        Shown((step("Deleting", "Terminating 3 instance(s)."),)), CANARY, "RollingBack", 0, 0, 2
    ),
    "old instances come again: AWS goes back": Case(
        Shown((step("Baking", ON_CANARY),), (step("Updating", "Launching 1 instance(s).", 90),)),
        ROLLING,
        "RollingBack",
        None,
        None,
        2,
    ),
    "AWS says that it goes back": Case(
        Shown((step("Baking", ON_CANARY),), status="RollingBack"), CANARY, "RollingBack", None, None, 2
    ),
    "nothing is said": Case(Shown(), CANARY, None, None, None, 2),
    "an odd case, and minutes": Case(
        canary("BAKING", "BAKING FOR 10 MINUTES, TRAFFIC ON 25 % OF CAPACITY"), CANARY, "Baking", 25, 1, 2, BAKE_END
    ),
    "an odd status, a known message": Case(canary("Holding", ON_CANARY), CANARY, "Baking", 33, 1, 2, BAKE_END),
    "parts by a slash": Case(canary("Baking", "baking, 1/3 instances"), CANARY, "Baking", 33, 1, 2, BAKE_END),
    "more instances than there are": Case(
        canary("ActivatingTraffic", "Activating traffic on 5 instances"), CANARY, "ActivatingTraffic", 100, 2, 2
    ),
    "of no instances": Case(
        canary("ActivatingTraffic", "Activating 0 of 0 instances"), CANARY, "ActivatingTraffic", 0, 0, 2
    ),
    "a canary of no size: the spec's": Case(
        canary("Baking", "Baking the canary."), CANARY, "Baking", 33, 1, 2, BAKE_END
    ),
    "no share at all": Case(canary("Baking", "Baking."), CANARY, "Baking", None, None, 2),
    "no count to compare with": Case(
        canary("Baking", ON_CANARY, None), LINEAR, "Baking", None, None, 4, BAKE_END
    ),
    "no time": Case(Shown((Step("Baking", ON_CANARY),)), CANARY, "Baking", 33, 1, 2),
    "gibberish": Case(canary("?", "%%% of / instance(s) for seconds"), CANARY, None, None, None, 2),
    "another rollout than the spec's: its steps are not known": Case(
        canary("Baking", ON_CANARY), None, "Baking", 33, None, None, BAKE_END
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_aws_shows_is_read(case: Case) -> None:
    found = progress(case.shown.endpoint(), case.way, None)
    assert (found.stage, found.traffic_percent, found.current_step, found.total_steps, found.baking_until) == case[2:]


def test_of_several_steps_the_latest_counts() -> None:
    steps = (step("Baking", ON_FULL, 900), step("Baking", ON_CANARY), step("ActivatingTraffic", "canary", 5))
    found = progress(Shown(steps).endpoint(), CANARY, None)
    assert (found.traffic_percent, found.baking_until) == (100, BAKE_END + timedelta(seconds=900))
    assert found.aws_message == f"{ON_FULL}; {ON_CANARY}"


def test_several_variants_count_by_their_instances_and_bake_until_the_last_is_done() -> None:
    others = {"challenger": (1, (step("Baking", "Baking for 600 seconds, full capacity of 1 instance(s).", 60),))}
    found = progress(Shown((step("Baking", ON_CANARY),), others=others).endpoint(), CANARY, None)
    assert (found.traffic_percent, found.baking_until) == (50, BAKE_END + timedelta(seconds=60))
    assert (
        found.aws_message
        == f"primary: {ON_CANARY}; challenger: Baking for 600 seconds, full capacity of 1 instance(s)."
    )


def test_what_all_variants_say_is_told_once() -> None:
    others = {"challenger": (3, (step("Baking", ON_CANARY),))}
    assert (
        progress(Shown((step("Baking", ON_CANARY),), others=others).endpoint(), CANARY, None).aws_message == ON_CANARY
    )


BEFORE = RolloutStatus(
    config_name="new", phase="InProgress", started_at=START, traffic_percent=50, current_step=2, total_steps=4
)


def test_while_a_batch_is_launched_the_share_is_what_it_was() -> None:
    shown = Shown((step("Updating", "Launching 2 instance(s)."),), count=4).endpoint()
    found = progress(shown, ROLLING, BEFORE)
    assert (found.stage, found.traffic_percent, found.current_step, found.total_steps) == ("Launching", 50, 1, 2)
    assert progress(shown, ROLLING, None).traffic_percent is None
    for known in (0, 66, 90, 100):
        before = BEFORE.model_copy(update={"traffic_percent": known})
        assert progress(shown, ROLLING, before).traffic_percent == known


def test_without_a_config_that_comes_the_variants_in_service_are_what_is_launched() -> None:
    """So while AWS creates an endpoint, or changes one in place."""
    launching = Shown((), (step("Updating", "Launching 2 instance(s)."), step("Baking", ON_CANARY, -9))).endpoint()
    alone = replace(launching, pending_config=None, pending=())
    assert progress(alone, CANARY, None).stage == "Launching"


def test_the_steps_of_a_rollout_that_the_spec_no_longer_wants_are_remembered() -> None:
    shown = Shown((step("Baking", "on 2 of 4 instances"),), count=4)
    found = progress(shown.endpoint(), None, BEFORE)
    assert (found.traffic_percent, found.current_step, found.total_steps) == (50, 2, 4)
    moved = progress(replace(shown, new=(step("Baking", ON_FULL),)).endpoint(), None, BEFORE)
    assert (moved.traffic_percent, moved.current_step, moved.total_steps) == (100, None, 4)


def test_without_a_pending_config_the_variants_speak_for_the_new_one() -> None:
    shown = replace(Shown((), (step("Baking", ON_CANARY),)).endpoint(), pending=(), pending_config=None)
    assert progress(shown, CANARY, None).traffic_percent == 33
    bare = replace(shown.variants[0], steps=(step("Baking", ON_CANARY.replace(" of 1 instance(s)", "")),))
    for percent, told in ((1, 33), (10, 33), (34, 67), (50, 67)):
        way = Rollout(strategy="Canary", step_percent=percent)
        found = progress(replace(shown, variants=(bare,)), way, None)
        assert found.traffic_percent == told, "whole instances, and one at least"


def test_the_same_sight_gives_the_same_facts() -> None:
    shown = Shown((step("Baking", ON_CANARY),)).endpoint()
    first = progress(shown, CANARY, None)
    known = RolloutStatus(config_name="new", phase="InProgress", started_at=START, **first.facts())
    assert progress(shown, CANARY, known) == first
    assert RolloutStatus.model_validate(known.to_json()) == known


def test_the_response_of_aws_is_read_as_it_is() -> None:
    variant = {"VariantName": "AllTraffic", "CurrentWeight": 1.0, "DesiredWeight": 1.0, "DesiredInstanceCount": 3}
    baking = {"Status": "Baking", "StatusMessage": ON_CANARY, "StartTime": START}
    response = {
        "EndpointName": "sample",
        "EndpointArn": "arn",
        "EndpointConfigName": "one",
        "EndpointStatus": "Updating",
        "CreationTime": START,
        "LastModifiedTime": START,
        "ProductionVariants": [{**variant, "CurrentInstanceCount": 3}],
        "PendingDeploymentSummary": {
            "EndpointConfigName": "two",
            "ProductionVariants": [{**variant, "CurrentInstanceCount": 1, "VariantStatus": [baking]}],
            "StartTime": START,
        },
    }
    assert progress(parse_endpoint(response, {}), CANARY, None) == Progress("Baking", 1, 2, 33, BAKE_END, ON_CANARY)


SENTENCES = {
    "launching instances": begun(CANARY, [3]),
    "step 1 of 2, 33% of the traffic, moving the traffic": Progress("ActivatingTraffic", 1, 2, 33),
    "step 1 of 2, 33% of the traffic, baking until 14:10:20Z": Progress("Baking", 1, 2, 33, BAKE_END, ON_CANARY),
    "33% of the traffic, baking": Progress("Baking", None, None, 33),
    "step 2 of 2, 100% of the traffic, terminating the old instances": Progress("Terminating", 2, 2, 100),
    "rolling back": Progress("RollingBack", 0, 2, 0),
    "Pondering": Progress(aws_message="Pondering"),
    None: Progress(),
}


@pytest.mark.parametrize(("sentence", "found"), SENTENCES.items())
def test_it_is_told_in_a_sentence(sentence: str | None, found: Progress) -> None:
    assert found.sentence() == sentence


PLANNED: dict[str, tuple[dict[str, Any], list[int | None], int | None]] = {
    "all at once": ({}, [3], 1),
    "a canary": ({"strategy": "Canary", "step_percent": 10}, [3], 2),
    "linear by a tenth of twenty": ({"strategy": "Linear", "step_percent": 10}, [20], 10),
    "linear by a tenth of three: whole instances": ({"strategy": "Linear", "step_percent": 10}, [3], 3),
    "linear by a third": ({"strategy": "Linear", "step_percent": 33}, [None], 4),
    "linear by two of five": ({"strategy": "Linear", "step_instances": 2}, [5], 3),
    "linear by two of nobody knows": ({"strategy": "Linear", "step_instances": 2}, [None], None),
    "linear of several variants: as many as the largest needs": (
        {"strategy": "Linear", "step_instances": 1},
        [2, 5],
        5,
    ),
    "rolling by more than there are": ({"strategy": "Rolling", "step_instances": 9}, [4], 1),
    "no size is a tenth": ({"strategy": "Rolling"}, [None], 10),
}


@pytest.mark.parametrize(("way", "counts", "steps"), PLANNED.values(), ids=PLANNED.keys())
def test_the_number_of_steps_is_known_beforehand(
    way: dict[str, Any], counts: list[int | None], steps: int | None
) -> None:
    assert planned_steps(Rollout(**way), counts) == steps


@given(
    count=st.integers(1, 60),
    percent=st.integers(10, 50),
    strategy=st.sampled_from(["Linear", "Rolling"]),
)
def test_each_step_is_counted_by_its_instances(count: int, percent: int, strategy: Any) -> None:
    way = Rollout(strategy=strategy, step_percent=percent)
    steps = planned_steps(way, [count])
    assert steps is not None
    size = -(-count * percent // 100)
    for number in range(1, steps + 1):
        active = min(count, number * size)
        shown = canary("Baking", f"Baking for 9 seconds with traffic enabled on {active} instance(s).", count)
        assert progress(shown.endpoint(), way, None).current_step == number


@given(
    texts=st.lists(st.tuples(st.text(max_size=30), st.none() | st.text(max_size=80), st.booleans()), max_size=4),
    way=st.sampled_from([None, CANARY, LINEAR, ROLLING, ALL_AT_ONCE]),
    count=st.none() | st.integers(0, 9),
)
def test_whatever_aws_says_nothing_fails_and_the_status_is_valid(
    texts: list[tuple[str, str | None, bool]], way: Rollout | None, count: int | None
) -> None:
    steps = tuple(Step(status, message, START if timed else None) for status, message, timed in texts)
    found = progress(Shown(steps, steps, count).endpoint(), way, None)
    known = RolloutStatus(config_name="new", phase="InProgress", started_at=START, **found.facts())
    assert RolloutStatus.model_validate(known.to_json()) == known
    found.sentence()


ENDS: dict[str, dict[str, Any]] = {
    "succeeded": {},
    "failed": {
        "lives": {"variant": {"modelArtifact": "s3://models/b/model.tar.gz"}},
        "shows": {"failure_reason": "no ping"},
    },
}


@pytest.mark.parametrize("sees", ENDS.values(), ids=ENDS.keys())
def test_when_it_is_over_nothing_is_under_way(sight: Callable[..., Any], sees: dict[str, Any]) -> None:
    under_way = {"stage": "Baking", "trafficPercent": 33, "currentStep": 1, "totalSteps": 2, "awsMessage": ON_CANARY}
    rollout = sight(**sees, remembers={"phase": "InProgress", "bakingUntil": BAKE_END, **under_way}).plan().rollout
    assert rollout.phase in {"Succeeded", "Failed"}
    assert {key: getattr(rollout, key) for key in NOTHING_UNDER_WAY} == dict.fromkeys(NOTHING_UNDER_WAY)


def test_when_aws_has_just_taken_the_call_nothing_has_moved() -> None:
    assert begun(LINEAR, [7]) == Progress("Launching", 0, 4, 0)
    assert begun(CANARY, [3, None]) == Progress("Launching", 0, 2, 0)
    assert begun(ALL_AT_ONCE, [3]) == Progress("Launching", 0, 1, 0)


def test_until_aws_says_how_many_instances_are_to_come_as_many_as_there_are_count() -> None:
    shown = Shown((step("Creating", "Launching 3 instance(s)."),), count=3).endpoint()
    unknown = replace(shown, pending=(replace(shown.pending[0], desired_count=None),))
    way = Rollout(strategy="Linear", step_instances=1, step_wait_seconds=600)
    assert progress(unknown, way, None).total_steps == 3
    new = replace(shown, variants=(), pending=(replace(shown.pending[0], desired_count=None),))
    assert progress(new, way, None).total_steps is None


def test_a_bake_without_a_time_ends_with_the_others_or_nobody_knows_when() -> None:
    timeless = replace(step("Baking", ON_CANARY), since=None)
    other = {"b": (3, (step("Baking", ON_CANARY),))}
    assert progress(Shown((timeless,), others=other).endpoint(), CANARY, None).baking_until == BAKE_END
    assert progress(Shown((timeless,)).endpoint(), CANARY, None).baking_until is None


@pytest.mark.parametrize(("way", "percent"), [(ROLLING, 50), (CANARY, 100)])
def test_while_old_instances_end_the_share_is_what_it_was_unless_all_had_moved(way: Rollout, percent: int) -> None:
    known = RolloutStatus.model_validate(
        {"configName": "new", "attempt": "a", "phase": "InProgress", "startedAt": START, "trafficPercent": 50}
    )
    ends = Shown(old=(step("Terminating", "Terminating 2 instance(s)."),)).endpoint()
    assert progress(ends, way, known).traffic_percent == percent
    assert progress(ends, way, None).traffic_percent == (None if way is ROLLING else percent)


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("Baking for 90 seconds", 90),
        ("Baking for 1.5 minutes", 90),
        ("Baking for 2 min", 120),
        ("Baking for 2 hours", 7200),
        ("Baking", 10),
    ],
)
def test_how_long_awss_words_say_that_it_bakes(words: str, seconds: int) -> None:
    begun_at = datetime(2026, 11, 22, 14, tzinfo=UTC)
    assert end_of(Step("Baking", words, begun_at), 10.0) == begun_at + timedelta(seconds=seconds)
    assert end_of(Step("Baking", words), 10.0) is None
