"""The kopf shell: kopf lists and watches the objects, and what it brings is handed on. It writes nothing.

kopf's timers, daemons, and handlers of creation, update and deletion are not used: they patch objects by themselves,
keep their progress in annotations, and cost a task for each object.
"""

from typing import Any, Protocol

import kopf

from smendpoints.api.group import GROUP, PLURAL, VERSION


class Sees(Protocol):
    """What is asked of the dispatcher."""

    def see(self, body: kopf.Body) -> None:
        """A version of an object was listed or watched."""

    def forget(self, uid: str) -> None:
        """An object is gone."""

    def watched_anew(self) -> None:
        """All objects there are were listed anew."""


class Handlers:
    """kopf has to know of handlers before its loop runs; `to` is whom they tell, from the loop's start on."""

    def __init__(self, registry: kopf.OperatorRegistry) -> None:
        self.to: Sees | None = None
        kopf.on.event(GROUP, VERSION, PLURAL, registry=registry)(self.on_event)

    async def on_event(self, *, type: str | None, body: kopf.Body, **_: Any) -> None:  # noqa: A002 - its name in kopf
        """An object was listed, has changed, or is gone."""
        if self.to is None:
            return
        if type == "DELETED":
            self.to.forget(body["metadata"]["uid"])
        else:
            self.to.see(body)

    def listing(self, path: str) -> None:
        """A listing by kopf begins: its watch begins anew, and tells of no object that is gone meanwhile."""
        if self.to is not None and path.endswith(f"/{PLURAL}"):
            self.to.watched_anew()
