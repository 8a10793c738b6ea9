"""The account's quotas of what endpoints use, listed once for all objects."""

import threading
import time
from collections.abc import Callable

from smendpoints.aws.calls.clients import Clients

_FOR_ENDPOINTS = " for endpoint usage"
_PAGE = 100


class Quotas:
    """The quotas of one account and region. Whoever asks while they are listed waits for the one listing."""

    def __init__(self, clients: Clients, clock: Callable[[], float] = time.monotonic) -> None:
        self._clients = clients
        self._clock = clock
        self._lock = threading.Lock()
        self._listed: dict[str, tuple[float, dict[str, float]]] = {}

    def of(self, name: str, max_age: float) -> float | None:
        """SageMaker's quota of that name, listed at most `max_age` seconds ago; None where AWS lists none.

        Raises:
            ReconcileError: AWS could not be asked.
        """
        return self._list("sagemaker", lambda each: each.endswith(_FOR_ENDPOINTS), max_age).get(name)

    def of_targets(self, max_age: float) -> float | None:
        """The quota of scalable targets for SageMaker, as `of`; it is told by its words, as AWS's name may drift.

        Raises:
            ReconcileError: AWS could not be asked.
        """
        return next(iter(self._list("application-autoscaling", _is_of_targets, max_age).values()), None)

    def _list(self, service: str, wanted: Callable[[str], bool], max_age: float) -> dict[str, float]:
        with self._lock:
            listed_at, limits = self._listed.get(service, (float("-inf"), {}))
            if self._clock() - listed_at >= max_age:
                found = self._clients.all("service-quotas", "list_service_quotas", "Quotas", _PAGE, ServiceCode=service)
                limits = {
                    quota["QuotaName"]: quota["Value"]
                    for quota in found
                    if wanted(quota.get("QuotaName", "")) and "Value" in quota
                }
                self._listed[service] = self._clock(), limits
            return limits


def _is_of_targets(name: str) -> bool:
    words = name.lower()
    return "scalable target" in words and "sagemaker" in words
