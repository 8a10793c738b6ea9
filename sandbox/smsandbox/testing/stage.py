"""One namespace of a running World with what a test does in it: apply, edit, look, wait, delete.

Waits have a deadline and tell what was seen instead. Not here: assertions about promises.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kubernetes import client

from smendpoints.api.group import GROUP, KIND, PLURAL, VERSION
from smsandbox.process import ServiceError, wait_until
from smsandbox.testing.holdings import Holdings
from smsandbox.world import World

SECONDS = 240.0
Object = dict[str, Any]


def condition(found: Object, kind: str) -> dict[str, Any] | None:
    """The condition of that type."""
    conditions = found.get("status", {}).get("conditions", [])
    return next((each for each in conditions if each["type"] == kind), None)


def message(found: Object, kind: str = "Ready") -> str:
    """What the condition of that type tells; nothing when there is none."""
    return str((condition(found, kind) or {}).get("message", ""))


def has(found: Object, kind: str) -> bool:
    """Whether the condition is true and speaks of the spec as it stands."""
    told = condition(found, kind)
    current = found.get("status", {}).get("observedGeneration") == found["metadata"]["generation"]
    return current and told is not None and told["status"] == "True"


@dataclass
class Stage(Holdings):
    """A namespace."""

    # Kubernetes

    def apply(self, name: str, wanted: Mapping[str, Any]) -> None:
        """Create the object, or replace its spec."""
        if "endpointName" in wanted:
            self.named[name] = wanted["endpointName"]
        where = (GROUP, VERSION, self.namespace, PLURAL)
        body = {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": KIND,
            "metadata": {"name": name},
            "spec": dict(wanted),
        }
        try:
            self.cloud.api.create_namespaced_custom_object(*where, body)
        except client.ApiException as error:
            if error.status != 409:
                raise
            patch = [{"op": "replace", "path": "/spec", "value": dict(wanted)}]
            self.cloud.api.patch_namespaced_custom_object(
                *where, name, patch, _content_type="application/json-patch+json"
            )

    def find(self, name: str) -> Object | None:
        """The object; None when it is not there."""
        try:
            found: Any = self.cloud.api.get_namespaced_custom_object(GROUP, VERSION, self.namespace, PLURAL, name)
        except client.ApiException as error:
            if error.status == 404:
                return None
            raise
        return dict(found)

    def get(self, name: str) -> Object:
        """The object, which is there."""
        found = self.find(name)
        if found is None:
            raise AssertionError(f"{self.namespace}/{name} is gone")
        return found

    def names(self) -> list[str]:
        """The objects of the namespace."""
        listed: Any = self.cloud.api.list_namespaced_custom_object(GROUP, VERSION, self.namespace, PLURAL)
        return [item["metadata"]["name"] for item in listed["items"]]

    def delete(self, name: str) -> None:
        self.cloud.api.delete_namespaced_custom_object(GROUP, VERSION, self.namespace, PLURAL, name)

    def events(self, name: str) -> list[tuple[str, str, str]]:
        """Type, reason and message of the object's Events, oldest first."""
        listed: Any = self.cloud.core.list_namespaced_event(
            self.namespace, field_selector=f"involvedObject.name={name}"
        )
        ordered = sorted(listed.items, key=lambda event: event.metadata.creation_timestamp)
        return [(event.type, event.reason, event.message) for event in ordered]

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """What kubectl prints in this namespace."""
        return self.cloud.plane.kubectl("--namespace", self.namespace, *arguments, stdin=stdin)

    # waits

    def until(
        self, name: str, done: Callable[[Object], bool], goal: str = "the condition", seconds: float = SECONDS
    ) -> Object:
        """The object once `done`.

        Raises:
            AssertionError: not within `seconds`; shows the status as it is instead.
        """

        def probe() -> Object | None:
            found = self.get(name)
            return found if done(found) else None

        def failure() -> str:
            found = self.get(name)
            shown = {"generation": found["metadata"]["generation"], **found.get("status", {})}
            return f"{name} did not reach {goal} in {seconds:g} s: {json.dumps(shown, indent=1)}"

        return dict(_wait(probe, seconds, failure))

    def ready(self, name: str, seconds: float = SECONDS) -> Object:
        """The object once it is Ready at its present generation."""
        return self.until(name, lambda found: has(found, "Ready"), "Ready", seconds)

    def stalled(self, name: str, reason: str) -> Object:
        """The object once it is Stalled for that reason."""

        def is_stalled(found: Object) -> bool:
            told = condition(found, "Stalled")
            return has(found, "Stalled") and told is not None and told["reason"] == reason

        return self.until(name, is_stalled, f"Stalled for {reason}")

    def told(self, name: str, words: str) -> Object:
        """The object once its Ready condition speaks of something."""
        return self.until(name, lambda found: words in message(found), f"a word of {words!r}")

    def rests(self, name: str, periods: int = 2) -> None:
        """For some periods of the watch nothing is changed, in AWS or in the object, and nothing is taken for drift.

        Raises:
            AssertionError: something was; tells what.
        """
        self.ready(name)
        self.listings(1)
        calls = len(self.changes(name))

        def unwritten() -> bool:
            before = self.get(name)
            self.listings(periods)
            return self.get(name) == before

        self.see(unwritten, f"{name} unwritten for {periods} periods")
        more = self.changes(name)[calls:]
        drifts = [event for event in self.events(name) if event[1] == "DriftFound"]
        if more or drifts:
            raise AssertionError(f"{name} does not rest: {more} {drifts}")

    def listings(self, number: int) -> None:
        """Wait until the operator has looked at all of AWS that often again; it does where an object is at rest."""
        simulator = self.cloud.simulator
        until = simulator.count("ListEndpoints") + number
        self.see(lambda: simulator.count("ListEndpoints") >= until, f"{number} listings of the watch")

    def gone(self, name: str, seconds: float = SECONDS) -> None:
        """Wait until the object is gone."""
        _wait(
            lambda: self.find(name) is None or None,
            seconds,
            lambda: f"{name} does not go: {json.dumps(self.get(name), indent=1)}",
        )

    def see(self, what: Callable[[], Any], goal: str, seconds: float = SECONDS) -> Any:
        """The first truthy value."""
        return _wait(lambda: what() or None, seconds, lambda: f"did not see {goal} in {seconds:g} s")

    # the operator

    def operator_pid(self) -> int | None:
        return self.cloud.world.operator.pid

    def kill_operator(self) -> None:
        """SIGKILL, at once."""
        self.cloud.world.operator.kill()

    def start_operator(self, world: World | None = None) -> None:
        """Start the operator as `world` has it, the cloud's own unless given; waits for nothing, no lease either."""
        operator = (world or self.cloud.world).operator
        if operator.pid is None:
            self.cloud.bury()
        operator.ensure_running()

    def clean(self) -> None:
        """Delete all objects and wait until they are gone."""
        for name in self.names():
            self.delete(name)
        for name in self.names():
            self.gone(name)


def _wait(probe: Callable[[], Any], seconds: float, failure: Callable[[], str]) -> Any:
    try:
        return wait_until(probe, seconds, failure)
    except ServiceError as error:
        raise AssertionError(str(error)) from error
