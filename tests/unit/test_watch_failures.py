"""The watch where AWS cannot be asked, denies, or is asked by several at once."""

import threading

import pytest

from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.reasons import Reason
from smsandbox.testing.listed import variant
from smsandbox.testing.watched import LEAVING, MOVING, Watched, by_hand, many

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
    by_hand(place, "iris", "tags")
    assert place.run(70) == ["iris"]
    place.aws.fails.clear()
    by_hand(place, "iris", "policy")
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
    by_hand(place, "Iris", "bounds")
    by_hand(place, "Iris", "config")
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
    by_hand(place, "iris", "bounds")
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
