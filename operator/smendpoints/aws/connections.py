"""boto3's clients of the whole process: one for each service and region, whoever calls.

A client weighs megabytes, and callers differ in nothing but the signature: each call is signed with the credentials of
the session that makes it (`calling`). Retries and pace are ours, hooked into botocore's events; botocore's own
retries, which take quotas for throttling, are off.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from smendpoints.aws.errors import is_throttling, translated
from smendpoints.aws.fencing import put_up
from smendpoints.aws.identity import Place, Presented, Sessions
from smendpoints.aws.pace import Paces
from smendpoints.aws.retries import code_of, wait_before_retry
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.reasons import Reason
from smendpoints.metrics import AWS_CALLS


@dataclass(frozen=True)
class _Caller:
    """Who makes the calls of this thread now; `credentials` is None for the operator's own."""

    account: str
    credentials: Any


_caller: ContextVar[_Caller] = ContextVar("caller")


class Connections:
    """The clients, the sessions and the paces. Thread-safe; making a client is not, hence the lock."""

    def __init__(
        self,
        region: str,
        size: int,
        presented: Presented | None = None,
        *,
        session: Callable[[], Any] | None = None,
        fence: Callable[[str], None] | None = None,
        user_agent: str = "smendpoints",
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`region` is where roles are assumed, `size` how many calls to a service may be under way at once.

        `fence` is asked before each attempt of each call that writes; what it raises ends the call.
        """
        self._region = region
        self._make_session = session or _own_session
        self._fence = fence
        self._sleep = sleep
        self._lock = threading.Lock()
        self._session: Any = None
        self._clients: dict[tuple[str, str], Any] = {}
        self.paces = Paces(clock)
        self.sessions = Sessions(presented or Presented(), self._assume)
        self._config = Config(
            connect_timeout=5,
            read_timeout=30,
            max_pool_connections=size,
            retries={"mode": "standard", "total_max_attempts": 1},
            # Its sessions would be kept by bucket in the client, which all callers share.
            s3={"disable_s3_express_session_auth": True},  # type: ignore[arg-type]
            user_agent_extra=user_agent,
        )

    def client(self, service: str, region: str) -> Any:
        """The client of a service in a region; calls are made within `calling`.

        Raises:
            ReconcileError: it cannot be made.
        """
        with self._lock:
            key = service, region
            if key not in self._clients:
                with translated(f"connect to {service}"):
                    self._session = self._session or self._make_session()
                    made = self._session.client(service, region_name=region, config=self._config)
                self._hook(made, service, region)
                self._clients[key] = made
            return self._clients[key]

    @contextmanager
    def calling(self, place: Place, namespace: str | None) -> Iterator[None]:
        """The calls of this thread are made in this place; for a namespace, or for all.

        Raises:
            ReconcileError: the credentials cannot be had.
        """
        credentials = self.sessions.credentials(place.role_arn, namespace)
        if credentials is not None:
            with translated("assume_role"):
                credentials.get_frozen_credentials()
        token = _caller.set(_Caller(place.account, credentials))
        try:
            yield
        finally:
            _caller.reset(token)

    def keep(self, places: frozenset[Place]) -> None:
        """Close and forget what serves none of these places. A call under way ends as if nothing had been."""
        regions = {place.region for place in places}
        with self._lock:
            closed = [client for key, client in self._clients.items() if not self._needed(*key, regions)]
            self._clients = {key: each for key, each in self._clients.items() if self._needed(*key, regions)}
        for client in closed:
            client.close()
        self.sessions.keep(frozenset(place.role_arn for place in places))
        self.paces.keep(frozenset({(place.account, place.region) for place in places} | {("", self._region)}))

    def _needed(self, service: str, region: str, regions: set[str]) -> bool:
        return region in regions or (service == "sts" and region == self._region)

    def _assume(self, request: dict[str, Any]) -> dict[str, Any]:
        """AssumeRole, by the operator itself."""
        with self.calling(Place(self._region), None):
            response: dict[str, Any] = self.client("sts", self._region).assume_role(**request)
            return response

    def _hook(self, client: Any, service: str, region: str) -> None:
        """Stand before and after each attempt of each call of this client."""
        name = client.meta.service_model.service_id.hyphenize()

        def begin(request: Any, **_: Any) -> None:
            caller = _caller.get()
            if caller.credentials is not None:
                signing = request.context.get("signing", {})
                request.context["signing"] = {**signing, "request_credentials": caller.credentials}
            wait = self.paces(caller.account, region, service).reserve()
            if wait is None:
                message = "AWS throttles the calls of this account and region, and too many wait already"
                raise ReconcileError(Kind.RETRY, Reason.THROTTLED, message)
            if wait > 0:
                self._sleep(wait)

        def end(
            response: Any, operation: Any, attempts: int, caught_exception: Exception | None, **_: Any
        ) -> float | None:
            status, code = None, ""
            if response is not None:
                status, code = response[0].status_code, code_of(response[1])
                pace = self.paces(_caller.get().account, region, service)
                if is_throttling(code, response[0].status_code):
                    pace.throttled()
                else:
                    pace.admitted()
            AWS_CALLS.labels(service, operation.name, code or ("OK" if response is not None else "none")).inc()
            return wait_before_retry(attempts, status, code, caught_exception, random.uniform)

        if self._fence is not None:
            put_up(client, self._fence)
        client.meta.events.register_first(f"request-created.{name}", begin)
        client.meta.events.register_first(f"needs-retry.{name}", end)


def _own_session() -> boto3.Session:
    return boto3.Session(botocore_session=botocore.session.get_session())
