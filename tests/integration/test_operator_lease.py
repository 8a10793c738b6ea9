"""Two operators and one lease: whoever does not hold it writes nothing, and whatever happens to one, the other goes on.

Who changed what in AWS is known by the user agent, which has the identity of the process; who held the lease when, by a
watch of it. The lease is short here, so that a takeover takes seconds; `bench/operator/failover.py` takes the default.
"""

import itertools
import json
import random
import signal
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from smsandbox.testing.replicas import Replicas
from smsandbox.testing.specs import ARTIFACTS, spec, two_variants, with_variant
from smsandbox.testing.stage import Stage, has
from smsandbox.world import LEASE, NAMESPACE

SHORT = {
    "LEASE_DURATION_SECONDS": "3",
    "LEASE_RENEW_DEADLINE_SECONDS": "2",
    "LEASE_RETRY_SECONDS": "0.25",
}
FIRST = spec(revisionHistoryLimit=0)
NEXT = with_variant(FIRST, modelArtifact=ARTIFACTS[1])
LEASE_ONLY = "lease-only"
WAYS = ("kill", "stop", "freeze", "cut")


@pytest.fixture
def replicas(stage: Stage) -> Iterator[Replicas]:
    """Room for several operators: the World's own is stopped meanwhile."""
    world = stage.cloud.world
    world.operator.stop(seconds=60)
    own = {
        name.removeprefix("SMENDPOINTS_"): value
        for name, value in world.operator.environment.items()
        if name.startswith("SMENDPOINTS_") and not name.endswith("_PORT")
    }
    made = Replicas(stage.cloud, {**own, **SHORT})
    yield made
    made.end()
    assert made.outside() == []


def pair(replicas: Replicas) -> tuple[str, str]:
    """The leader and the standby."""
    replicas.start("one", "two")
    leader = replicas.led()
    (standby,) = {"one", "two"} - {leader}
    replicas.see(lambda: replicas.replicas[standby].role() == "standby", "a standby")
    return leader, standby


def held_at(stage: Stage, operation: str) -> str:
    """From now on the answer to the next such call is held back."""
    where = f"*{stage.namespace}*"
    return stage.cloud.simulator.fault("hold", operation=operation, resource=where, times=1)


def in_the_middle(stage: Stage, flow: str) -> str:
    """Bring a creation or an update to the middle of a reconcile: a model was made, what needs it was not."""
    if flow == "update":
        stage.apply("iris", FIRST)
        stage.ready("iris")
    hold = held_at(stage, "CreateModel")
    stage.apply("iris", NEXT)
    assert stage.cloud.simulator.held(hold, seconds=60)
    return hold


def as_one_process_would(stage: Stage) -> None:
    """The object is as its spec wants it, with nothing doubled and nothing left."""
    found = stage.ready("iris")
    assert stage.served("iris").artifact == ARTIFACTS[1]
    stage.see(lambda: counts(stage, "iris") == ONE_OF_EACH, "one of each")
    made = [call.operation for call in stage.changes("iris")]
    assert made.count("CreateEndpoint") == 1
    assert {each["outcome"] for each in found["status"]["history"]} == {"Deployed"}


ONE_OF_EACH = {"endpoints": 1, "configs": 1, "models": 1, "targets": 1, "policies": 1, "schedules": 0}


def counts(stage: Stage, name: str) -> dict[str, int]:
    found = stage.inventory(name)
    return {kind: len(found[kind]) for kind in ONE_OF_EACH}


@pytest.mark.parametrize("flow", ["create", "update"])
def test_a_leader_that_was_stopped_past_its_lease_in_the_middle_of_a_pass_changes_nothing_when_it_goes_on(
    stage: Stage, replicas: Replicas, flow: str
) -> None:
    leader, standby = pair(replicas)
    hold = in_the_middle(stage, flow)
    stopped = replicas.replicas[leader]
    stopped.send(signal.SIGSTOP)
    identity = stopped.identities()[-1]
    before = [call for who, call in replicas.writes() if who == identity]
    stage.cloud.simulator.release(hold)  # its answer is there when it goes on
    assert replicas.led(but=leader, frozen=(leader,)) == standby
    as_one_process_would(stage)
    stopped.send(signal.SIGCONT)
    replicas.see(lambda: stopped.service.pid is None or stopped.identities()[-1] != identity, "its end")
    replicas.tend()
    replicas.see(lambda: stopped.role() == "standby", "a standby again")
    after = [call for who, call in replicas.writes() if who == identity]
    assert {(call.operation, call.began) for call in after} - {(call.operation, call.began) for call in before} <= {
        ("CreateModel", call.began) for call in after
    }  # the one that was held back was on the wire
    as_one_process_would(stage)


