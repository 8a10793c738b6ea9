"""The simulator's own HTTP interface, under /_sandbox/: health, settings, faults, calls, time. No AWS here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from smsandbox.aws.core.clock import VirtualClock
from smsandbox.aws.core.context import DEFAULT_ACCOUNT, DEFAULT_REGION
from smsandbox.aws.core.errors import AwsError
from smsandbox.aws.core.settings import Settings
from smsandbox.aws.wire.protocols import HttpResponse

if TYPE_CHECKING:
    from moto.core.request import Request

    from smsandbox.aws.core.world import World

PREFIX = "/_sandbox/"


class Admin:
    """GET health | GET, PUT, PATCH settings | GET, POST, DELETE faults[/id] | GET held/id?seconds=n |
    GET, DELETE calls | POST advance.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def handle(self, request: Request) -> HttpResponse:
        name, _, rest = request.path.removeprefix(PREFIX).partition("/")
        method = getattr(self, f"_{request.method.lower()}_{name}", None)
        if method is None:
            return _json(404, {"error": f"no {request.method} {request.path}; there is: {self.__doc__}"})
        try:
            body = json.loads(request.get_data() or b"{}")
            return _json(200, method(body, rest, request.args))
        except ValidationError as error:
            return _json(400, {"error": json.loads(error.json(include_url=False, include_context=False))})
        except (ValueError, TypeError) as error:
            return _json(400, {"error": str(error)})
        except KeyError as error:
            return _json(400, {"error": f"the body lacks {error}"})

    def _get_health(self, _body: Any, _rest: str, _query: Any) -> Any:
        return {"status": "ok", "services": sorted(self._world.services), "now": self._world.now()}

    def _get_settings(self, _body: Any, _rest: str, _query: Any) -> Any:
        return self._world.settings.model_dump()

    def _put_settings(self, body: Any, _rest: str, _query: Any) -> Any:
        return self._set(Settings.model_validate(body))

    def _patch_settings(self, body: Any, _rest: str, _query: Any) -> Any:
        return self._set(self._world.settings.changed(body))

    def _set(self, settings: Settings) -> Any:
        with self._world.lock:
            self._world.settings = settings
        return settings.model_dump()

    def _get_faults(self, _body: Any, _rest: str, _query: Any) -> Any:
        faults = self._world.faults
        found = {"faults": faults.rules(), "idle": faults.idle()}
        return {kind: [rule.model_dump() for rule in rules] for kind, rules in found.items()}

    def _post_faults(self, body: Any, _rest: str, _query: Any) -> Any:
        return self._world.faults.add(body).model_dump()

    def _delete_faults(self, _body: Any, rest: str, _query: Any) -> Any:
        return {"removed": self._world.faults.remove(rest or None)}

    def _get_held(self, _body: Any, rest: str, query: Any) -> Any:
        return {"held": self._world.faults.held(rest, min(float(query.get("seconds", 0)), 60.0))}

    def _get_calls(self, _body: Any, _rest: str, query: Any) -> Any:
        answer: dict[str, Any] = {"calls": self._world.calls.counts()}
        if "recent" in query:
            answer["recent"] = self._world.calls.recent(int(query["recent"] or 100))
        return answer

    def _delete_calls(self, _body: Any, _rest: str, _query: Any) -> Any:
        self._world.calls.reset()
        return {}

    def _post_endpoints(self, body: Any, rest: str, _query: Any) -> Any:
        place = body.get("account", DEFAULT_ACCOUNT), body.get("region", DEFAULT_REGION)
        try:
            self._world.hosting.interfere(*place, rest, body["status"], float(body["seconds"]))
        except AwsError as error:
            raise ValueError(error.message) from error
        return {}

    def _post_advance(self, body: Any, _rest: str, _query: Any) -> Any:
        if not isinstance(self._world.clock, VirtualClock):
            raise TypeError("this world runs on the machine's clock; start it with a virtual one to move time")
        self._world.advance(float(body["seconds"]))
        return {"now": self._world.now()}


def _json(status: int, body: Any) -> HttpResponse:
    return HttpResponse(status, {"Content-Type": "application/json"}, json.dumps(body).encode())
