"""Fixtures of the tests of the operator: one World per test process, one namespace per test."""

import itertools
from collections.abc import Iterator

import pytest

from smsandbox.controlplane import ControlPlane
from smsandbox.paths import repository
from smsandbox.testing.cloud import Cloud
from smsandbox.testing.policies import Boundary
from smsandbox.testing.stage import Stage
from smsandbox.world import World, end

# Containers are off where they do not matter; then AWS's minutes take tenths of seconds.
QUICK = {
    "containers": False,
    "time_scale": 20,
    "durations": {
        "create": 0.5,
        "update": 0.8,
        "weights": 0.2,
        "delete": 0.3,
        "container_start": 0.1,
        "terminate": 0.05,
        "fail": 0.3,
        "jitter": 0.1,
    },
    "runtime": {"startup_floor_seconds": 60.0},
}
OFTEN = {
    "POLL_SECONDS": "0.4",
    "WATCH_SECONDS": "1",
    "PRICES": "table",  # the simulator has no price list
    "THREADS": "64",
    "OBJECT_SECONDS": "0.2",
    "ANALYSIS_PERIOD_SECONDS": "1",
    # What a lease that is lost means is for `test_operator_lease.py`; elsewhere none is, however slow the machine.
    "LEASE_DURATION_SECONDS": "120",
    "LEASE_RENEW_DEADLINE_SECONDS": "100",
}
NOISE = ("inconsistencies", "Traceback", "was never awaited", "did not exit in time", "orbidden", "[ERROR")
UNREACHABLE = "Request attempt #"  # kopf's word on an API server that is away
# Those on an API server which has just started and knows neither its roles nor the kinds of its checks yet.
STARTING = ("RBAC: [", "cannot renew the lease: 403", "failed to configure policy")
STARTED_AGAIN = "NotWritten: cannot be written: 403"  # the same, while there are objects
_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def plane(control_plane: ControlPlane, request: pytest.FixtureRequest) -> ControlPlane:
    """An API server that knows our kinds; a module's `NAMESPACE` is there."""
    control_plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(repository() / "crds"))
    control_plane.established()
    if hasattr(request.module, "NAMESPACE"):
        named = ("create", "namespace", request.module.NAMESPACE, "--dry-run=client", "-o", "yaml")
        control_plane.kubectl("apply", "-f", "-", stdin=control_plane.kubectl(*named))
    return control_plane


@pytest.fixture(scope="module")
def boundary(control_plane: ControlPlane) -> Iterator[Boundary]:
    """The checks of policies at `kubectl apply`, with nothing in force."""
    made = Boundary(control_plane)
    yield made
    made.close()


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Control plane, AWS and operator as processes."""
    folder = tmp_path_factory.mktemp("world")
    world = World(folder, bound=True, aws_settings=QUICK, operator_settings=OFTEN)
    made = Cloud(world, world.start(print))
    made.stock()
    yield made
    end(folder)


@pytest.fixture
def stage(cloud: Cloud) -> Iterator[Stage]:
    """A namespace of its own; afterwards nothing of it is left in AWS, and the operator's log has nothing odd.

    Each fault that a test puts in force has to strike.
    """
    namespace = f"t{next(_NUMBERS)}"
    cloud.plane.kubectl("create", "namespace", namespace)
    before, idle, server = len(cloud.log()), cloud.simulator.idle(), cloud.plane.apiserver.pid
    made = Stage(cloud, namespace)
    yield made
    spared = {fault: what for fault, what in cloud.simulator.idle().items() if fault not in idle}
    cloud.simulator.release_all()
    cloud.simulator.set(QUICK)
    cloud.plane.apiserver.start()
    made.start_operator()
    made.clean()
    assert made.left() == {}
    assert spared == {}, "never struck"
    lines = cloud.log()[before:].splitlines()
    expected = (UNREACHABLE, *STARTING, *((STARTED_AGAIN,) if cloud.plane.apiserver.pid != server else ()))
    noise = [
        line for line in lines if any(word in line for word in NOISE) and not any(word in line for word in expected)
    ]
    assert noise == []
