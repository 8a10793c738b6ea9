"""Who holds the lease, in virtual time: an API server that is slow, loses answers and is edited by hands."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client import REGISTRY

from smendpoints.kube.client import RefusedError, UnreachableError
from smendpoints.lease.election import Election, LostError, Timing
from smendpoints.lease.guard import Guard
from smendpoints.lease.record import Record, released, stamp
from smsandbox.testing.lease_server import NoAlarm, Server, Time

TIMING = Timing(duration=10, renew=7.0, retry=1.0)


class EndedError(BaseException):
    """The process was ended."""


@dataclass
class Process:
    """A candidate with a clock of its own."""

    server: Server
    name: str
    offset: float = 0.0
    guard: Guard = field(init=False)
    election: Election = field(init=False)

    def __post_init__(self) -> None:
        self.guard = Guard(TIMING, self._end, clock=self.clock, alarm=NoAlarm())
        self.election = Election(
            self.server,
            self.name,
            TIMING,
            clock=self.clock,
            now=self.server.time.wall,
            held=self.guard.extend,
            chance=random.Random(self.name),
        )

    def clock(self) -> float:
        return self.server.time.now + self.offset

    def _end(self, reason: str) -> None:
        raise EndedError(reason)

    def may_write(self) -> bool:
        """Whether the fence would let it."""
        try:
            self.guard.check("a write")
        except EndedError:
            return False
        return True

    def run(self, seconds: float) -> None:
        """Make steps for so long."""
        until = self.server.time.now + seconds
        while self.server.time.now < until:
            self.server.time.now += self.election.step()


@pytest.fixture
def server() -> Server:
    return Server(Time())


@pytest.fixture
def leader(server: Server) -> Process:
    """One that holds the lease."""
    made = Process(server, "a", offset=-500.0)
    made.run(3)
    assert made.may_write()
    assert server.holder == "a"
    return made


def until_taken(other: Process, limit: float = 60.0) -> float:
    """The seconds until this one may write, while nobody else makes a step."""
    began = other.server.time.now
    while not other.may_write():
        assert other.server.time.now - began < limit, "not taken"
        other.server.time.now += other.election.step()
    return other.server.time.now - began


# taking and keeping


def test_a_lease_that_nobody_ever_held_is_taken_at_once(server: Server) -> None:
    made = Process(server, "a")
    made.election.step()
    assert made.may_write()


def test_the_record_is_kept_as_others_keep_it(server: Server, leader: Process) -> None:
    spec = server.written()["spec"]
    assert spec.keys() == {"holderIdentity", "leaseDurationSeconds", "acquireTime", "renewTime", "leaseTransitions"}
    assert (spec["leaseDurationSeconds"], spec["leaseTransitions"]) == (10, 1)
    leader.run(3)
    later = server.written()["spec"]
    assert later["acquireTime"] == spec["acquireTime"] < spec["renewTime"] < later["renewTime"]
    until_taken(Process(server, "b"))
    taken = server.written()["spec"]
    assert (taken["holderIdentity"], taken["leaseTransitions"]) == ("b", 2)
    assert REGISTRY.get_sample_value("smendpoints_lease_transitions") == 2
    assert taken["acquireTime"] == taken["renewTime"] > later["renewTime"]


def test_a_standby_never_writes_while_the_lease_is_renewed(server: Server, leader: Process) -> None:
    standby = Process(server, "b", offset=1e6)
    for _ in range(100):
        leader.run(1)
        standby.election.step()
        assert leader.may_write()
        assert not standby.may_write()


def test_a_leader_that_is_gone_is_followed_after_the_duration(server: Server, leader: Process) -> None:
    standby = Process(server, "b")
    assert TIMING.duration <= until_taken(standby) <= TIMING.duration + TIMING.retry
    assert not leader.may_write()


def test_a_clock_that_is_set_costs_no_lease_and_gives_none(server: Server, leader: Process) -> None:
    """Times in the record are written and never read: here the leader's are an hour off, then a standby's."""
    standby = Process(server, "b")
    for jump in (3600.0, -7200.0):
        assert server.lease is not None
        server.lease["spec"]["renewTime"] = stamp(datetime.fromtimestamp(server.time.now + jump, UTC))
        assert standby.election.step() <= TIMING.retry
        assert not standby.may_write()
        leader.run(2)
        assert leader.may_write()


def test_a_lease_that_is_released_is_taken_at_the_next_look_and_the_old_leader_writes_no_more(
    server: Server, leader: Process
) -> None:
    standby = Process(server, "b")
    standby.run(3)
    leader.guard.close()
    leader.election.release()
    assert server.holder == ""
    assert until_taken(standby) <= TIMING.retry
    assert not leader.may_write()


def test_releasing_what_is_not_ours_changes_nothing(server: Server, leader: Process) -> None:
    standby = Process(server, "b")
    standby.run(2)
    standby.election.release()
    assert server.holder == "a"


# answers that do not come


def fails(server: Server, *, done: bool, error: Exception | None = None) -> None:
    """The next request fails, before it is done or after."""

    def fail() -> None:
        server.before = server.after = lambda: None
        raise error or UnreachableError("timed out")

    if done:
        server.after = fail
    else:
        server.before = fail


def test_an_acquisition_whose_answer_was_lost_is_found_again(server: Server) -> None:
    made = Process(server, "a")
    fails(server, done=False)
    made.election.step()
    looked: list[str] = []

    def lose_the_second() -> None:
        if looked:
            fails(server, done=True)
        looked.append("once")

    server.before = lose_the_second
    made.election.step()
    assert server.holder == "a"
    assert not made.may_write()
    made.election.step()
    assert made.may_write()


@pytest.mark.parametrize("done", [True, False])
def test_a_renewal_that_failed_is_made_again_before_the_deadline(server: Server, leader: Process, done: bool) -> None:
    for _ in range(20):
        fails(server, done=done)
        leader.run(3)
        assert leader.may_write()


def test_a_leader_that_is_cut_off_may_write_for_the_deadline_and_not_longer(server: Server, leader: Process) -> None:
    renewed = server.time.now - 1  # the last renewal was at most that long ago

    def unreachable() -> None:
        raise UnreachableError("no route")

    server.before = unreachable
    leader.run(5)
    assert leader.may_write()
    server.time.now = renewed + TIMING.renew + 1
    assert not leader.may_write()


def test_a_renewal_counts_from_before_it_was_asked_for(server: Server, leader: Process) -> None:
    """The API server may have done it at once, and others count from then."""

    def slow() -> None:
        server.time.now += 4

    server.after = slow
    leader.election.step()
    server.after = lambda: None
    server.time.now += TIMING.renew - 4
    assert not leader.may_write()


def test_a_renewal_that_comes_after_the_deadline_brings_nothing_back(server: Server, leader: Process) -> None:
    """Another may have looked at the lease for as long as it takes, and be about to take it."""
    server.time.now += TIMING.renew + 0.1
    leader.election.step()
    assert not leader.may_write()


def test_an_api_server_that_refuses_is_no_end_by_itself(server: Server, leader: Process) -> None:
    fails(server, done=False, error=RefusedError(403, "forbidden"))
    leader.run(2)
    assert leader.may_write()


# hands


def test_a_lease_that_a_hand_deletes_is_made_again_by_its_holder_and_by_nobody_else(
    server: Server, leader: Process
) -> None:
    standby = Process(server, "b")
    standby.run(2)
    server.lease = None
    for _ in range(20):
        standby.election.step()
    assert server.holder == ""
    leader.election.step()
    assert server.holder == "a"
    assert leader.may_write()
    server.lease = None
    leader.election.step()
    assert server.holder == "a"


def test_a_lease_that_is_missing_is_made_once_its_holder_must_have_given_up(server: Server, leader: Process) -> None:
    server.lease = None
    started_later = Process(server, "b")
    assert TIMING.duration <= until_taken(started_later) <= TIMING.duration + TIMING.retry
    assert not leader.may_write()


def test_a_leader_whose_lease_a_hand_gave_to_another_ends_at_once(server: Server, leader: Process) -> None:
    server.put(server.written()["spec"] | {"holderIdentity": "bob"})
    with pytest.raises(LostError, match="held by bob"):
        leader.election.step()


def test_a_lease_that_a_hand_emptied_is_written_again_by_its_holder_and_taken_by_others_after_the_duration(
    server: Server, leader: Process
) -> None:
    standby = Process(server, "b")
    standby.run(2)
    emptied = server.written()["spec"] | {"holderIdentity": ""}
    server.put(emptied)
    leader.election.step()
    assert server.holder == "a"
    server.put(emptied)
    assert until_taken(standby) >= TIMING.duration
    with pytest.raises(LostError, match="held by b"):
        leader.election.step()


def test_a_lease_that_a_hand_stole_is_taken_back_after_its_duration(server: Server, leader: Process) -> None:
    server.put({"holderIdentity": "bob", "leaseDurationSeconds": 10})
    standby = Process(server, "b")
    assert TIMING.duration <= until_taken(standby) <= TIMING.duration + TIMING.retry


def test_whoever_holds_it_for_longer_is_waited_for_and_a_shorter_time_is_not_believed(
    server: Server, leader: Process
) -> None:
    """A leader of other settings may go on for longer; a hand that writes a second must not make two leaders."""
    server.put({"holderIdentity": "bob", "leaseDurationSeconds": 30})
    assert until_taken(Process(server, "b")) >= 30
    server.put({"holderIdentity": "bob", "leaseDurationSeconds": 1})
    assert until_taken(Process(server, "c")) >= TIMING.duration


MALFORMED: dict[str, Any] = {
    "nothing at all": None,
    "a holder alone": {"holderIdentity": "bob"},
    "types that no API server lets in": {
        "holderIdentity": 7,
        "leaseDurationSeconds": "soon",
        "leaseTransitions": [],
        "renewTime": 3,
        "acquireTime": {},
    },
    "a duration below zero": {"holderIdentity": "bob", "leaseDurationSeconds": -5, "leaseTransitions": -1},
    "nobody, with a duration": {"holderIdentity": "", "leaseDurationSeconds": 10, "renewTime": "yesterday"},
}


@pytest.mark.parametrize("spec", MALFORMED.values(), ids=MALFORMED.keys())
def test_whatever_a_hand_writes_is_overcome(server: Server, leader: Process, spec: Any) -> None:
    standby = Process(server, "b")
    standby.run(2)
    server.put(spec)
    assert TIMING.duration <= until_taken(standby) <= TIMING.duration + 2 * TIMING.retry
    assert not leader.may_write()


def test_looks_are_spread_so_that_many_do_not_come_at_once(server: Server, leader: Process) -> None:
    delays = {Process(server, name).election.step() for name in "bcdefgh"}
    assert len(delays) > 1
    assert all(0.5 * TIMING.retry < delay <= TIMING.retry for delay in delays)


# all of it at once


@pytest.mark.parametrize("seed", range(60))
def test_never_do_two_write_whatever_happens(seed: int, record_property: Any) -> None:
    """Three processes, requests that take long and overlap, answers that are lost, processes that stand still, hands.

    What no election stands is a hand that replaces the whole object by one that was never held.
    """
    chance = random.Random(seed)
    time = Time()
    server = Server(time)
    alive = [Process(server, f"p{number}", offset=chance.uniform(-1e5, 1e5)) for number in range(3)]
    due = dict.fromkeys((each.name for each in alive), time.now)
    busy: set[str] = set()
    reign: list[str] = []
    started = len(alive)

    def pass_time(seconds: float) -> None:
        """Let time pass, and others make their steps meanwhile; the fence of each is asked all along."""
        until = time.now + seconds
        while True:
            writers = [each.name for each in alive if each.may_write()]
            assert len(writers) <= 1, f"{writers} at {time.now}"
            if writers and (not reign or reign[-1] != writers[0]):
                reign.append(writers[0])
            ready = [each for each in alive if each.name not in busy and due[each.name] <= until]
            if not ready:
                time.now = max(time.now, until)
                return
            one = min(ready, key=lambda each: due[each.name])
            time.now = max(time.now, due[one.name])
            make_step(one)

    def make_step(one: Process) -> None:
        nonlocal started
        busy.add(one.name)
        try:
            delay = one.election.step()
            if chance.random() < 0.02:
                delay += chance.uniform(0, 30)  # it stood still
            due[one.name] = time.now + delay
        except LostError:
            due[one.name] = float("inf")
        busy.discard(one.name)
        if due[one.name] == float("inf") or chance.random() < 0.01:  # it ended itself, or was killed
            alive.remove(one)
            started += 1
            another = Process(server, f"p{started}", offset=chance.uniform(-1e5, 1e5))
            alive.append(another)
            due[another.name] = time.now + chance.uniform(0, 5)

    def travel() -> None:
        if len(busy) <= 2 and chance.random() < 0.3:
            pass_time(chance.choice([0.01, 0.1, 1.0, 4.0]))
        if chance.random() < 0.05:
            raise UnreachableError("lost")

    server.before = server.after = travel
    for _ in range(150):
        pass_time(chance.uniform(0.1, 5.0))
        match chance.randrange(12):
            case 0:
                server.lease = None
            case 1 if server.lease is not None:
                server.put((server.lease.get("spec") or {}) | {"holderIdentity": chance.choice(["", "bob"])})
            case 2 if server.lease is not None:
                server.put(chance.choice(list(MALFORMED.values())[1:]))
            case _:
                pass
    assert len(set(reign)) > 1, "nobody ever followed"
    record_property("reigns of the lease", len(reign))


def test_a_release_is_told_from_a_hand_that_took_the_holder_off(server: Server, leader: Process) -> None:
    record = Record.parse(server.written())
    let_go = Record.parse({"metadata": {}, "spec": released(record, server.time.wall())})
    emptied = Record.parse({"metadata": {}, "spec": server.written()["spec"] | {"holderIdentity": ""}})
    assert (let_go.is_released, emptied.is_released) == (True, False)
