"""The watch: what moved is told, what did not costs next to nothing, and nothing is asked in a burst."""

from typing import Any

import pytest

from smendpoints.aws.listed.watch import Awaited
from smsandbox.testing.watched import LEAVING, MOVING, Watched, many

AUDIT_PAGES_OF_1000 = 20 + 100 + 1 + 10 + 10 + 10


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


def until_told(place: Watched, name: str, awaited: Awaited) -> float:
    """Seconds until it is told that this one moved."""
    began = place.aws.now
    while place.run(0.25, awaited) != [name]:
        assert place.aws.now < began + 60
    return place.aws.now - began


@pytest.mark.parametrize("number", [3, 250])
@pytest.mark.parametrize("leaving", [False, True])
def test_what_was_begun_together_ends_together_and_is_polled_for_faster(number: int, leaving: bool) -> None:
    """After a poll that showed an end the next is due in a quarter of the time, be it a place of one page or more."""
    place, awaited = many(number), LEAVING if leaving else MOVING
    place.know()
    place.run(100)
    for each in range(3):
        place.aws.become(f"many-{each}", "Deleting" if leaving else "Creating")
    place.run(30, awaited)
    for each in range(3):
        if leaving:
            place.aws.vanish(f"many-{each}")
        else:
            place.aws.become(f"many-{each}", "InService")
        assert until_told(place, f"many-{each}", awaited) <= (5.0 if each == 0 else 1.5)
    ended = place.aws.now
    place.run(60, awaited)
    assert place.aws.count(ended)["list_endpoints"] <= 2 + 12 + 2 * (number // 100 + 1), "then as before"


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
