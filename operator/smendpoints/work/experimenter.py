"""Watches experiments and carries their lives on: the loop around `controller.experiments`, in a thread of its own.

kopf's own watch would end the process where the kind may not be read or is not there. Each experiment is looked at now
and then, and when one changes; CloudWatch is asked once for each whole period, whatever happens. What is written is
their status, and Events; who splits which endpoint's traffic is told to the controller as soon as it is written.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from smendpoints.api.group import EXPERIMENT_FINALIZER, EXPERIMENT_PLURAL, GROUP, VERSION
from smendpoints.controller.experiments import Experiments
from smendpoints.controller.tenancy import Tenancy
from smendpoints.domain.tenancy.traffic import traffic_claim
from smendpoints.kube.client import KubeClient, KubeError, RefusedError
from smendpoints.kube.objectapi import ObjectApi
from smendpoints.logs import about
from smendpoints.work.boundary import Found, Reflector
from smendpoints.work.objects import version_of
from smendpoints.work.reconciler import carry_out

logger = logging.getLogger(__name__)
Body = Mapping[str, Any]
_OURS_TO_WAIT = frozenset({404, 409})  # gone, or changed meanwhile: the watch brings it


class Experimenter:
    """The experiments as the API server has them. `step` is for one thread; the rest for any."""

    def __init__(self, tenancy: Tenancy, api: ObjectApi, experiments: Experiments) -> None:
        tenancy.await_experiments()
        self._tenancy = tenancy
        self._api = api
        self._experiments = experiments
        self._lock = threading.Lock()
        self._bodies: dict[str, Body] = {}
        self._readable = False
        self._ruled: Callable[[], None] = lambda: None
        self._woken, self._ended = threading.Event(), threading.Event()

    def start(
        self,
        client: KubeClient,
        namespaces: Sequence[str],
        *,
        ready: Callable[[], bool],
        ruled: Callable[[], None],
        seconds: float,
    ) -> None:
        """Begin to watch these namespaces, or all; nothing is decided before `ready` says that endpoints are known.

        `ruled` is called when the traffic of endpoints may be split in another way.
        """
        self._ruled = ruled
        paths = [f"/namespaces/{each}" for each in namespaces] or [""]
        known: dict[str, Found | None] = {}

        def told(path: str, found: Found | None) -> None:
            with self._lock:
                known[path] = found
                if len(known) < len(paths):
                    return
                everything = None if None in known.values() else [*_all(known)]
            self.see(everything)

        for path in paths:
            url = f"/apis/{GROUP}/{VERSION}{path}/{EXPERIMENT_PLURAL}"
            Reflector(client, url, lambda found, _, path=path: told(path, found)).start()  # type: ignore[misc]
        threading.Thread(target=self._run, args=(ready, seconds), name="experiments", daemon=True).start()

    def stop(self) -> None:
        """End."""
        self._ended.set()
        self._woken.set()

    def _run(self, ready: Callable[[], bool], seconds: float) -> None:
        while not self._ended.is_set():
            self._woken.wait(seconds)
            self._woken.clear()
            if self._ended.is_set() or not ready():
                continue
            try:
                self.step()
            except Exception:
                logger.exception("experiments: internal error")

    def see(self, bodies: Sequence[Body] | None) -> None:
        """All experiments there are; None: they cannot be read, so that what endpoints say of their traffic stays."""
        with self._lock:
            self._readable = bodies is not None
            if bodies is not None:
                found = {body["metadata"]["uid"]: body for body in bodies}
                self._bodies = {uid: self._newer(uid, body) for uid, body in found.items()}
        self._tell()
        self._woken.set()

    def _newer(self, uid: str, body: Body) -> Body:
        """The answer to a write of ours may be newer than what the watch brings."""
        known = self._bodies.get(uid)
        return known if known is not None and version_of(known) > version_of(body) else body

    def _tell(self) -> None:
        with self._lock:
            claims = [traffic_claim(body) for body in self._bodies.values()] if self._readable else None
        self._tenancy.set_experiments(claims)
        self._ruled()

    def step(self) -> None:
        """One pass: look where a look is due, and write what follows for each."""
        with self._lock:
            bodies = [*self._bodies.values()] if self._readable else []
        self._experiments.look(bodies)
        for uid in [body["metadata"]["uid"] for body in bodies]:
            with self._lock:
                body = self._bodies.get(uid)
            if body is None:
                continue
            meta = body["metadata"]
            with about(meta["namespace"], meta["name"], uid):
                try:
                    carry_out(self._api, body, EXPERIMENT_FINALIZER, self._experiments.reconcile, self._answered)
                except KubeError as error:
                    if not isinstance(error, RefusedError) or error.status not in _OURS_TO_WAIT:
                        logger.warning("the experiment cannot be written, and is tried again: %s", error)
                except Exception:
                    logger.exception("internal error")  # the others go on

    def _answered(self, body: Body) -> None:
        """What was written is in force from now on."""
        with self._lock:
            if body["metadata"]["uid"] in self._bodies:
                self._bodies[body["metadata"]["uid"]] = body
        self._tell()


def _all(known: Mapping[str, Found | None]) -> list[Body]:
    return [body for found in known.values() for body in (found or {}).values()]
