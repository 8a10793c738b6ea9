"""How many scalable targets there are in a place, and who is about to register more: asked once for all objects.

An endpoint registers its targets minutes after its launch. Until then they are promised to it, so that of many that
are launched together none finds out too late. A promise holds while the endpoint is there, an hour at the most.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from smendpoints.aws.calls.clients import Clients
from smendpoints.aws.checks.quotas import Quotas
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.preflight.targets import Targets
from smendpoints.domain.reasons import Reason

_HOUR = 3600.0
_RECENT = 60.0
_UNSEEN = 120.0
_PAGE = 50


@dataclass(frozen=True)
class _Promise:
    resource_ids: frozenset[str]
    given_at: float


class TargetBook:
    """The scalable targets of one place; `exists` tells whether an endpoint of that name is there."""

    def __init__(
        self,
        clients: Clients,
        quotas: Quotas,
        exists: Callable[[str], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clients = clients
        self._quotas = quotas
        self._exists = exists
        self._clock = clock
        self._lock = threading.Lock()
        self._listed_at = float("-inf")
        self._registered: frozenset[str] = frozenset()
        self._promises: dict[str, _Promise] = {}
        # Registered or promised; kept, as a launch has no time for each endpoint there is.
        self._taken: set[str] = set()

    def promise(self, targets: Targets, *, give: bool = True) -> ReconcileError | None:
        """Let the endpoint have its targets; why it cannot have them, as far as is certain. Else only asked, not given.

        Raises:
            ReconcileError: AWS could not be asked.
        """
        with self._lock:
            refusal = self._refusal(targets, _HOUR)
            if refusal is not None:
                self._tidy()  # some may be free again, or the quota raised
                refusal = self._refusal(targets, _RECENT)
            if refusal is not None:
                return ReconcileError(Kind.BLOCKED, Reason.QUOTA_EXCEEDED, refusal)
            if give:
                self._taken -= self._promised(targets.endpoint)
                self._promises[targets.endpoint] = _Promise(targets.resource_ids, self._clock())
                self._taken |= targets.resource_ids
            return None

    def _refusal(self, targets: Targets, max_age: float) -> str | None:
        limit = self._quotas.of_targets(max_age)
        if limit is None:
            return None
        self._list(max_age)
        own = self._promised(targets.endpoint)
        return targets.refusal(self._taken - own if own else self._taken, limit, self._clients.place.region)

    def _promised(self, endpoint: str) -> frozenset[str]:
        """What the endpoint was promised and has not registered yet."""
        promise = self._promises.get(endpoint)
        return promise.resource_ids - self._registered if promise is not None else frozenset()

    def _list(self, max_age: float) -> None:
        now = self._clock()
        if now - self._listed_at < max_age:
            return
        found = self._clients.all(
            "application-autoscaling",
            "describe_scalable_targets",
            "ScalableTargets",
            _PAGE,
            ServiceNamespace="sagemaker",
        )
        self._registered, self._listed_at = frozenset(each["ResourceId"] for each in found), now
        self._tidy()

    def _tidy(self) -> None:
        """Forget the promises that hold no longer."""
        now = self._clock()
        self._promises = {
            endpoint: promise for endpoint, promise in self._promises.items() if self._holds(endpoint, promise, now)
        }
        self._taken = set(self._registered).union(*(promise.resource_ids for promise in self._promises.values()))

    def _holds(self, endpoint: str, promise: _Promise, now: float) -> bool:
        age = now - promise.given_at
        if promise.resource_ids <= self._registered or age >= _HOUR:
            return False
        return age < _UNSEEN or self._exists(endpoint)
