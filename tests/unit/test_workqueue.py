"""Which object is reconciled next: every rule of the queue, and random histories against what it promises."""

import random

from smendpoints.work.workqueue import NEVER, Rank, WorkQueue


def popped(queue: WorkQueue, now: float) -> list[str]:
    found = []
    while (turn := queue.pop(now)) is not None:
        found.append(turn.uid)
    return found


def test_a_new_object_is_due_at_once_and_then_only_at_its_own_deadline() -> None:
    queue = WorkQueue(slots=4, object_seconds=0)
    queue.add("a", "team", 10.0)
    assert popped(queue, 10.0) == ["a"]
    queue.done("a", 11.0, again_at=60.0)
    assert (popped(queue, 59.9), queue.next_at()) == ([], 60.0)
    assert popped(queue, 60.0) == ["a"]
    queue.done("a", 61.0)
    assert (popped(queue, 1e9), queue.next_at()) == ([], NEVER)


def test_what_wakes_an_object_while_it_is_reconciled_has_it_reconciled_once_more() -> None:
    queue = WorkQueue(slots=4, object_seconds=0)
    queue.add("a", "team", 0.0)
    assert popped(queue, 0.0) == ["a"]
    queue.wake("a", 1.0)
    queue.wake("a", 2.0)
    assert popped(queue, 2.0) == [], "one worker at a time"
    queue.done("a", 3.0, again_at=100.0)
    assert popped(queue, 3.0) == ["a"]
    queue.done("a", 4.0, again_at=100.0)
    assert popped(queue, 99.0) == []


def test_woken_before_its_deadline_an_object_is_reconciled_once() -> None:
    queue = WorkQueue(slots=4, object_seconds=0)
    queue.add("a", "team", 0.0)
    popped(queue, 0.0)
    queue.done("a", 0.0, again_at=50.0)
    queue.wake("a", 20.0)
    assert popped(queue, 20.0) == ["a"]
    queue.done("a", 21.0)
    assert popped(queue, 1000.0) == []


def test_three_in_a_row_and_then_one_in_so_many_seconds_however_often_it_is_woken() -> None:
    queue = WorkQueue(slots=4, object_seconds=1.0)
    queue.add("a", "team", 0.0)
    times = []
    for tick in range(100):
        now = tick / 10
        queue.wake("a", now)
        times += [now] * len(popped(queue, now))
        if times and times[-1] == now:
            queue.done("a", now)
    assert times[:3] == [0.0, 0.1, 0.2]
    assert len(times) <= 3 + 10
    assert len(times) >= 10


def test_an_urgent_object_comes_before_others_of_its_namespace() -> None:
    queue = WorkQueue(slots=8, object_seconds=0)
    for each in "abc":
        queue.add(each, "team", 0.0)
    first = queue.pop(0.0)
    assert first is not None
    queue.wake("new", 0.0)
    queue.add("late", "team", 0.0)
    queue.wake("late", 0.0, Rank.ASKED)
    turn = queue.pop(0.0)
    assert turn is not None
    assert turn.uid == "late"


def test_what_goes_on_at_once_comes_before_what_has_not_begun() -> None:
    queue = WorkQueue(slots=2, object_seconds=0)
    for each in "abc":
        queue.add(each, "team", 0.0)
    assert popped(queue, 0.0) == ["a"]
    queue.done("a", 1.0, again_at=1.0)
    assert popped(queue, 1.0) == ["a"]
    queue.done("a", 2.0, again_at=9.0)
    assert popped(queue, 2.0) == ["b"]


def test_why_an_object_is_due_says_when_it_comes_in_its_namespace() -> None:
    queue = WorkQueue(slots=1, object_seconds=0)
    for each in ("edited", "edited later", "awaits", "known", "goes on"):
        queue.add(each, "team", 0.0)
        assert popped(queue, 0.0) == [each]
        if each != "goes on":
            queue.done(each, 0.0, rank=Rank.AWAITED if each == "awaits" else Rank.OTHER)
    queue.wake("known", 1.0)
    queue.add("new", "team", 2.0)
    queue.wake("awaits", 3.0)
    queue.wake("edited", 4.0, Rank.ASKED)
    queue.wake("edited later", 4.5, Rank.ASKED)
    queue.done("goes on", 5.0, again_at=5.0)
    order = []
    while found := popped(queue, 6.0):
        order += found
        queue.done(found[0], 6.0)
    assert order == ["goes on", "edited", "edited later", "awaits", "known", "new"]


def test_one_that_is_edited_while_it_is_in_line_comes_sooner_and_has_waited_since_it_came() -> None:
    queue = WorkQueue(slots=1, object_seconds=0)
    for number, each in enumerate("abcd"):
        queue.add(each, "team", float(number))
    assert popped(queue, 3.0) == ["a"]
    queue.wake("d", 4.0, Rank.ASKED)
    queue.wake("b", 4.0, Rank.OTHER)
    assert queue.waiting() == 3
    queue.done("a", 5.0)
    turn = queue.pop(5.0)
    assert turn is not None
    assert (turn.uid, turn.waited) == ("d", 2.0)
    queue.done("d", 6.0)
    assert popped(queue, 6.0) == ["b"]


