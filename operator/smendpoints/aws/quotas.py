"""The account's quotas for endpoints, listed once and shared by all objects."""

import threading
import time
from collections.abc import Callable

from smendpoints.aws.clients import Clients

_FOR_ENDPOINTS = " for endpoint usage"
_PAGE = 100


class Quotas:
    """The quotas of one account and region."""

    def __init__(self, clients: Clients, clock: Callable[[], float] = time.monotonic) -> None:
        self._clients = clients
        self._clock = clock
        self._lock = threading.Lock()
        self._listed_at = float("-inf")
        self._limits: dict[str, float] = {}

    def of(self, name: str, max_age: float) -> float | None:
        """The quota of that name, listed at most `max_age` seconds ago; None where AWS lists none.

        Whoever asks meanwhile waits for the one listing.

        Raises:
            ReconcileError: AWS could not be asked.
        """
        with self._lock:
            if self._clock() - self._listed_at >= max_age:
                found = self._clients.all(
                    "service-quotas", "list_service_quotas", "Quotas", _PAGE, ServiceCode="sagemaker"
                )
                self._limits = {
                    quota["QuotaName"]: quota["Value"]
                    for quota in found
                    if quota.get("QuotaName", "").endswith(_FOR_ENDPOINTS) and "Value" in quota
                }
                self._listed_at = self._clock()
            return self._limits.get(name)
