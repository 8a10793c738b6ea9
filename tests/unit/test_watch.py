"""The watch: what moved is told, what did not costs next to nothing, and nothing is asked in a burst."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from smendpoints.aws.summary import scaling_fingerprint, tags_fingerprint
from smendpoints.aws.watch import ABSENT, Awaited, Cadence, Lane, Summary, Watch
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.reasons import Reason
from smsandbox.testing.listed import ListedAws, variant

IDLE = Awaited()
MOVING = Awaited(moving=1)
LEAVING = Awaited(leaving=1)
AUDIT_PAGES_OF_1000 = 20 + 100 + 1 + 10 + 10 + 10


class Watched:
    """A place of ListedAws, and the watch of it."""

    def __init__(self, *names: str, cadence: Cadence | None = None, **aws: Any) -> None:
        self.aws = ListedAws(**aws)
        for name in names:
            self.aws.create(name)
        self.restart(cadence)

    def restart(self, cadence: Cadence | None = None) -> None:
        """Another process."""
        self.watch = Watch(self.aws, self.aws.clock, cadence)  # type: ignore[arg-type]
        self.told: list[tuple[float, str]] = []
        self.failures: list[ReconcileError] = []

    def until(self, when: float, awaited: Awaited = IDLE) -> None:
        """Make all calls that are due until then, each at its time."""
        while True:
            lane = min(Lane, key=lambda each: self.watch.due(each, awaited))
            due = self.watch.due(lane, awaited)
            if max(due, self.aws.now) > when:
                break
            self.aws.now = max(self.aws.now, due)
            try:
                moved = self.watch.step(lane, awaited)
            except ReconcileError as failure:
                self.failures.append(failure)
                continue
            self.told += [(self.aws.now, name) for name in sorted(moved)]
        self.aws.now = max(self.aws.now, when)

    def until_asked(self, operation: str) -> None:
        """Make all calls up to the next one of this operation."""
        made = len(self.aws.made)
        while operation not in {asked for _, asked, _ in self.aws.made[made:]}:
            self.until(min(self.watch.due(lane, IDLE) for lane in Lane))

    def run(self, seconds: float, awaited: Awaited = IDLE) -> list[str]:
        """Let time pass; who was told to have moved in it."""
        before = len(self.told)
        self.until(self.aws.now + seconds, awaited)
        return [name for _, name in self.told[before:]]

    def know(self) -> None:
        """Until all is known."""
        self.until(self.aws.now)
        assert self.watch.known


def many(count: int) -> Watched:
    return Watched(*(f"many-{number}" for number in range(count)))


# what it costs


def test_a_thousand_endpoints_at_rest_cost_forty_calls_a_minute_and_never_a_burst() -> None:
    place = many(1000)
    place.know()
    began = place.aws.now
    assert place.run(1800) == []
    for minute in range(30):
        calls = place.aws.count(began + 0.001 + 60 * minute, began + 0.001 + 60 * (minute + 1))
        assert calls.total() <= 40, calls
        assert calls["list_endpoints"] <= 20
    assert place.aws.busiest(10.0, began + 0.001) <= 8  # evenly would be 6.2
    assert place.aws.count(began + 0.001)["list_endpoints"] >= 580  # all of them are looked at all the time


def test_a_start_over_a_thousand_endpoints_lists_each_page_once() -> None:
    place = many(1000)
    place.know()
    assert place.aws.count().total() == 10 + AUDIT_PAGES_OF_1000
    assert place.aws.count().total() <= 0.2 * 1000
    assert place.aws.now == 0.0  # without a pause
    assert all(place.watch.settled(f"many-{number}") is not None for number in range(1000))


def test_few_endpoints_at_rest_cost_two_listings_and_one_audit_a_minute() -> None:
    place = Watched("iris", "rose")
    place.know()
    place.run(605)
    assert place.aws.count(1.0) == {
        "list_endpoints": 20,
        "describe_scalable_targets": 10,
        "describe_scaling_policies": 10,
        "describe_scheduled_actions": 10,
        "list_endpoint_configs": 10,
        "list_models": 10,
        "get_resources": 10,
    }


def test_while_something_moves_one_page_each_five_seconds_tells_it() -> None:
    place = many(300)
    place.know()
    place.run(100)
    place.aws.become("many-7", "Updating")
    began = place.aws.now
    assert place.run(60, MOVING) == ["many-7"]
    changed = [params for when, _, params in place.aws.made if when > began and "LastModifiedTimeAfter" in params]
    assert len(changed) == pytest.approx(12, abs=1)
    place.aws.become("many-7", "InService")
    began = place.aws.now
    place.run(5, MOVING)
    assert place.told[-1][1] == "many-7"
    assert place.told[-1][0] <= began + 5


def test_a_hint_is_looked_up_at_once_by_one_call_for_all_and_once_a_second_at_the_most() -> None:
    place = many(300)
    place.know()
    place.run(100)
    place.aws.become("many-0", "Updating")
    assert place.run(60) == ["many-0"]  # by the listing of all

    def looked_up() -> int:
        return sum(1 for _, _, params in place.aws.made if "LastModifiedTimeAfter" in params)

    assert looked_up() == 0
    for name in ("many-1", "many-2"):
        place.aws.become(name, "Updating")
        place.watch.hinted()
    assert place.run(0.1) == ["many-1", "many-2"]
    for name in ("many-3", "many-4"):
        place.aws.become(name, "Updating")
        place.watch.hinted()
        place.run(0.3)
    assert looked_up() == 1
    assert place.run(0.4) == ["many-3", "many-4"]
    place.run(100)
    assert looked_up() == 2


def test_a_hint_that_comes_while_it_is_looked_up_is_looked_up_again() -> None:
    place = Watched(*(f"many-{number}" for number in range(300)), takes=0.2)
    place.run(100)
    place.aws.become("many-0", "Updating")
    assert place.run(60) == ["many-0"]
    call = place.aws.call

    def late(service: str, operation: str, **params: Any) -> dict[str, Any]:
        answer = call(service, operation, **params)
        if "LastModifiedTimeAfter" in params:
            place.aws.call = call  # type: ignore[method-assign]
            place.aws.become("many-1", "Updating")
            place.watch.hinted()
        return answer

    place.aws.call = late  # type: ignore[method-assign, assignment]
    place.watch.hinted()
    assert place.run(2) == ["many-1"]


def test_in_a_small_place_a_full_listing_stands_for_what_moved() -> None:
    place = Watched("iris")
    place.know()
    place.run(120, MOVING)
    assert place.aws.count(0.1)["list_endpoints"] == 24


def test_a_full_listing_that_breaks_is_begun_anew_as_its_token_may_be_stale() -> None:
    place = many(300)
    place.know()
    place.run(31)
    place.aws.fail("list_endpoints")
    place.run(2.5)
    assert place.aws.made[-1][2].get("NextToken") == "100"
    place.aws.fails.clear()
    place.until_asked("list_endpoints")
    assert "NextToken" not in place.aws.made[-1][2]


@pytest.mark.parametrize("ahead", [-7200.0, 7200.0])
def test_what_moved_is_asked_for_by_the_clock_of_aws(ahead: float) -> None:
    place = Watched(*(f"many-{number}" for number in range(150)), ahead=ahead)
    place.know()
    place.run(400)
    for number in range(5):
        place.aws.become(f"many-{number}", "Updating")
        assert place.run(6, MOVING) == [f"many-{number}"]
        place.run(200)


def test_what_is_listed_later_than_it_was_stamped_is_seen_all_the_same() -> None:
    place = many(150)
    place.know()
    place.run(100)
    late = place.aws.time()
    place.run(20, MOVING)
    place.aws.become("many-1", "Updating")
    place.run(6, MOVING)
    place.aws.endpoints["many-2"] |= {"status": "Updating", "modified": late}
    assert place.run(6, MOVING) == ["many-2"]


def test_the_first_endpoint_of_a_place_is_seen_as_fast() -> None:
    place = Watched()
    place.know()
    place.aws.create("iris", "Creating")
    assert place.run(6, MOVING) == ["iris"]


# what leaves


def test_what_is_gone_is_told_within_a_poll() -> None:
    place = many(250)
    place.know()
    place.run(100)
    place.aws.become("many-3", "Deleting")
    assert place.run(6, LEAVING) == ["many-3"]
    place.aws.vanish("many-3")
    assert place.run(6, LEAVING) == ["many-3"]
    assert place.watch.peek("many-3") is None
    assert place.run(300) == []
    assert place.watch._endpoints._dropped == {}  # nothing is kept of it


def test_what_is_gone_before_it_was_seen_leaving_is_told_within_a_poll() -> None:
    place = many(250)
    place.know()
    place.run(100)
    place.watch.deleting("Many-3")
    place.aws.vanish("many-3")
    assert place.run(6, LEAVING) == ["many-3"]
    assert place.watch.peek("many-3") is None


def test_what_came_and_went_between_two_listings_is_told_to_be_gone() -> None:
    place = many(250)
    place.know()
    place.run(100)
    place.watch.deleting("new")
    assert place.run(6, LEAVING) == ["new"]


def test_what_came_and_went_is_told_by_the_next_full_listing_though_nobody_waits_for_it() -> None:
    place = Watched("iris")
    place.know()
    place.watch.deleting("new")
    assert place.run(31) == ["new"]
    assert place.run(300) == []


def test_a_name_that_is_taken_again_is_not_gone() -> None:
    place = many(250)
    place.know()
    place.watch.deleting("many-3")
    place.aws.vanish("many-3")
    place.aws.create("many-3", "Creating")
    place.watch.created("many-3")
    assert place.run(60, Awaited(1, 1)) == ["many-3"]
    assert place.watch.peek("many-3") is not None


def test_what_is_made_while_pages_are_read_is_kept_and_what_is_gone_is_dropped() -> None:
    place = many(500)
    place.know()
    place.run(31)  # a page of the next listing has been read
    place.aws.create("late")
    place.aws.vanish("many-499")
    assert sorted(place.run(60, MOVING)) == ["late", "many-499"]
    assert place.watch.peek("late") is not None
    assert place.watch.peek("many-499") is None
    assert len(place.watch._endpoints.entries) == 500


def test_what_is_made_while_pages_are_read_is_on_a_later_page_of_the_same_listing() -> None:
    place = many(500)
    place.know()
    place.run(31)
    place.aws.create("late")
    assert place.run(15) == ["late"]


# drift


def _hand(place: Watched, name: str, what: str) -> None:
    if what == "bounds":
        place.aws.targets[name] = {**place.aws.targets[name], "MaxCapacity": 50}
    elif what == "target":
        del place.aws.targets[name]
    elif what == "policy":
        place.aws.policies[name] = {**place.aws.policies[name], "TargetTrackingScalingPolicyConfiguration": {}}
    elif what == "schedule":
        place.aws.schedules[name] = {"ResourceId": variant(name), "ScalableDimension": "d", "ScheduledActionName": "n"}
    elif what == "tags":
        place.aws.tags[name] = {**place.aws.tags[name], "team": "nobody"}
    elif what == "config":
        place.aws.configs.remove(f"{name}-0123456789")
    elif what == "model":
        place.aws.models.remove(f"{name}-primary-0123456789")
    else:
        place.aws.become(name, "Updating")


HANDS = ["bounds", "target", "policy", "schedule", "tags", "config", "model", "status"]


@pytest.mark.parametrize("what", HANDS)
@pytest.mark.parametrize("after", [1.0, 31.0, 59.0])
def test_a_hand_is_told_once_and_within_a_minute(what: str, after: float) -> None:
    place = Watched("iris", "iris-2", "rose")
    place.know()
    place.run(120 + after)
    _hand(place, "rose", what)
    assert place.run(62) == ["rose"]
    assert place.run(600) == []


def test_a_hand_is_told_within_ten_minutes_among_a_thousand() -> None:
    place = many(1000)
    place.know()
    for what in HANDS:
        _hand(place, "many-500", what)
        told = place.run(610)
        assert set(told) == {"many-500"}, what


def test_a_model_is_told_to_all_that_it_may_be_named_after() -> None:
    place = Watched("team", "team-a")
    place.know()
    _hand(place, "team-a", "model")
    assert sorted(place.run(65)) == ["team", "team-a"]


# what is known


def test_nothing_is_told_to_have_moved_before_all_is_known_and_then_everybody() -> None:
    place = many(150)
    while not place.watch.known:
        assert place.told == []
        assert place.watch.settled("many-1") is None
        moved = place.watch.step(min(Lane, key=lambda each: place.watch.due(each, IDLE)), IDLE)
        place.told += [(0.0, name) for name in moved]
    assert sorted(name for _, name in place.told) == sorted(f"many-{number}" for number in range(150))


def test_what_moves_while_the_first_audit_is_read_is_told() -> None:
    place = Watched("iris", takes=1.0)
    place.watch.step(Lane.ENDPOINTS, IDLE)
    place.aws.become("iris", "Updating")
    place.aws.now += 30
    assert place.watch.step(Lane.ENDPOINTS, IDLE) == {"iris"}
    assert not place.watch.known


def test_settled_waits_until_each_list_was_begun_after_the_last_write() -> None:
    place = Watched("iris", takes=0.5)
    place.until(20.0)
    assert place.watch.settled("iris") is not None
    wrote = place.aws.now
    assert place.watch.settled("iris", wrote) is None
    place.until(wrote + 100)
    assert place.watch.settled("iris", wrote) is not None
    assert place.watch.settled("nobody", wrote) == ABSENT


def test_a_restart_tells_the_same_fingerprints() -> None:
    place = Watched("iris", "rose")
    place.know()
    before = {name: place.watch.settled(name) for name in ("iris", "rose", "nobody")}
    place.run(1000)
    place.restart()
    place.know()
    for name, summary in before.items():
        again = place.watch.settled(name)
        assert summary is not None
        assert again is not None
        assert again.fingerprint() == summary.fingerprint()
    _hand(place, "rose", "tags")
    place.restart()
    place.know()
    after = {name: place.watch.settled(name) for name in before}
    moved = {name for name in before if after[name].fingerprint() != before[name].fingerprint()}  # type: ignore[union-attr]
    assert moved == {"rose"}


def test_what_this_process_writes_is_told_once_and_as_a_whole() -> None:
    place = Watched("iris")
    place.know()
    place.until_asked("describe_scalable_targets")  # of this round, and its policies not yet
    _hand(place, "iris", "bounds")
    _hand(place, "iris", "policy")
    place.watch.wrote("iris")
    wrote = place.aws.now
    assert place.run(50) == []
    assert place.watch.settled("iris", wrote) is None
    assert place.run(60) == ["iris"]
    assert place.watch.settled("iris", wrote) is not None
    targets = place.watch.targets("iris", wrote)
    assert targets is not None
    assert targets[0].max_capacity == 50
    assert place.run(300) == []


@pytest.mark.parametrize("before", ["describe_scaling_policies", "list_models", "get_resources", "list_endpoints"])
def test_a_write_is_told_when_it_can_be_settled_though_no_list_shows_it(before: str) -> None:
    place = Watched("iris", "rose")
    place.know()
    place.until_asked(before)
    place.aws.now += 0.1
    place.watch.wrote("Iris")
    wrote = place.aws.now
    assert place.run(125) == ["iris"]
    assert place.watch.settled("iris", wrote) is not None


def test_what_somebody_else_looked_up_is_told_all_the_same() -> None:
    place = Watched("iris")
    place.know()
    place.aws.now += 10
    place.aws.become("iris", "Updating")
    assert place.watch.look("iris", max_age=0.0) is not None
    _hand(place, "iris", "tags")
    place.watch.audit(0.0)
    assert place.run(0) == ["iris"]


def test_who_looks_while_another_thread_makes_sense_of_the_lists_waits_for_it() -> None:
    """All objects are looked at at once after a start: none may take half of what was listed for all of it."""
    place = Watched("iris")
    go, within = threading.Event(), threading.Event()

    class Slow(Watch):
        def _completed(self, part: Any) -> frozenset[str]:
            within.set()
            assert go.wait(30)
            return super()._completed(part)

    watch = Slow(place.aws, place.aws.clock)  # type: ignore[arg-type]

    def complete() -> Summary | None:
        watch.look("", max_age=1e9)
        watch.audit(1e9)
        return watch.settled("iris")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(complete)
        assert within.wait(30)
        assert not watch.known
        assert watch.settled("iris") is None
        second = pool.submit(complete)
        go.set()
        found = [first.result(30), second.result(30)]
    assert found[0] is not None
    assert found[0].tags is not None
    assert found[0] == found[1]


def test_what_is_listed_by_who_cannot_wait_is_known_and_told_once() -> None:
    place = many(120)
    place.watch.look("", max_age=float("inf"))
    place.watch.audit(float("inf"))
    assert place.watch.known
    calls = place.aws.count().total()
    place.watch.look("", max_age=float("inf"))
    place.watch.audit(float("inf"))
    assert place.aws.count().total() == calls
    assert len(place.run(0.1)) == 120
    assert place.run(59) == []
    assert place.aws.count().total() == calls + 2  # endpoints, and no second audit within its period
    assert place.run(300) == []


def test_an_endpoint_is_absent_once_a_list_that_would_show_it_does_not() -> None:
    place = many(150)
    assert not place.watch.absent("iris", float("-inf"))
    place.know()
    place.aws.now += 0.5
    made = place.aws.now
    assert place.watch.absent("iris", made - 1)
    assert not place.watch.absent("iris", made)
    place.run(20, MOVING)
    assert place.watch.seen_at > made
    assert not place.watch.absent("iris", made)  # what was modified says nothing of it
    assert place.watch.settled("iris", made) is None
    place.watch.deleting("many-3")
    place.aws.vanish("many-3")
    deleted = place.aws.now
    place.aws.now += 0.1
    place.run(6, LEAVING)
    assert place.watch.absent("Many-3", deleted)
    place.aws.create("many-3")
    place.run(6, MOVING)
    assert not place.watch.absent("many-3", deleted)


def test_contents_are_as_listed_and_as_this_process_changed_them_since() -> None:
    place = Watched("iris")
    assert place.watch.belongings("iris") is None
    place.know()
    place.watch.put("iris-aaaaaaaaaa", "arn:new", model=False)
    place.aws.configs.append("iris-aaaaaaaaaa")
    place.watch.put("iris-0123456789", None, model=False)
    place.aws.configs.remove("iris-0123456789")
    there = place.watch.belongings("iris")
    assert there is not None
    assert there.configs == {"iris-aaaaaaaaaa": "arn:new"}
    assert list(there.models) == ["iris-primary-0123456789"]
    assert place.run(200) == []  # its own doing is no drift
    assert place.watch.missing(frozenset({"iris-aaaaaaaaaa", "iris-0123456789"}), 0.0) == {"iris-0123456789"}


def test_what_is_made_while_configs_are_listed_is_there() -> None:
    place = Watched("iris")
    place.know()
    place.until_asked("list_endpoint_configs")
    place.aws.now += 0.1
    place.watch.put("iris-aaaaaaaaaa", "arn:new", model=False)
    place.until_asked("get_resources")
    there = place.watch.belongings("iris")
    assert there is not None
    assert "iris-aaaaaaaaaa" in there.configs


# failures


def test_a_listing_that_fails_is_tried_less_and_less_often_and_its_blindness_is_told() -> None:
    place = Watched("iris")
    place.know()
    place.aws.fail("list_endpoints")
    began = place.aws.now
    place.run(300)
    assert 250 <= place.watch.blind_seconds() <= 300
    assert 15 <= place.aws.count(began + 1)["list_endpoints"] <= 25
    place.aws.fail("list_endpoints", Reason.ACCESS_DENIED, Kind.BLOCKED)
    place.run(100)
    began = place.aws.now
    place.run(640)
    assert place.aws.count(began)["list_endpoints"] == 10
    place.aws.fails.clear()
    place.aws.become("iris", "Updating")
    assert place.run(65) == ["iris"]
    assert place.watch.blind_seconds() == 0


def test_a_part_of_the_audit_that_fails_holds_up_no_other() -> None:
    place = Watched("iris")
    place.know()
    place.aws.fail("describe_scaling_policies")
    _hand(place, "iris", "tags")
    assert place.run(70) == ["iris"]
    place.aws.fails.clear()
    _hand(place, "iris", "policy")
    assert place.run(130) == ["iris"]


def test_what_failed_in_its_middle_is_read_anew_and_what_was_known_stays() -> None:
    place = many(120)
    place.know()
    before = place.watch.peek("many-3")
    place.until_asked("describe_scaling_policies")
    place.aws.fail("describe_scaling_policies")
    assert place.run(30) == []
    assert place.watch.peek("many-3") == before
    place.aws.fails.clear()
    made = len(place.aws.made)
    assert place.run(300) == []
    asked = [operation for _, operation, _ in place.aws.made[made:]]
    assert asked.index("describe_scalable_targets") < asked.index("describe_scaling_policies")
    assert place.watch.peek("many-3") == before


def test_a_list_that_keeps_breaking_is_read_faster_as_tokens_live_for_minutes() -> None:
    place = many(300)  # thirty pages of policies
    place.know()

    def gap() -> float:
        place.until_asked("describe_scaling_policies")
        first = place.aws.now
        place.until_asked("describe_scaling_policies")
        return place.aws.now - first

    slow = gap()
    for _ in range(2):
        place.aws.fail("describe_scaling_policies")
        place.until_asked("describe_scaling_policies")
        place.aws.fails.clear()
        place.until_asked("describe_scaling_policies")
    assert gap() == pytest.approx(slow / 4)
    place.run(300)
    assert gap() == pytest.approx(slow)


def test_names_are_taken_in_any_case() -> None:
    place = Watched("Iris")
    place.know()
    assert place.run(0) == []
    summary, targets = place.watch.peek("IRIS"), place.watch.targets("iRIS", float("-inf"))
    assert summary is not None
    assert summary.name == "Iris"
    assert summary.scaling is not None
    assert targets is not None
    assert [target.resource_id for target in targets] == [variant("Iris")]
    _hand(place, "Iris", "bounds")
    _hand(place, "Iris", "config")
    assert place.run(65) == ["iris"] * 2


def test_nothing_is_kept_of_configs_and_models_that_are_not_named_as_ours() -> None:
    place = Watched("iris")
    place.aws.configs += ["somebodys", "iris-latest"]
    place.know()
    assert place.watch._belongings.names() == {"iris-0123456789", "iris-primary-0123456789"}


def test_without_leave_to_list_tags_all_else_is_told() -> None:
    place = Watched("iris")
    place.aws.fail("get_resources", Reason.ACCESS_DENIED, Kind.BLOCKED)
    place.know()
    place.run(600)
    assert place.aws.count()["get_resources"] == 1
    _hand(place, "iris", "bounds")
    assert place.run(62) == ["iris"]


def test_what_is_told_is_current_once_a_list_says_so_that_was_begun_later() -> None:
    place = many(150)
    place.know()
    place.run(100)
    wrote = place.aws.now
    place.aws.now += 0.1
    assert not place.watch.current("many-3", wrote)
    place.aws.become("many-3", "Deleting")
    place.run(0, LEAVING)  # only what is being deleted is listed
    assert place.watch.current("Many-3", wrote)
    assert not place.watch.current("many-4", wrote)
    assert not place.watch.current("nobody", wrote)
    place.run(0, MOVING)
    assert place.watch.current("many-4", wrote)
    assert not place.watch.current("nobody", wrote)
    place.aws.vanish("many-3")
    place.run(6, LEAVING)
    assert place.watch.current("many-3", wrote)
    place.run(60)
    assert place.watch.current("nobody", wrote)


def test_look_shares_a_listing_and_a_failure() -> None:
    place = Watched("iris", takes=0.1)
    assert place.watch.look("Iris", max_age=5.0) is not None
    assert place.watch.look("rose", max_age=5.0) is None
    assert place.aws.count().total() == 1
    assert place.watch.look("iris", max_age=5.0, since=place.aws.now) is not None
    assert place.aws.count().total() == 2
    place.aws.fail("list_endpoints")
    place.aws.now += 10
    for _ in range(5):
        with pytest.raises(ReconcileError):
            place.watch.look("iris", max_age=5.0)
    assert place.aws.count().total() == 3


# fingerprints

SUMMARY = Summary(
    "arn:aws:sagemaker:us-east-1:1:endpoint/iris", "InService", datetime(2026, 1, 1, tzinfo=UTC), "s", "t"
)
WHICH = {"ResourceId": variant("iris"), "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}
TARGET = {**WHICH, "MinCapacity": 1, "MaxCapacity": 5, "SuspendedState": {"a": False}, "RoleARN": "r"}
TRACKING = {
    **WHICH,
    "PolicyName": "invocations",
    "PolicyARN": "arn",
    "PolicyType": "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 70.0, "Dimensions": [{"Name": "a"}, {"Name": "b"}]},
    "Alarms": [{"AlarmName": "high-1", "AlarmARN": "1"}, {"AlarmName": "low-1", "AlarmARN": "2"}],
    "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
}
STEPS = {**TRACKING, "PolicyType": "StepScaling", "PolicyName": "wake-up"}
ENTRIES: list[tuple[str, Any]] = [
    ("ScalableTargets", TARGET),
    ("ScalingPolicies", TRACKING),
    ("ScalingPolicies", STEPS),
]


def test_a_fingerprint_is_the_same_in_each_release() -> None:
    assert SUMMARY.fingerprint() == "0b39562a3d"
    assert scaling_fingerprint(ENTRIES) == "8329df8c2e"
    assert tags_fingerprint({"a": "1", "b": "2"}) == "21f76dfbfe"


def test_a_fingerprint_is_of_what_is_meant_and_not_of_how_it_is_written() -> None:
    there = replace(SUMMARY, modified_at=SUMMARY.modified_at.astimezone(timezone(timedelta(hours=9))), name="Iris")
    assert there.fingerprint() == SUMMARY.fingerprint()
    alike = [
        (kind, {key: entry[key] for key in sorted(entry, reverse=True)} | {"CreationTime": datetime.now(UTC)})
        for kind, entry in reversed(ENTRIES)
    ]
    alike[0][1]["Alarms"] = list(reversed(STEPS["Alarms"]))  # type: ignore[call-overload]
    alike[1][1]["Alarms"] = [{"AlarmName": "high-2", "AlarmARN": "3"}]  # made anew by AWS
    alike[1][1]["TargetTrackingScalingPolicyConfiguration"] = {
        "Dimensions": [{"Name": "b"}, {"Name": "a"}],
        "TargetValue": 70,
        "ScaleInCooldown": None,
    }
    alike[2][1].update(MaxCapacity=5.0, RoleARN="another", ScalableTargetARN="x", PredictedCapacity=3)
    assert scaling_fingerprint(alike) == scaling_fingerprint(ENTRIES)
    assert tags_fingerprint({"b": "2", "a": "1", "aws:x": "y"}) == tags_fingerprint({"a": "1", "b": "2"})


@pytest.mark.parametrize(
    "change",
    [
        {"arn": SUMMARY.arn + "2"},
        {"status": "Updating"},
        {"modified_at": SUMMARY.modified_at + timedelta(milliseconds=1)},
        {"scaling": "x"},
        {"scaling": None},
        {"tags": "x"},
        {"tags": None},
    ],
    ids=str,
)
def test_a_fingerprint_tells_each_change_of_an_endpoint(change: dict[str, Any]) -> None:
    assert replace(SUMMARY, **change).fingerprint() != SUMMARY.fingerprint()


@pytest.mark.parametrize(
    ("index", "change"),
    [
        (0, {"MinCapacity": 0}),
        (0, {"SuspendedState": {"a": True}}),
        (0, {"ScalableDimension": "other"}),
        (1, {"TargetTrackingScalingPolicyConfiguration": {"TargetValue": 71.0}}),
        (1, {"PolicyName": "other"}),
        (2, {"PolicyARN": "put anew"}),
        (2, {"Alarms": []}),
        (2, {"StepScalingPolicyConfiguration": {"Cooldown": 1}}),
    ],
    ids=str,
)
def test_a_fingerprint_tells_each_change_of_autoscaling(index: int, change: dict[str, Any]) -> None:
    changed = [*ENTRIES]
    changed[index] = (changed[index][0], {**changed[index][1], **change})
    assert scaling_fingerprint(changed) != scaling_fingerprint(ENTRIES)
    assert scaling_fingerprint(ENTRIES[:index] + ENTRIES[index + 1 :]) != scaling_fingerprint(ENTRIES)


def test_who_can_do_with_what_is_listed_does_not_wait_for_a_listing_under_way() -> None:
    """Throttled, a listing takes many seconds, and those that need a newer one follow each other."""
    watched = Watched("iris")
    watched.watch.look("iris", max_age=0)
    done = threading.Event()

    def look() -> None:
        watched.watch.look("iris", max_age=60)
        done.set()

    with watched.watch._endpoints._lock:
        threading.Thread(target=look, daemon=True).start()
        assert done.wait(20)