def test_a_rank_holds_until_the_object_is_reconciled_and_no_longer() -> None:
    queue = WorkQueue(slots=1, object_seconds=0)
    queue.add("a", "team", 0.0)
    assert popped(queue, 0.0) == ["a"]
    queue.wake("a", 0.5, Rank.ASKED)
    queue.add("b", "team", 0.6)
    queue.done("a", 1.0)
    assert popped(queue, 1.0) == ["a"], "it was edited while it was reconciled"
    queue.done("a", 2.0, again_at=2.5)
    assert popped(queue, 2.5) == ["b"]


def test_one_namespace_does_not_hold_all_slots() -> None:
    queue = WorkQueue(slots=8, object_seconds=0)
    for number in range(50):
        queue.add(f"flood-{number}", "flood", 0.0)
    assert len(popped(queue, 0.0)) == 7
    queue.add("one", "other", 0.0)
    assert popped(queue, 0.0) == ["one"]


def test_a_dropped_object_is_popped_no_more_and_gives_its_slot_back_when_it_is_done() -> None:
    queue = WorkQueue(slots=1, object_seconds=0)
    queue.add("a", "team", 0.0)
    queue.add("b", "team", 0.0)
    assert popped(queue, 0.0) == ["a"]
    queue.drop("a")
    queue.wake("a", 0.0)
    assert popped(queue, 0.0) == []
    queue.done("a", 1.0, again_at=1.0)
    assert popped(queue, 2.0) == ["b"]
    queue.drop("b")
    queue.done("b", 3.0)
    assert (len(queue), popped(queue, 9.0)) == (0, [])


def test_how_long_an_object_waited_for_a_slot_is_told() -> None:
    queue = WorkQueue(slots=1, object_seconds=0)
    queue.add("a", "team", 0.0)
    queue.add("b", "team", 0.0)
    popped(queue, 0.0)
    assert queue.waiting() == 1
    queue.done("a", 5.0)
    turn = queue.pop(5.0)
    assert turn is not None
    assert (turn.uid, turn.waited) == ("b", 5.0)


def test_deadlines_that_count_no_longer_do_not_gather() -> None:
    queue = WorkQueue(slots=1, object_seconds=0)
    queue.add("a", "team", 0.0)
    for tick in range(10_000):
        popped(queue, float(tick))
        queue.done("a", float(tick), again_at=1e6 + tick)
        queue.wake("a", tick + 0.5)
    assert len(queue._deadlines) < 200


def test_random_histories_lose_no_wake_up_and_run_no_object_twice_at_once() -> None:
    """Whatever happens in whatever order: an object that was woken is reconciled after it, by one worker at a time."""
    for seed in range(200):
        dice = random.Random(seed)
        queue = WorkQueue(slots=dice.randint(1, 5), object_seconds=dice.choice([0.0, 0.5]))
        known: set[str] = set()
        running: set[str] = set()
        owed: dict[str, float] = {}
        now = 0.0
        for step in range(200):
            now += dice.random()
            match dice.randrange(5):
                case 0:
                    uid = f"{step}"
                    queue.add(uid, dice.choice("xyz"), now)
                    known.add(uid)
                    owed[uid] = now
                case 1 if known:
                    uid = dice.choice(sorted(known))
                    queue.wake(uid, now, dice.choice([*Rank]))
                    owed[uid] = now
                case 2 if known and dice.random() < 0.2:
                    uid = dice.choice(sorted(known))
                    queue.drop(uid)
                    known.discard(uid)
                    owed.pop(uid, None)
                case 3 if running:
                    uid = dice.choice(sorted(running))
                    running.discard(uid)
                    queue.done(uid, now, again_at=now + 1000)
                case _:
                    for uid in popped(queue, now):
                        assert uid not in running, seed
                        assert uid in known, seed
                        running.add(uid)
                        owed.pop(uid, None)
        for _ in range(400):
            now += 1.0
            for uid in sorted(running):
                queue.done(uid, now)
            running = set(popped(queue, now))
            for uid in running:
                owed.pop(uid, None)
        assert not owed, f"seed {seed}: woken and never reconciled: {owed}"


def test_the_oldest_wait_is_that_of_the_object_that_is_in_line_for_longest() -> None:
    queue = WorkQueue(slots=1, object_seconds=0)
    assert queue.oldest_wait(5.0) == 0
    for number, uid in enumerate("abc"):
        queue.add(uid, uid, float(number))
    assert queue.pop(2.0) is not None
    assert queue.pop(4.0) is None
    assert queue.oldest_wait(10.0) == 8.0, "in line since it was due and looked at"
    queue.done("a", 11.0)
    assert popped(queue, 11.0) == ["b"]
    assert queue.oldest_wait(12.0) == 10.0
    queue.drop("c")
    assert queue.oldest_wait(13.0) == 0
