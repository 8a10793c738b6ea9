"""The revisions of an endpoint, newest first. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from smclient.views.fields import Object, moment


@dataclass(frozen=True)
class RevisionView:
    """A config that was brought into service, or was to be. `live`: it is in service now."""

    revision: int
    config: str
    outcome: str
    live: bool
    at: datetime | None = None
    changes: str | None = None
    message: str | None = None


def history_view(found: Object) -> tuple[RevisionView, ...]:
    """What `status.history` remembers."""
    status: Mapping[str, Any] = found.get("status") or {}
    serving = (status.get("endpoint") or {}).get("configName")
    views = []
    for each in status.get("history") or []:
        live = serving is not None and each.get("configName") == serving
        serving = None if live else serving  # a config that came into service twice is live once
        views.append(
            RevisionView(
                revision=int(each.get("revision") or 0),
                config=str(each.get("configName") or ""),
                outcome=str(each.get("outcome") or ""),
                live=live,
                at=moment(each.get("at")),
                changes=each.get("changes"),
                message=each.get("message"),
            )
        )
    return tuple(views)
