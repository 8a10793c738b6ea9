"""A Lease of `coordination.k8s.io` as values. Reads whatever a hand may have written, writes what client-go would."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from smendpoints.api.group import GROUP

_RELEASED_SECONDS = 1  # what client-go writes when it releases a lease; nobody else has use for it

_WAS_HELD = f"{GROUP}/was-held"


@dataclass(frozen=True)
class Record:
    """What a Lease says, and which version of it.

    Attributes:
        holder: identity of the holder; empty: nobody.
        seconds: how long the holder may go on after it has renewed; None where that is not said, or makes no sense.
        acquired, renewed: times by the holder's clock, as they were written: nobody else's clock is compared with it.
        transitions: how often it went from one holder to another.
        metadata: name, uid and resourceVersion, which an update is conditional on.
    """

    holder: str
    seconds: int | None
    acquired: str | None
    renewed: str | None
    transitions: int
    metadata: Mapping[str, Any]

    @classmethod
    def parse(cls, found: Mapping[str, Any]) -> "Record":
        """The record of a Lease as the API server has it."""
        spec = found.get("spec") or {}
        return cls(
            holder=str(spec.get("holderIdentity") or ""),
            seconds=_positive(spec.get("leaseDurationSeconds")),
            acquired=_text(spec.get("acquireTime")),
            renewed=_text(spec.get("renewTime")),
            transitions=_positive(spec.get("leaseTransitions")) or 0,
            metadata=dict(found.get("metadata") or {}),
        )

    @property
    def version(self) -> tuple[str, str]:
        """What changes with every write, a renewal or a hand's, though it say the same as before."""
        return str(self.metadata.get("uid")), str(self.metadata.get("resourceVersion"))

    @property
    def is_new(self) -> bool:
        """Whether nobody ever held it: so it is installed. Holders leave a mark that no edit of the spec removes."""
        was_held = (self.metadata.get("annotations") or {}).get(_WAS_HELD)
        return not was_held and not self.holder and self.seconds is None and self.renewed is None

    @property
    def is_released(self) -> bool:
        """Whether its holder let it go in the end. A holder that a hand has taken off may still be at work."""
        return not self.holder and self.seconds == _RELEASED_SECONDS


def marked(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of a lease that is or was held."""
    return {**metadata, "annotations": {**(metadata.get("annotations") or {}), _WAS_HELD: "true"}}


def taken(by: str, seconds: int, after: Record | None, now: datetime) -> dict[str, Any]:
    """The spec of a lease that passes to a new holder."""
    return _spec(by, seconds, stamp(now), stamp(now), after.transitions + 1 if after is not None else 0)


def renewed(record: Record, seconds: int, now: datetime) -> dict[str, Any]:
    """The spec of a lease that its holder renews."""
    return _spec(record.holder, seconds, record.acquired or stamp(now), stamp(now), record.transitions)


def released(record: Record, now: datetime) -> dict[str, Any]:
    """The spec of a lease that its holder lets go."""
    return _spec("", _RELEASED_SECONDS, stamp(now), stamp(now), record.transitions)


def stamp(now: datetime) -> str:
    """A time as the API server takes it (MicroTime)."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _spec(holder: str, seconds: int, acquired: str, renewed: str, transitions: int) -> dict[str, Any]:
    return {
        "holderIdentity": holder,
        "leaseDurationSeconds": seconds,
        "acquireTime": acquired,
        "renewTime": renewed,
        "leaseTransitions": transitions,
    }


def _positive(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
