"""Asynchronous inference: requests kept until an instance takes them, results in S3, the metrics of the backlog."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from smsandbox.aws.core.errors import AwsError
from smsandbox.aws.fleet.presence import NAMESPACE
from smsandbox.aws.moto.topics import publish
from smsandbox.aws.runtime.async_job import Job, job_of
from smsandbox.aws.runtime.errors import invalid, model_error
from smsandbox.aws.runtime.forward import Invocation, UnreachableError
from smsandbox.aws.runtime.routing import takes_requests

if TYPE_CHECKING:
    from smsandbox.aws.core.ports import EndpointView, InstanceSpec, Route
    from smsandbox.aws.core.world import World
    from smsandbox.aws.runtime.dispatch import Dispatcher
    from smsandbox.aws.runtime.routing import Router

log = logging.getLogger(__name__)

DEFAULT_CONCURRENCY = 4
METRICS_AWS_SECONDS = 60.0
Key = tuple[str, str, str]


@dataclass
class Backlog:
    """The requests of one endpoint that wait, and how many are under way on each instance."""

    waiting: deque[Job] = field(default_factory=deque)
    running: dict[str, int] = field(default_factory=dict)
    is_planned: bool = False


class AsyncQueue:
    """Thread-safe. Work is handed out by the timeline, done in threads."""

    def __init__(self, world: World, dispatcher: Dispatcher, router: Router) -> None:
        self._world = world
        self._dispatcher = dispatcher
        self._router = router
        self._backlogs: dict[Key, Backlog] = {}

    def accept(self, view: EndpointView, params: dict[str, Any]) -> dict[str, Any]:
        """Queue a request; the answer of InvokeEndpointAsync."""
        with self._world.lock:
            job = job_of(view, params, self._world.random(), self._world.now())
            self.track(view).waiting.append(job)
            self._hand_out(_key(view))
        return {"InferenceId": job.id, "OutputLocation": job.output, "FailureLocation": job.failure}

    # the backlog, under the World's lock

    def track(self, view: EndpointView) -> Backlog:
        """The backlog of an endpoint; from the first time on, its metrics are written."""
        key = _key(view)
        backlog = self._backlogs.setdefault(key, Backlog())
        if not backlog.is_planned:
            backlog.is_planned = True
            self._tick(key)
        return backlog

    def watch(self, spec: InstanceSpec) -> None:
        """An instance is launched: the backlog of an asynchronous endpoint is measured from then on."""
        key = (spec.account, spec.region, spec.endpoint)
        if spec.asynchronous and key not in self._backlogs:
            self._backlogs[key] = Backlog(is_planned=True)
            self._world.after(0.0, lambda: self._tick(key))

    def _tick(self, key: Key) -> None:
        """Once a minute, for as long as the endpoint is there: metrics, expiry, and a look for free instances."""
        view = self._world.hosting.endpoint(*key)
        if view is None or not view.config.get("AsyncInferenceConfig"):
            del self._backlogs[key]
            return
        self._expire(key)
        if view.serves:
            self._publish(key, view)
        self._hand_out(key)
        self._world.after(max(self._world.real(METRICS_AWS_SECONDS) / 2, 0.1), lambda: self._tick(key))

    def _publish(self, key: Key, view: EndpointView) -> None:
        backlog, now = self._backlogs[key], self._world.now()
        instances = sum(1 for route in view.routes if takes_requests(route))
        size = len(backlog.waiting) + sum(backlog.running.values())
        oldest = (now - backlog.waiting[0].accepted) * self._world.settings.time_scale if backlog.waiting else 0.0
        values = {
            "ApproximateBacklogSize": float(size),
            "HasBacklogWithoutCapacity": float(bool(size) and not instances),
            "ApproximateAgeOfOldestRequest": oldest,
            # Without instances all of it: target tracking leaves zero by it.
            "ApproximateBacklogSizePerInstance": size / max(instances, 1),
        }
        account, region, name = key
        for metric, value in values.items():
            unit = "Seconds" if metric.startswith("ApproximateAge") else "Count"
            self._world.metrics.put(account, region, NAMESPACE, metric, {"EndpointName": name}, value, unit)

    def _expire(self, key: Key) -> None:
        backlog, now = self._backlogs[key], self._world.now()
        for job in [one for one in backlog.waiting if now - one.accepted > self._world.real(one.ttl)]:
            backlog.waiting.remove(job)
            self._count(key, None, "ExpiredRequests", 1.0, "Count")
            error = AwsError("ValidationError", f"Inference {job.id} expired after {job.ttl:g} seconds in the queue.")
            threading.Thread(target=self._end, args=(key, job, None, error), daemon=True).start()

    def _hand_out(self, key: Key) -> None:
        """Give waiting requests to instances that have room."""
        view, backlog = self._world.hosting.endpoint(*key), self._backlogs.get(key)
        if view is None or backlog is None or not view.serves:
            return
        client = view.config["AsyncInferenceConfig"].get("ClientConfig") or {}
        most = client.get("MaxConcurrentInvocationsPerInstance", DEFAULT_CONCURRENCY)
        while backlog.waiting:
            free = [
                route
                for route in self._router.candidates(view, None)
                if backlog.running.get(route.instance.id, 0) < most
            ]
            if not free:
                return
            job, route = backlog.waiting.popleft(), free[0]
            backlog.running[route.instance.id] = backlog.running.get(route.instance.id, 0) + 1
            threading.Thread(target=self._work, args=(key, view, route, job), daemon=True, name="async").start()

    # one request, in a thread of its own

    def _work(self, key: Key, view: EndpointView, route: Route, job: Job) -> None:
        is_back = False
        try:
            self._process(key, view, route, job)
        except UnreachableError:
            is_back = True
        except Exception as error:
            log.exception("asynchronous request %s", job.id)
            self._end(key, job, route.variant, AwsError("InternalFailure", str(error), 500))
        with self._world.lock:
            backlog = self._backlogs.get(key)
            if backlog is None:
                return
            backlog.running[route.instance.id] -= 1
            if not backlog.running[route.instance.id]:
                del backlog.running[route.instance.id]
            if is_back:
                backlog.waiting.appendleft(job)
            else:
                self._hand_out(key)

    def _process(self, key: Key, view: EndpointView, route: Route, job: Job) -> None:
        self._count(key, route.variant, "TimeInBacklog", (self._world.now() - job.accepted) * 1000, "Milliseconds")
        try:
            body = self._world.objects.read(view.account, job.source) if job.source else job.body
        except (KeyError, ValueError):
            self._end(
                key, job, route.variant, invalid(f"Could not download the input {job.source} of inference {job.id}.")
            )
            return
        params = job.params
        kind = params.get("ContentType")
        if kind is None and job.source:
            kind = self._world.objects.content_type(view.account, job.source)
        invocation = Invocation(
            body, kind, params.get("Accept"), params.get("CustomAttributes"), job.id,
            timeout=max(self._world.real(job.timeout), 10.0),
        )  # fmt: skip
        started = time.monotonic()
        try:
            answer = self._dispatcher.ask(view, route, invocation)
        except AwsError as error:
            self._end(key, job, route.variant, error)
            return
        self._count(key, route.variant, "ModelLatency", answer.latency * 1e6, "Microseconds")
        self._count(key, route.variant, "TotalProcessingTime", (time.monotonic() - started) * 1000, "Milliseconds")
        if not answer.is_good:
            self._end(key, job, route.variant, model_error(view, answer))
            return
        self._write(key, job.output, answer.body, answer.content_type or "application/octet-stream")
        self._count(key, route.variant, "InvocationsProcesssed", 1.0, "Count")  # sic
        self._notify(key, job, None)

    def _end(self, key: Key, job: Job, variant: str | None, error: AwsError) -> None:
        """A request that failed: its error where the config says, and the metrics of it."""
        self._count(key, variant, "InvocationFailures", 1.0, "Count")
        if job.failure is not None:
            text = json.dumps({"errorCode": error.code, "errorMessage": error.message, "inferenceId": job.id})
            self._write(key, job.failure, text.encode(), "application/json")
        self._notify(key, job, error)

    def _write(self, key: Key, uri: str, body: bytes, content_type: str) -> None:
        try:
            self._world.objects.write(key[0], uri, body, content_type)
        except KeyError:
            log.warning("asynchronous result lost: the bucket of %s does not exist", uri)

    def _count(self, key: Key, variant: str | None, metric: str, value: float, unit: str) -> None:
        account, region, name = key
        dimensions = {"EndpointName": name} | ({"VariantName": variant} if variant else {})
        self._world.metrics.put(account, region, NAMESPACE, metric, dimensions, value, unit)

    def _notify(self, key: Key, job: Job, error: AwsError | None) -> None:
        """Publish to the SNS topic of the config, where it names one."""
        account, region, _ = key
        with self._world.lock:
            view = self._world.hosting.endpoint(*key)
        config = (view.config.get("AsyncInferenceConfig") or {}).get("OutputConfig", {}) if view else {}
        topic = (config.get("NotificationConfig") or {}).get("ErrorTopic" if error else "SuccessTopic")
        if topic is None:
            return
        message = {
            "awsRegion": region,
            "eventName": "InferenceResult",
            "eventSource": "aws:sagemaker",
            "invocationStatus": "Failed" if error else "Completed",
            "inferenceId": job.id,
            "requestParameters": {"endpointName": key[2], "inputLocation": job.source},
            "responseParameters": {"outputLocation": job.output} if error is None else {},
            "failureReason": error.message if error else None,
        }
        if not publish(account, region, topic, message):
            self._count(key, None, "NotificationFailures", 1.0, "Count")


def _key(view: EndpointView) -> Key:
    return view.account, view.region, view.name