def test_a_leader_cut_off_from_the_api_server_but_not_from_aws_changes_nothing_past_its_lease(
    stage: Stage, replicas: Replicas
) -> None:
    leader, standby = pair(replicas)
    cut = replicas.replicas[leader]
    identity = cut.identities()[-1]
    hold = in_the_middle(stage, "create")
    cut.wire.cut()
    stage.cloud.simulator.release(hold)
    assert replicas.led(but=leader) == standby
    replicas.see(lambda: cut.identities()[-1] != identity, "its end and its new beginning")
    assert "could not be renewed" in cut.log() or "no lease is held any more" in cut.log()
    as_one_process_would(stage)
    assert cut.role() == "standby"  # a standby that cannot ask is well: a restart would not help
    cut.wire.join()
    replicas.replicas[standby].send(signal.SIGTERM)
    assert replicas.led(but=standby, frozen=(standby,)) == leader
    stage.delete("iris")
    stage.gone("iris")


def test_a_leader_told_to_stop_ends_its_pass_and_releases_the_lease_last(stage: Stage, replicas: Replicas) -> None:
    leader, standby = pair(replicas)
    hold = held_at(stage, "CreateEndpoint")
    stage.apply("iris", NEXT)
    assert stage.cloud.simulator.held(hold, seconds=60)
    identity = replicas.lease()["holder"]
    replicas.replicas[leader].send(signal.SIGTERM)
    renewed = replicas.lease()["renewed"]
    replicas.see(lambda: replicas.lease().get("renewed", 0) > renewed + 4, "renewals for longer than a lease lasts")
    assert replicas.lease()["holder"] == identity
    stage.cloud.simulator.release(hold)
    assert replicas.led(but=leader, frozen=(leader,)) == standby
    replicas.see(lambda: replicas.replicas[leader].service.pid is None, "the end of the process")
    as_one_process_would(stage)
    ended = max(call.when for who, call in replicas.writes() if who == identity)
    assert replicas.reigns()[replicas.lease()["holder"]][0] >= ended
    assert "released the lease" in replicas.replicas[leader].log()


def test_a_standby_needs_no_right_but_that_of_the_lease_and_asks_nothing_of_aws(
    stage: Stage, replicas: Replicas
) -> None:
    plane = stage.cloud.plane
    for kind, arguments in {
        "serviceaccount": (),
        "rolebinding": ("--role=smendpoints-lease", f"--serviceaccount={NAMESPACE}:{LEASE_ONLY}"),
    }.items():
        made = plane.kubectl("create", "-n", NAMESPACE, kind, LEASE_ONLY, *arguments, "--dry-run=client", "-o", "json")
        plane.kubectl("apply", "-f", "-", stdin=made)
    replicas.start("one")
    assert replicas.led() == "one"
    replicas.start("two", account=LEASE_ONLY)
    standby = replicas.replicas["two"]
    replicas.see(lambda: standby.role() == "standby", "a standby")
    assert not standby.holds()
    assert replicas.replicas["one"].holds()
    stage.apply("iris", NEXT)
    as_one_process_would(stage)
    assert standby.role() == "standby"
    (identity,) = standby.identities()
    assert [call for call in stage.cloud.simulator.calls() if identity in call.user_agent] == []
    lines = [line for line in standby.log().splitlines() if "waits as" not in line]
    assert lines == []


def test_a_lease_that_a_hand_deletes_or_gives_to_another_costs_a_while_and_nothing_else(
    stage: Stage, replicas: Replicas
) -> None:
    leader, _ = pair(replicas)
    identity = replicas.lease()["holder"]
    stage.apply("iris", FIRST)
    stage.ready("iris")
    plane = stage.cloud.plane
    plane.kubectl("delete", "lease", LEASE, "-n", NAMESPACE)
    replicas.see(lambda: replicas.lease().get("holder") == identity, "the lease again")
    assert replicas.replicas[leader].role() == "leader"
    patch = json.dumps({"spec": {"holderIdentity": "bob"}})
    plane.kubectl("patch", "lease", LEASE, "-n", NAMESPACE, "--type=merge", "-p", patch)
    replicas.see(lambda: replicas.replicas[leader].identities()[-1] != identity, "the end of the leader")
    replicas.led()
    stage.apply("iris", NEXT)
    as_one_process_would(stage)


