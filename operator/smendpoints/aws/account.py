"""One place in AWS, whole: watch, observe, apply, and read logs."""

import threading
import time
from collections.abc import Callable, Collection
from datetime import datetime

from smendpoints.aws.apply import Applier
from smendpoints.aws.calls.clients import Clients, Place
from smendpoints.aws.calls.connections import Connections
from smendpoints.aws.checks.preflight import Preflight
from smendpoints.aws.datapoints import Reader
from smendpoints.aws.listed.watch import Cadence, Watch
from smendpoints.aws.logs import log_tail
from smendpoints.aws.monitoring import MonitoringObserver
from smendpoints.aws.observe import MOST_CONFIGS, Configs, Observer
from smendpoints.aws.prices import Prices
from smendpoints.aws.summaries import Reader as Summaries

_LONGEST_PASS = 300.0


class Account:
    """What a controller needs of one account and region."""

    def __init__(
        self,
        clients: Clients,
        clock: Callable[[], float] = time.monotonic,
        configs: Configs | None = None,
        cadence: Cadence | None = None,
        *,
        price_table: bool = False,
        analysis_period: int = 60,
    ) -> None:
        self.place = clients.place
        self._clients = clients
        self.watch = Watch(clients, clock, cadence)
        self.observe = Observer(clients, self.watch, configs, clock)
        self.monitoring = MonitoringObserver(clients, self.observe)
        self.prices = Prices(clients, clock, from_table=price_table)
        self.preflight = Preflight(clients, clock, lambda name: self.watch.peek(name) is not None)
        self.datapoints = Reader(clients, analysis_period)
        self.summaries = Summaries(clients)
        self.apply = Applier(clients, self.observe).apply

    def own_account(self) -> str | None:
        """The number of the account that the operator acts in without a role; None if AWS cannot be asked."""
        return self._clients.own_account()

    def invocations_url(self, endpoint: str) -> str:
        """Where the endpoint is invoked."""
        base = str(self._clients("sagemaker-runtime").meta.endpoint_url)
        return f"{base.rstrip('/')}/endpoints/{endpoint}/invocations"

    def log_tail(self, endpoint: str, variants: Collection[str], since: datetime) -> list[str]:
        """The last lines of a container of these variants, as `logs.log_tail`."""
        return log_tail(self._clients, endpoint, variants, since)


class Accounts:
    """The accounts of the places that have objects, each made once; all share the process's connections."""

    def __init__(
        self,
        connections: Connections,
        clock: Callable[[], float] = time.monotonic,
        cadence: Cadence | None = None,
        *,
        price_table: bool = False,
        analysis_period: int = 60,
    ) -> None:
        self._connections = connections
        self._clock = clock
        self._cadence = cadence
        self._price_table = price_table
        self._analysis_period = analysis_period
        self._configs = Configs(MOST_CONFIGS)
        self._lock = threading.Lock()
        self._accounts: dict[Place, Account] = {}
        self._asked_at: dict[Place, float] = {}

    def __call__(self, place: Place) -> Account:
        """The account of a place."""
        with self._lock:
            self._asked_at[place] = self._clock()
            if place not in self._accounts:
                clients = Clients(place, self._connections)
                self._accounts[place] = Account(
                    clients,
                    self._clock,
                    self._configs,
                    self._cadence,
                    price_table=self._price_table,
                    analysis_period=self._analysis_period,
                )
            return self._accounts[place]

    def all(self) -> tuple[Account, ...]:
        """All that are known."""
        with self._lock:
            return tuple(self._accounts.values())

    def keep(self, places: Collection[Place]) -> None:
        """Let go of all places but these, and those that were asked for within five minutes.

        That is longer than a reconcile; one that goes on all the same has its account in its hands, and ends well.
        """
        with self._lock:
            now = self._clock()
            gone = [
                place for place, when in self._asked_at.items() if place not in places and now - when >= _LONGEST_PASS
            ]
            for place in gone:
                del self._accounts[place], self._asked_at[place]
            kept = frozenset(self._accounts)
        if gone:
            self._connections.keep(kept)
