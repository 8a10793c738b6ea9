"""Which log streams belong to the fleet in service, and which to the one before. Pure.

A stream is named `<variant>/<instance>`; when it began tells whose fleet its instance was of.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from smclient.views.history import RevisionView

_EVER = datetime.min.replace(tzinfo=UTC)
_UNFINISHED = frozenset({"InProgress", "Pending"})


@dataclass(frozen=True)
class Stream:
    """A log stream, and when it began."""

    name: str
    began: datetime

    @property
    def variant(self) -> str:
        """The variant whose instance writes it."""
        return self.name.partition("/")[0]


@dataclass(frozen=True)
class LogLine:
    """A line of a container's log."""

    stream: str
    at: datetime
    message: str


@dataclass(frozen=True)
class Window:
    """Streams that began from `since` on and before `until`."""

    since: datetime = _EVER
    until: datetime | None = None

    def holds(self, stream: Stream) -> bool:
        """Whether the stream is one of them."""
        return stream.began >= self.since and (self.until is None or stream.began < self.until)


def window(history: Sequence[RevisionView], *, previous: bool) -> Window:
    """When streams of the fleet in service began; `previous`: of the one before, or of a rollout that failed."""
    if not history or history[0].at is None:
        return Window()
    newest = history[0]
    live = next((each for each in history if each.live), None)
    if live is not None and live is history[-1] and (not previous or live is newest):
        # It was in service before all that is remembered, perhaps: an adopted fleet began before its first revision.
        return Window() if not previous else Window(until=_EVER)
    if not previous:
        return Window((live.at if live is not None and live.at is not None else newest.at) or _EVER)
    if not newest.live and newest.outcome not in _UNFINISHED:
        return Window(newest.at or _EVER)
    ends = live.at if live is not None else newest.at
    older = [each for each in history if each.at is not None and ends is not None and each.at < ends]
    return Window((older[0].at if older else None) or _EVER, ends)


def chosen(streams: Sequence[Stream], within: Window, variant: str | None) -> list[Stream]:
    """The streams within the window, of that variant if one is named; newest first."""
    found = [each for each in streams if within.holds(each) and variant in (None, each.variant)]
    return sorted(found, key=lambda each: (each.began, each.name), reverse=True)
