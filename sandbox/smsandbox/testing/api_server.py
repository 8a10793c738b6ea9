"""The API server's rules for our objects, in a dictionary: versions, generations, finalizers and merge patches.

Not here: schemas, admission, watches. What the real one does is for the integration tests.
"""

import copy
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from smendpoints.domain.status.events import Event
from smendpoints.kube.client import KubeError, RefusedError

Body = dict[str, Any]


class Killed(BaseException):
    """The operator's process was killed."""


@dataclass
class Stored:
    """One object. Its body is replaced with each write, never changed."""

    body: Body


@dataclass
class ApiServer:
    """The objects by `namespace/name`, or by name alone in `default`; implements what the reconciler writes with.

    Args:
        kill_before_write: the process is killed before the n-th write of a status from now.
        refusals: what the next writes are answered with, in order; None lets one through.
        writes: how many statuses were written.
        new: the status of an object that nobody looked at yet.
    """

    now: Callable[[], str]
    objects: dict[str, Stored] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    kill_before_write: int | None = None
    refusals: list[KubeError | None] = field(default_factory=list)
    writes: int = 0
    new: Mapping[str, Any] = field(default_factory=lambda: {"observedGeneration": -1, "createdInAWS": False})
    _version: int = 0
    _made: Counter[str] = field(default_factory=Counter)

    # what users do

    def apply(self, name: str, spec: Mapping[str, Any]) -> None:
        """Create the object, or replace its spec; the generation moves when the spec does."""
        stored = self.objects.get(name)
        if stored is None:
            metadata = {
                "name": name.rpartition("/")[2],
                "namespace": name.rpartition("/")[0] or "default",
                "uid": self._new_uid(name),
                "creationTimestamp": self.now(),
                "generation": 1,
            }
            self.put(name, {"metadata": metadata, "spec": dict(spec), "status": dict(self.new)})
        elif stored.body["spec"] != spec:
            metadata = {**stored.body["metadata"], "generation": stored.body["metadata"]["generation"] + 1}
            self.put(name, {**stored.body, "spec": dict(spec), "metadata": metadata})

    def _new_uid(self, name: str) -> str:
        """One that no object had before."""
        self._made[name] += 1
        return f"uid-{name}" if self._made[name] == 1 else f"uid-{name}-{self._made[name]}"

    def annotate(self, name: str, annotations: Mapping[str, str]) -> None:
        """Set annotations; the generation does not move."""
        body = self.objects[name].body
        self.put(name, {**body, "metadata": {**body["metadata"], "annotations": dict(annotations)}})

    def delete(self, name: str) -> None:
        """Mark the object as being deleted; without finalizers it is gone."""
        body = self.objects[name].body
        self.put(name, {**body, "metadata": {**body["metadata"], "deletionTimestamp": self.now()}})

    def put(self, name: str, body: Mapping[str, Any]) -> Body:
        """Store a version of the object."""
        self._version += 1
        self.objects.setdefault(name, Stored({}))
        stored = {**body, "metadata": {**body["metadata"], "resourceVersion": str(self._version)}}
        self.objects[name].body = stored
        if stored["metadata"].get("deletionTimestamp") and not stored["metadata"].get("finalizers"):
            del self.objects[name]
        return stored

    # what the operator does

    def patch(self, body: Mapping[str, Any], patch: Mapping[str, Any]) -> Body:
        """Merge into metadata and spec; a version in the patch has to be that of the object."""
        name, stored = self._find(body)
        self._answer()
        version = patch["metadata"].get("resourceVersion")
        if version is not None and version != stored["metadata"]["resourceVersion"]:
            raise RefusedError(409, "the object has been modified")
        return self.put(name, merged(stored, patch))

    def patch_status(self, body: Mapping[str, Any], patch: Mapping[str, Any]) -> Body:
        """Merge into the status."""
        name, stored = self._find(body)
        if self.kill_before_write is not None:
            self.kill_before_write -= 1
            if self.kill_before_write < 0:
                self.kill_before_write = None
                raise Killed
        self._answer()
        self.writes += 1
        return self.put(name, {**stored, "status": merged(stored.get("status") or {}, patch)})

    def post(self, body: Mapping[str, Any], event: Event) -> None:
        """Keep the Event."""
        del body
        self.events.append(event)

    def _answer(self) -> None:
        refusal = self.refusals.pop(0) if self.refusals else None
        if refusal is not None:
            raise refusal

    def name_of(self, uid: str) -> str | None:
        """Under which name the object with this uid is kept."""
        return next((name for name, each in self.objects.items() if each.body["metadata"]["uid"] == uid), None)

    def _find(self, body: Mapping[str, Any]) -> tuple[str, Body]:
        name = self.name_of(body["metadata"]["uid"])
        if name is None:
            raise RefusedError(404, "not found")
        return name, self.objects[name].body


def merged(old: Mapping[str, Any], patch: Mapping[str, Any]) -> Body:
    """A document after a JSON merge patch (RFC 7386); both stay as they are."""
    found = dict(old)
    for key, value in patch.items():
        if value is None:
            found.pop(key, None)
        elif isinstance(value, Mapping):
            before = found.get(key)
            found[key] = merged(before if isinstance(before, Mapping) else {}, value)
        else:
            found[key] = copy.deepcopy(value)
    return found
