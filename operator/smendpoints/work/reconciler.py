"""One reconcile of one object, from its newest version to what is written of it. Knows no queue, no threads, no kopf.

The finalizer is there before anything else is done, the status is written before Events tell of it, and what could not
be written counts as not found out: it is found out again.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from smendpoints.api.group import FINALIZER
from smendpoints.aws.calls.clients import Place
from smendpoints.controller.memory import digest
from smendpoints.controller.reconcile import Controller
from smendpoints.controller.result import NEVER, Awaits, Result
from smendpoints.domain.reasons import Reason
from smendpoints.kube.client import KubeError, RefusedError
from smendpoints.kube.merge_patch import merge_patch
from smendpoints.kube.objectapi import ObjectApi, patch_finalizers
from smendpoints.logs import about
from smendpoints.metrics import EVENTS, RECONCILE_SECONDS, RECONCILES
from smendpoints.work.objects import Tracked

logger = logging.getLogger(__name__)
_FIRST_BACKOFF, _LONGEST_BACKOFF = 1.0, 30.0
_CONFLICT, _GONE = 409, 404


@dataclass(frozen=True)
class Reconciled:
    """What became of an object: the versions that were written, and when and by what it is due again.

    `gone`: the API server knows of no such object.
    """

    written: tuple[Mapping[str, Any], ...] = ()
    requeue_after: float = NEVER
    awaits: Awaits = Awaits.NOTHING
    whereabouts: tuple[Place, str] | None = None
    gone: bool = False


@dataclass
class _Writing:
    """The object as it is at the API server, as far as the answers to our own writes tell."""

    body: Mapping[str, Any]
    written: list[Mapping[str, Any]] = field(default_factory=list)

    def answered(self, body: Mapping[str, Any]) -> None:
        self.body = body
        self.written.append(body)


def carry_out(
    api: ObjectApi,
    body: Mapping[str, Any],
    finalizer: str,
    reconcile: Callable[[Mapping[str, Any]], Result],
    answered: Callable[[Mapping[str, Any]], None],
) -> Result:
    """Reconcile an object of any kind, and write what came of it; `answered` gets each version that was written.

    Raises:
        KubeError: something could not be written.
    """
    meta = body["metadata"]
    finalizers = list(meta.get("finalizers", ()))
    if finalizer not in finalizers:
        if meta.get("deletionTimestamp"):
            return Result()  # nothing was made for it, or somebody took the finalizer off: it is about to be gone
        body = patch_finalizers(api, body, [*finalizers, finalizer])
        answered(body)
    result = reconcile(body)
    patch = merge_patch(dict(body.get("status") or {}), dict(result.status)) if result.status is not None else {}
    if result.finalized:
        left = [each for each in body["metadata"].get("finalizers", ()) if each != finalizer]
        body = patch_finalizers(api, body, left)
        answered(body)
    elif patch:
        body = api.patch_status(body, patch)
        answered(body)
    for event in result.events:
        level = logging.WARNING if event.warning else logging.INFO
        logger.log(level, "%s", event.message, extra={"reason": event.reason})
        EVENTS.labels(event.reason).inc()
        api.post(body, event)
    return result


class Reconciler:
    """Safe to call from many threads, but for one object by one at a time."""

    def __init__(self, controller: Controller, api: ObjectApi, clock: Callable[[], float] = time.monotonic) -> None:
        self._controller = controller
        self._api = api
        self._clock = clock

    def reconcile(self, tracked: Tracked) -> Reconciled:
        """Reconcile the object and write what came of it. Never raises but to end the process."""
        with about(tracked.namespace, tracked.name, tracked.uid):
            return self._reconcile_and_write(tracked)

    def _reconcile_and_write(self, tracked: Tracked) -> Reconciled:
        begun, gone = self._clock(), False
        writing = _Writing(tracked.read())
        memory = tracked.memory
        try:
            result = carry_out(
                self._api,
                writing.body,
                FINALIZER,
                lambda body: self._controller.reconcile(body, memory),
                writing.answered,
            )
            memory.told.unwritten, memory.told.status = 0, digest(writing.body.get("status"))
            RECONCILES.labels("changed" if writing.written else "unchanged").inc()
        except KubeError as error:
            status = error.status if isinstance(error, RefusedError) else None
            gone, result = status == _GONE, self._not_written(tracked, error, status)
            RECONCILES.labels("unwritten").inc()
        except Exception:
            logger.exception("internal error", extra={"reason": Reason.INTERNAL_ERROR})
            self._controller.forget(memory)
            result = Result(requeue_after=_LONGEST_BACKOFF)
            RECONCILES.labels("crashed").inc()
        RECONCILE_SECONDS.observe(self._clock() - begun)
        where = self._controller.whereabouts(tracked.uid, memory)
        return Reconciled(tuple(writing.written), result.requeue_after, result.awaits, where, gone)

    def _not_written(self, tracked: Tracked, error: KubeError, status: int | None) -> Result:
        self._controller.forget(tracked.memory)
        if status == _GONE:  # as soon as that is certain, nobody comes back to it
            return Result(requeue_after=_LONGEST_BACKOFF)
        told = tracked.memory.told
        told.unwritten += 1
        if status != _CONFLICT:
            logger.warning("cannot be written: %s", error, extra={"reason": Reason.NOT_WRITTEN})
        backoff = min(_FIRST_BACKOFF * 2 ** min(told.unwritten - 1, 10), _LONGEST_BACKOFF)
        return Result(requeue_after=backoff, awaits=tracked.awaits)
