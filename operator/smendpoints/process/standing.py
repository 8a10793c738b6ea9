"""What a process is before it works: it serves its health, waits for the lease, and gives it back in the end."""

import contextlib
import logging
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import kopf

from smendpoints.config import Config
from smendpoints.kube.client import KubeClient
from smendpoints.kube.cluster import credentials
from smendpoints.lease.election import Timing
from smendpoints.lease.guard import restarter
from smendpoints.lease.leader import Leader
from smendpoints.lease.leases import ApiLeases
from smendpoints.metrics import LEASE_HELD
from smendpoints.process.endpoints import Certificate, serve
from smendpoints.process.health import Health
from smendpoints.process.scrapers import Scrapers

logger = logging.getLogger(__name__)
_ASKING_SECONDS = 5.0
_SCRAPE_SECONDS = 3.0


@dataclass(frozen=True)
class Standing:
    """A process that may work. `fence` ends it unless it still may; `client` asks the API server from threads.

    `ending` is set once it was told to stop.
    """

    identity: str
    fence: Callable[[str], None]
    client: KubeClient
    health: Health
    ending: threading.Event


@contextlib.contextmanager
def holding(config: Config) -> Iterator[Standing]:
    """The block runs once this process holds the lease; afterwards the lease is released.

    Told to stop before, it stops at once.

    Raises:
        RuntimeError: there is no cluster, or a port is taken; says what to set.
    """
    identity = f"{socket.gethostname()}_{secrets.token_hex(4)}"
    health = Health()
    _serve(health, config, identity)
    _stop_when_told()
    client = client_for(identity, _ASKING_SECONDS)
    if not config.leader_election:
        logger.warning("leader election is disabled: nothing prevents a second process from working at the same time")
        LEASE_HELD.set(1)
        yield Standing(identity, lambda _: None, client, health, threading.Event())
        return
    timing = Timing(config.lease_duration_seconds, config.lease_renew_deadline_seconds, config.lease_retry_seconds)
    # Three tries are to fit in before the deadline.
    asking = client_for(identity, timing.renew / 3)
    namespace = config.lease_namespace or asking.namespace()
    if namespace is None:
        raise RuntimeError("no namespace for the lease: set SMENDPOINTS_LEASE_NAMESPACE")
    ending = threading.Event()
    leader = Leader(
        ApiLeases(asking, namespace, config.lease_name),
        identity,
        timing,
        restarter(as_json=config.log_format == "json", ending=ending),
    )
    health.candidate = leader
    logger.info("waits as %s for the lease %s/%s", identity, namespace, config.lease_name)
    leader.start()
    try:
        leader.wait()
        yield Standing(identity, leader.fence, client, health, ending)
    finally:
        ending.set()
        leader.release()


def _serve(health: Health, config: Config, identity: str) -> None:
    folder = config.metrics_certificate_folder
    serve(
        health,
        config.bind_address,
        config.liveness_port,
        config.metrics_port,
        # Two requests are to fit into the time that Prometheus waits.
        scrapers=Scrapers(client_for(identity, _SCRAPE_SECONDS).request)
        if config.metrics_authentication == "token"
        else None,
        certificate=None if folder is None else Certificate(Path(folder)),
    )


def client_for(identity: str, seconds: float) -> KubeClient:
    """A client of the API server with the login of this process; `seconds` bound each step of a request."""
    settings = kopf.OperatorSettings()
    return KubeClient(lambda: credentials(settings), seconds=seconds, user_agent=f"smendpoints/{identity}")


def _stop_when_told() -> None:
    """Until kopf takes the signals over, to stop means to leave what is being done."""

    def stop(number: int, _: object) -> NoReturn:
        logger.info("told to stop by %s", signal.Signals(number).name)
        raise SystemExit(0)

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, stop)
