"""What the watch knows, of drift and of what this process wrote, and whom it tells when."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from smendpoints.aws.listed.watch import ABSENT, Lane, Summary, Watch
from smsandbox.testing.watched import IDLE, LEAVING, MOVING, Watched, by_hand, many

# drift


HANDS = ["bounds", "target", "policy", "schedule", "tags", "config", "model", "status"]


@pytest.mark.parametrize("what", HANDS)
@pytest.mark.parametrize("after", [1.0, 31.0, 59.0])
def test_a_hand_is_told_once_and_within_a_minute(what: str, after: float) -> None:
    place = Watched("iris", "iris-2", "rose")
    place.know()
    place.run(120 + after)
    by_hand(place, "rose", what)
    assert place.run(62) == ["rose"]
    assert place.run(600) == []


def test_a_hand_is_told_within_ten_minutes_among_a_thousand() -> None:
    place = many(1000)
    place.know()
    for what in HANDS:
        by_hand(place, "many-500", what)
        told = place.run(610)
        assert set(told) == {"many-500"}, what


def test_a_model_is_told_to_all_that_it_may_be_named_after() -> None:
    place = Watched("team", "team-a")
    place.know()
    by_hand(place, "team-a", "model")
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
    by_hand(place, "rose", "tags")
    place.restart()
    place.know()
    after = {name: place.watch.settled(name) for name in before}
    moved = {name for name in before if after[name].fingerprint() != before[name].fingerprint()}  # type: ignore[union-attr]
    assert moved == {"rose"}


def test_what_this_process_writes_is_told_once_and_as_a_whole() -> None:
    place = Watched("iris")
    place.know()
    place.until_asked("describe_scalable_targets")  # of this round, and its policies not yet
    by_hand(place, "iris", "bounds")
    by_hand(place, "iris", "policy")
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
    by_hand(place, "iris", "tags")
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
        assert watch.belongings("iris") is None  # all of it would be taken for deleted, and none for garbage
        assert watch.missing(frozenset({"iris-0123456789"}), float("-inf")) == frozenset()
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


def test_a_deletion_that_is_told_after_a_list_that_missed_the_endpoint_is_looked_for_once_more() -> None:
    """Who deleted it believes no list that was begun before its call is known to have ended."""
    place = many(350)
    place.know()
    place.aws.vanish("many-3")
    place.run(2, LEAVING)
    place.aws.now += 0.1
    deleted = place.aws.now
    place.watch.deleting("many-3")
    assert not place.watch.absent("many-3", deleted)
    assert place.run(6, LEAVING) == ["many-3"]
    assert place.watch.absent("many-3", deleted)


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
