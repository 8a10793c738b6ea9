"""One place in AWS, whole: watch, look, act, and read logs."""

import threading
import time
from collections.abc import Callable

from smendpoints.aws.act import Actor
from smendpoints.aws.clients import Clients, Place
from smendpoints.aws.logs import log_tail
from smendpoints.aws.observe import Observer
from smendpoints.aws.preflight import Preflight
from smendpoints.aws.prices import Prices
from smendpoints.aws.watch import Watch
from smendpoints.domain.actions import Action, PolicyARN


class Account:
    """What a controller needs of one account and region."""

    def __init__(self, clients: Clients, clock: Callable[[], float] = time.monotonic) -> None:
        self.place = clients.place
        self._clients = clients
        self.watch = Watch(clients, clock)
        self.observe = Observer(clients)
        self.prices = Prices(clients, clock)
        self.preflight = Preflight(clients, clock)
        self._actor = Actor(clients, self.observe)

    def act(self, action: Action, policies: dict[PolicyARN, str], *, adopts: bool = False) -> None:
        """Carry out one action; `adopts` as in `Actor.act`."""
        self._actor.act(action, policies, adopts=adopts)

    def invocations_url(self, endpoint: str) -> str:
        """Where the endpoint is invoked."""
        base = str(self._clients("sagemaker-runtime").meta.endpoint_url)
        return f"{base.rstrip('/')}/endpoints/{endpoint}/invocations"

    def log_tail(self, endpoint: str) -> list[str]:
        """The last lines of the endpoint's log."""
        return log_tail(self._clients, endpoint)


class Accounts:
    """The accounts of all places, each made once."""

    def __init__(self, clients: Callable[[Place], Clients], clock: Callable[[], float] = time.monotonic) -> None:
        self._clients = clients
        self._clock = clock
        self._lock = threading.Lock()
        self._accounts: dict[Place, Account] = {}

    def __call__(self, place: Place) -> Account:
        """The account of a place."""
        with self._lock:
            if place not in self._accounts:
                self._accounts[place] = Account(self._clients(place), self._clock)
            return self._accounts[place]

    def all(self) -> tuple[Account, ...]:
        """All that were asked for so far."""
        with self._lock:
            return tuple(self._accounts.values())