def test_the_api_server_goes_away_for_longer_than_a_lease_during_an_update(stage: Stage, replicas: Replicas) -> None:
    leader, standby = pair(replicas)
    both = [replicas.replicas[name] for name in (leader, standby)]
    pids = [each.service.pid for each in both]
    identity = both[0].identities()[-1]
    hold = in_the_middle(stage, "update")
    stage.cloud.plane.apiserver.kill()
    stage.cloud.simulator.release(hold)
    replicas.see(lambda: both[0].identities()[-1] != identity, "the end of the leader, and a candidate in its place")
    replicas.see(lambda: [each.role() for each in both] == ["standby", "standby"], "two that wait, and are well")
    stage.cloud.plane.apiserver.start()
    replicas.led()
    as_one_process_would(stage)
    assert [each.service.pid for each in both] == pids
    assert [call.operation for call in stage.changes("iris")].count("UpdateEndpoint") == 1


# in each way twice, in any order


SPECS = [
    *(with_variant(FIRST, modelArtifact=each) for each in ARTIFACTS[:3]),
    with_variant(FIRST, instance={"type": "ml.c5.large", "count": 1}),
    {**two_variants(9, 1), "revisionHistoryLimit": 0},
    {**FIRST, "desiredState": "Stopped"},
    None,
]


def fail_over(replicas: Replicas, how: str) -> None:
    leader = replicas.led()
    each = replicas.replicas[leader]
    (other,) = (each for name, each in replicas.replicas.items() if name != leader)

    def waits() -> bool:
        replicas.tend()  # else the one that goes may be back before the other is there, and lead again
        return other.role() == "standby"

    replicas.see(waits, "a standby")
    match how:
        case "kill":
            each.service.kill()
            replicas.led(but=leader)
        case "stop":
            each.send(signal.SIGTERM)
            replicas.led(but=leader, frozen=(leader,))
        case "freeze":
            each.send(signal.SIGSTOP)
            replicas.led(but=leader, frozen=(leader,))
            each.send(signal.SIGCONT)
        case "cut":
            each.wire.cut()
            replicas.led(but=leader)
            each.wire.join()
    replicas.tend()


def settled(stage: Stage, name: str, wanted: Any) -> bool:
    found = stage.find(name)
    return found is None if wanted is None else found is not None and has(found, "Ready")


def alternates(made: list[str]) -> bool:
    """Whether no endpoint was created twice, or deleted twice, in a row."""
    turns = [operation for operation in made if operation in {"CreateEndpoint", "DeleteEndpoint"}]
    return turns == [operation for operation, _ in itertools.groupby(turns)]


def test_eight_random_failovers_under_edits_end_as_with_one_process(
    stage: Stage, replicas: Replicas, record_property: Any
) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")  # seen when it fails
    chance = random.Random(seed)
    pair(replicas)
    wanted: dict[str, Any] = dict.fromkeys(("x", "y", "z"))
    kinds = [*WAYS, *WAYS]
    chance.shuffle(kinds)
    for how in kinds:
        for name in chance.sample(sorted(wanted), 2):
            new = chance.choice(SPECS)
            if new is None and wanted[name] is not None:
                stage.delete(name)
            elif new is not None and (wanted[name] is not None or stage.find(name) is None):
                stage.apply(name, new)
            else:
                continue  # it is being deleted
            wanted[name] = new
        fail_over(replicas, how)
    for name, each in wanted.items():
        stage.see(partial(settled, stage, name, each), f"{name} as {each}")
        assert alternates(stage.operations(name)), name
    record_property("failovers of a leader", len(kinds))
    record_property("seed", seed)

    # Nothing doubled and nothing left: as one process alone brings it about.
    replicas.replicas["two"].service.stop(seconds=60)
    assert replicas.led(but="two", frozen=("two",)) == "one"
    for name, each in wanted.items():
        if each is not None:
            stage.apply(f"solo-{name}", each)
    for name, each in wanted.items():
        if each is not None:
            stage.ready(f"solo-{name}")
        if each is not None and each.get("desiredState") == "Stopped":
            stage.see(partial(is_alike, stage, name, f"solo-{name}", stopped=True), f"{name} stopped")
            for one in (name, f"solo-{name}"):  # what is not needed any more is collected beside what serves
                stage.apply(one, {**each, "desiredState": "Running"})
                stage.ready(one)
        until_alike(stage, name, f"solo-{name}", stopped=False)


def until_alike(stage: Stage, name: str, other: str, *, stopped: bool) -> None:
    try:
        stage.see(partial(is_alike, stage, name, other, stopped=stopped), f"{name} as by one process")
    except AssertionError as error:
        error.add_note(f"{json.dumps(stage.inventory(name))}, but one process: {json.dumps(stage.inventory(other))}")
        raise


def is_alike(stage: Stage, name: str, other: str, *, stopped: bool) -> bool:
    """Whether AWS has as much of the one as of the other, which was never anything else than it is now."""
    found, expected = counts(stage, name), counts(stage, other)
    if stopped:  # one that ran before keeps configs and models that may bring it back
        for kind in ("configs", "models"):
            del found[kind], expected[kind]
    return found == expected
