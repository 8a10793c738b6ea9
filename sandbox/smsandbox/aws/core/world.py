"""One simulated AWS: its time, its settings, its services and what they share. No threads, no sockets, no moto."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from moto.core.utils import get_service_model

from smsandbox.aws.core.calls import Call, CallLog, summarize
from smsandbox.aws.core.clock import Clock, SystemClock, VirtualClock
from smsandbox.aws.core.errors import AwsError, ResponseLostError
from smsandbox.aws.core.faults import Faults
from smsandbox.aws.core.nulls import NullAlarms, NullEvents, NullFleet, NullHosting, NullLogs, NullMetrics, NullTargets
from smsandbox.aws.core.settings import Settings
from smsandbox.aws.core.throttle import Throttle
from smsandbox.aws.core.timeline import Event, Timeline
from smsandbox.aws.core.validation import shaped, validate

if TYPE_CHECKING:
    from collections.abc import Callable

    from smsandbox.aws.core.context import Request
    from smsandbox.aws.core.ports import Alarms, Authorizer, Events, Fleet, Hosting, Logs, Metrics, Objects, Targets
    from smsandbox.aws.core.service import Service

T = TypeVar("T")

RESOURCE_MEMBERS = (
    "EndpointName",
    "EndpointConfigName",
    "ModelName",
    "ResourceId",
    "ResourceArn",
    "AlarmName",
    "AlarmNames",
)


class World:
    """A simulated AWS. `lock` guards all state of the services and the timeline."""

    def __init__(self, *, objects: Objects, clock: Clock | None = None, settings: Settings | None = None) -> None:
        self.clock: Clock = clock or SystemClock()
        self.settings = settings or Settings()
        self.lock = threading.RLock()
        self.timeline = Timeline()
        self.faults = Faults(self.settings.seed)
        self.calls = CallLog()
        self.services: dict[str, Service] = {}
        self.objects: Objects = objects
        self.fleet: Fleet = NullFleet()
        self.hosting: Hosting = NullHosting()
        self.authorizer: Authorizer | None = None
        self.metrics: Metrics = NullMetrics()
        self.logs: Logs = NullLogs()
        self.alarms: Alarms = NullAlarms()
        self.events: Events = NullEvents()
        self.targets: Targets = NullTargets()
        self._throttle = Throttle()
        self._random = random.Random(self.settings.seed)

    # time

    def now(self) -> float:
        """Epoch seconds."""
        return self.clock.now()

    def real(self, aws_seconds: float) -> float:
        """The real seconds in which `aws_seconds` of a wait given by the user pass."""
        return aws_seconds / self.settings.time_scale

    def at(self, when: float, callback: Callable[[], None]) -> Event:
        """Run `callback`, under the lock, once it is `when`."""
        return self.timeline.at(when, callback)

    def after(self, seconds: float, callback: Callable[[], None]) -> Event:
        """Run `callback`, under the lock, in `seconds` real seconds."""
        return self.timeline.at(self.clock.now() + seconds, callback)

    def varied(self, seconds: float) -> float:
        """A duration with the jitter of the settings, drawn by the seed."""
        jitter = self.settings.durations.jitter
        return seconds * (1 + jitter * (2 * self._random.random() - 1)) if jitter else seconds

    def random(self) -> random.Random:
        """The world's source of chance; use it under the lock."""
        return self._random

    def advance(self, seconds: float = 0.0) -> None:
        """Do what has become due. With a virtual clock, `seconds` pass first."""
        with self.lock:
            if seconds:
                if not isinstance(self.clock, VirtualClock):
                    raise TypeError("only a world with a VirtualClock can be advanced by seconds; a real one waits")
                self.clock.advance(seconds)
            self.timeline.run_due(self.clock)

    # calls

    def register(self, service: Service) -> None:
        self.services[service.service_name] = service

    def call(self, request: Request) -> dict[str, Any]:
        """Make an API call to one of the world's own services; the shaped answer, or AwsError."""
        service = self.services[request.service]
        method = service.operation(request.operation)
        if method is None:
            raise LookupError(f"{request.service}:{request.operation} is moto's")
        model = get_service_model(request.service).operation_model(request.operation)

        def run() -> dict[str, Any]:
            validate(request.params, model.input_shape)
            if service.exclusive:
                with self.lock:
                    result = method(request.context, request.params)
            else:
                result = method(request.context, request.params)
            return shaped(result, model.output_shape, request.operation)

        return self.perform(request, run)

    def perform(self, request: Request, action: Callable[[], T], code_of: Callable[[T], str] = lambda _: "OK") -> T:
        """Do `action` as the API call `request`: with its faults, under its throttle, and counted."""
        code, began = "InternalFailure", self.now()
        try:
            self.advance()
            self._strike(request)
            result = action()
            code = code_of(result)
            if (hold := self._taken("hold", request)) is not None:
                self.faults.hold(hold)
            if self._taken("lose_response", request):
                code = "ResponseLost"
                raise ResponseLostError(request.operation)
            return result
        except AwsError as error:
            code = error.code
            raise
        finally:
            self.count(request, code, began)

    def count(self, request: Request, code: str, began: float | None = None) -> None:
        """Note an API call and its result; it came in just now unless `began` says when."""
        self.calls.add(
            Call(
                self.now(),
                request.service,
                request.operation,
                code,
                request.region,
                request.account,
                summarize(request.params),
                request.user_agent,
                self.now() if began is None else began,
                request.principal_arn,
            )
        )

    def _strike(self, request: Request) -> None:
        if (delay := self._taken("delay", request)) is not None:
            self.clock.sleep(delay.delay_seconds)
        if self._taken("throttle", request) or not self._throttle.admits(request, self.settings.throttle, self.now()):
            raise AwsError("ThrottlingException", "Rate exceeded")
        if self.settings.enforce_iam and self.authorizer is not None:
            self.authorizer.authorize(request)
        if self._taken("access_denied", request):
            who = request.principal_arn or f"arn:aws:iam::{request.account}:root"
            action = f"{request.service.split('-runtime')[0]}:{request.operation}"
            raise AwsError(
                "AccessDeniedException",
                f"User: {who} is not authorized to perform: {action} because no identity-based policy allows the "
                f"{action} action",
            )
        if (fault := self._taken("error", request)) is not None:
            raise AwsError(fault.code, fault.message, fault.status)

    def _taken(self, kind: Any, request: Request) -> Any:
        if self.faults.none_in_force:
            return None
        given = [request.params[member] for member in RESOURCE_MEMBERS if member in request.params]
        names = tuple(str(name) for value in given for name in (value if isinstance(value, list) else [value]))
        return self.faults.take(kind, service=request.service, operation=request.operation, resources=names)
