"""Events of objects, oldest first, repetitions counted. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from smclient.views.fields import Object, moment

_MOST_SHOWN = 50
_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class EventView:
    """One Event. `last` is when it was last seen."""

    namespace: str
    object: str
    warning: bool
    reason: str
    message: str
    count: int
    last: datetime | None


def event_view(event: Object) -> EventView:
    """An Event as the API server has it, core/v1."""
    series = event.get("series") or {}
    last = (
        moment(series.get("lastObservedTime"))
        or moment(event.get("lastTimestamp"))
        or moment(event.get("eventTime"))
        or moment((event.get("metadata") or {}).get("creationTimestamp"))
    )
    about = event.get("involvedObject") or {}
    return EventView(
        namespace=str(about.get("namespace") or ""),
        object=str(about.get("name") or ""),
        warning=event.get("type") == "Warning",
        reason=str(event.get("reason") or ""),
        message=str(event.get("message") or ""),
        count=int(series.get("count") or event.get("count") or 1),
        last=last,
    )


def event_views(events: Iterable[Object]) -> tuple[EventView, ...]:
    """Events by the time that they were last seen, newest last."""
    return tuple(sorted((event_view(each) for each in events), key=lambda view: view.last or _EVER))


def newest(events: Iterable[Object]) -> tuple[EventView, ...]:
    """The fifty that were last seen, newest first."""
    return event_views(events)[: -_MOST_SHOWN - 1 : -1]
