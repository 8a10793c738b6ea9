"""boto3's clients of the whole process: one for each service and region, whoever calls.

A client weighs megabytes, and callers differ in nothing but the signature: each call is signed with the credentials of
the session that makes it (`calling`). Retries and pace are ours, hooked into botocore's events; botocore's own
retries, which take quotas for throttling, are off.
"""

import logging
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

from smendpoints.aws.calls.errors import is_throttling, translated
from smendpoints.aws.calls.fencing import put_up
from smendpoints.aws.calls.identity import Place, Presented, Sessions
from smendpoints.aws.calls.pace import Call
from smendpoints.aws.calls.paces import Paces
from smendpoints.aws.calls.retries import code_of, wait_before_retry
from smendpoints.domain.errors import ReconcileError
from smendpoints.metrics import AWS_CALLS, AWS_THROTTLED, AWS_WAIT_SECONDS

logger = logging.getLogger(__name__)
_ASK_AGAIN = 300.0


@dataclass(frozen=True)
class _Caller:
    """Who makes the calls of this thread now; `credentials` is None for the operator's own."""

    account: str
    credentials: Any
    namespace: str | None = None


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
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        """`region` is where roles are assumed, `size` how many calls to a service may be under way at once.

        `fence` is asked before each attempt of each call that writes; what it raises ends the call. `sleep` is for a
        `clock` that only moves when it is told to.
        """
        self._region = region
        self._make_session = session or _own_session
        self._fence = fence
        self._clock = clock
        self._lock = threading.Lock()
        self._session: Any = None
        self._clients: dict[tuple[str, str], Any] = {}
        self._own_account: str | None = None
        self._own_asked_at = float("-inf")
        self._called_as: set[bool] = set()  # in a role, or not
        self.paces = Paces(clock) if sleep is None else Paces(clock, lambda _, seconds: sleep(seconds))
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
            ReconcileError: there are no credentials, or AWS refuses them.
        """
        credentials = self.sessions.credentials(place.role_arn, namespace)
        if credentials is not None:
            with translated("assume_role"):
                credentials.get_frozen_credentials()
        with self._as(_Caller(self._account_of(place), credentials, namespace)):
            yield

    @contextmanager
    def _as(self, caller: _Caller) -> Iterator[None]:
        token = _caller.set(caller)
        try:
            yield
        finally:
            _caller.reset(token)

    def own_account(self) -> str | None:
        """The number of the account that the operator acts in without a role; None if AWS cannot be asked."""
        if self._own_account is None:
            try:
                with self._as(_Caller("", None)), translated("get_caller_identity"):
                    found = self.client("sts", self._region).get_caller_identity()
            except ReconcileError as failure:
                logger.warning("the operator's own account is not known: %s", failure)
                return None
            self._own_account = str(found["Account"])
            self.paces.is_account(self._own_account)
        return self._own_account

    def _account_of(self, place: Place) -> str:
        """Whose rate limits count; empty is the operator's own account, as long as nobody else shares it."""
        self._called_as.add(bool(place.account))
        if self._own_account is None and len(self._called_as) > 1 and self._due():
            self.own_account()
        return place.account or self._own_account or ""

    def _due(self) -> bool:
        with self._lock:
            now = self._clock()
            due = now - self._own_asked_at >= _ASK_AGAIN
            self._own_asked_at = now if due else self._own_asked_at
            return due

    def keep(self, places: frozenset[Place]) -> None:
        """Close and forget what serves none of these places. A call under way ends as if nothing had been."""
        regions = {place.region for place in places}
        with self._lock:
            closed = [client for key, client in self._clients.items() if not self._needed(*key, regions)]
            self._clients = {key: each for key, each in self._clients.items() if self._needed(*key, regions)}
        for client in closed:
            client.close()
        self.sessions.keep(frozenset(place.role_arn for place in places))
        own = self._own_account or ""
        kept = {(place.account or own, place.region) for place in places}
        self.paces.keep(frozenset(kept | {(own, self._region)}))

    def _needed(self, service: str, region: str, regions: set[str]) -> bool:
        # Of these two the operator uses one client each, wherever objects are.
        return region in regions or service == "sqs" or (service == "sts" and region == self._region)

    def _assume(self, request: dict[str, Any]) -> dict[str, Any]:
        """AssumeRole, by the operator itself."""
        with self._as(_Caller(self._own_account or "", None)):
            response: dict[str, Any] = self.client("sts", self._region).assume_role(**request)
            return response

    def _hook(self, client: Any, service: str, region: str) -> None:
        """Stand before and after each attempt of each call of this client."""
        name = client.meta.service_model.service_id.hyphenize()

        def begin(request: Any, operation_name: str, **_: Any) -> None:
            caller = _caller.get()
            if caller.credentials is not None:
                signing = request.context.get("signing", {})
                request.context["signing"] = {**signing, "request_credentials": caller.credentials}
            with AWS_WAIT_SECONDS.labels(service).time():
                self.paces.wait(caller.account, region, Call(service, operation_name), caller.namespace)

        def end(
            response: Any, operation: Any, attempts: int, caught_exception: Exception | None, **_: Any
        ) -> float | None:
            status, code = None, ""
            if response is not None:
                status, code = response[0].status_code, code_of(response[1])
                throttled = is_throttling(code, status)
                if throttled:
                    AWS_THROTTLED.labels(service, operation.name).inc()
                answered = self.paces.refused if throttled else self.paces.admitted
                answered(_caller.get().account, region, Call(service, operation.name))
            AWS_CALLS.labels(service, operation.name, code or ("OK" if response is not None else "none")).inc()
            return wait_before_retry(attempts, status, code, caught_exception, random.uniform)

        if self._fence is not None:
            put_up(client, self._fence)
        client.meta.events.register_first(f"request-created.{name}", begin)
        client.meta.events.register_first(f"needs-retry.{name}", end)


def _own_session() -> boto3.Session:
    return boto3.Session(botocore_session=botocore.session.get_session())
