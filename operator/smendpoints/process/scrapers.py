"""Who may read `/metrics`: the API server says whose a token is (TokenReview), and whether that account may `get` the
path (SubjectAccessReview), as controllers of controller-runtime ask. It knows neither ports nor TLS.
"""

import enum
import hashlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from smendpoints.kube.client import KubeError, RefusedError

logger = logging.getLogger(__name__)
_YES_SECONDS = 60.0  # how long an answer counts
_NO_SECONDS = 10.0  # less: a right that was just given is to work soon
_AWAY_SECONDS = 600.0  # how long a yes counts while the API server does not answer
_KNOWN = 64  # tokens that are remembered
_AT_ONCE = 4  # tokens that are asked about at the same time
_PATIENCE_SECONDS = 5.0  # of one that waits for its turn to be asked about
_SCHEME = "bearer "
_BIND, _ROLE = "bind it to the ClusterRole of the chart that ends with", "-metrics"
Ask = Callable[[str, str, Mapping[str, Any]], dict[str, Any]]


class Access(enum.Enum):
    """What a reader of the metrics is answered: the status of HTTP, and a sentence."""

    GRANTED = ("200 OK", "")
    UNKNOWN = ("401 Unauthorized", "send the token of an account of this cluster: Authorization: Bearer TOKEN")
    FORBIDDEN = ("403 Forbidden", f"the account may not get the path /metrics: {_BIND} {_ROLE}-reader")
    UNDECIDED = ("503 Service Unavailable", "the API server does not say whose the token is: ask again")
    UNABLE = ("500 Internal Server Error", f"the operator may not ask whose a token is: {_BIND} {_ROLE}-auth")


@dataclass(frozen=True)
class _Answer:
    access: Access
    at: float

    def counts(self, now: float) -> bool:
        return now - self.at < (_YES_SECONDS if self.access is Access.GRANTED else _NO_SECONDS)

    def counts_while_nobody_answers(self, now: float) -> bool:
        return self.access is Access.GRANTED and now - self.at < _AWAY_SECONDS


class Scrapers:
    """Thread-safe. `ask` is `KubeClient.request`. Tokens are kept as digests alone.

    While the API server does not answer, a token that it last accepted is accepted for ten minutes: an outage of it is
    when metrics are needed. Any other is told to come again.
    """

    def __init__(self, ask: Ask, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[bytes, _Answer] = {}  # the one that was asked about last is at the end
        self._turns = threading.BoundedSemaphore(_AT_ONCE)

    def access(self, authorization: str | None) -> Access:
        """The answer to a request with this header."""
        if authorization is None or not authorization.lower().startswith(_SCHEME):
            return Access.UNKNOWN
        token = authorization[len(_SCHEME) :].strip()
        key = hashlib.sha256(token.encode()).digest()
        known = self._answer(key)
        if known is not None and known.counts(self._clock()):
            return known.access
        if not self._turns.acquire(timeout=_PATIENCE_SECONDS):
            found = Access.UNDECIDED
        else:
            try:
                found = self._ask_about(token)
            finally:
                self._turns.release()
        if found is not Access.UNDECIDED:
            self._remember(key, found)
        elif known is not None and known.counts_while_nobody_answers(self._clock()):
            return known.access
        return found

    def _ask_about(self, token: str) -> Access:
        try:
            review = self._status("authentication.k8s.io/v1", "TokenReview", {"token": token})
            if not review.get("authenticated"):
                return Access.UNKNOWN
            user = review.get("user") or {}
            asked = {
                "user": user.get("username", ""),
                "uid": user.get("uid", ""),
                "groups": user.get("groups") or [],
                "extra": user.get("extra") or {},
                "nonResourceAttributes": {"path": "/metrics", "verb": "get"},
            }
            allowed = self._status("authorization.k8s.io/v1", "SubjectAccessReview", asked).get("allowed")
        except (KubeError, RuntimeError) as error:
            unable = isinstance(error, RefusedError) and error.status in {401, 403, 404}
            logger.warning("cannot tell who reads the metrics: %s", error)
            return Access.UNABLE if unable else Access.UNDECIDED
        return Access.GRANTED if allowed else Access.FORBIDDEN

    def _status(self, version: str, kind: str, spec: Mapping[str, Any]) -> dict[str, Any]:
        """What the API server fills in of a review."""
        body = {"apiVersion": version, "kind": kind, "spec": spec}
        status = self._ask("POST", f"/apis/{version}/{kind.lower()}s", body).get("status")
        return status if isinstance(status, dict) else {}

    def _answer(self, key: bytes) -> _Answer | None:
        with self._lock:
            return self._known.get(key)

    def _remember(self, key: bytes, access: Access) -> None:
        with self._lock:
            self._known.pop(key, None)
            self._known[key] = _Answer(access, self._clock())
            while len(self._known) > _KNOWN:
                refused = (each for each, answer in self._known.items() if answer.access is not Access.GRANTED)
                del self._known[next(refused, next(iter(self._known)))]
