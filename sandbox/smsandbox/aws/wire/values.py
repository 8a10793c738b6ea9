"""What the wire makes of values, without a wire: times lose what a protocol does not carry, subclasses become plain.

For services that speak AWS JSON or CBOR. `tests/simulator/test_direct.py` holds it against the wire itself.
"""

from __future__ import annotations

import calendar
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from botocore.serialize import create_serializer
from botocore.utils import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import StructureShape

    Instant = Callable[[Any], datetime]


def sent(params: dict[str, Any], shape: StructureShape | None, protocol: str) -> dict[str, Any]:
    """The parameters of a call as they reach a service that speaks this protocol."""
    return {} if shape is None else _made(params, shape, _sending(protocol))


def received(result: dict[str, Any], shape: StructureShape | None) -> dict[str, Any]:
    """The shaped answer of a service as it reaches the caller."""
    return {} if shape is None else _made(result, shape, _received_at)


def _made(value: Any, shape: Any, instant: Instant) -> Any:
    kind = shape.type_name
    if kind == "string":
        return value if type(value) is str else str.__str__(value)
    if kind == "structure":
        members = shape.members
        return {name: _made(value[name], members[name], instant) for name in members if value.get(name) is not None}
    if kind == "list":
        return [_made(item, shape.member, instant) for item in value]
    if kind == "map":
        return {str.__str__(key): _made(item, shape.value, instant) for key, item in value.items()}
    if kind in {"integer", "long"}:
        return int(value)
    if kind in {"float", "double"}:
        return float(value)
    return instant(value) if kind == "timestamp" else value


@cache
def _sending(protocol: str) -> Instant:
    written: Any = create_serializer(protocol, include_validation=False)

    def instant(value: Any) -> datetime:
        found: datetime = parse_timestamp(written._convert_timestamp_to_str(value))  # noqa: SLF001
        return found.astimezone(UTC)

    return instant


@lru_cache(10_000)  # lists tell the same times again and again
def _received_at(value: Any) -> datetime:
    found: datetime = parse_timestamp(calendar.timegm(value.timetuple()) + value.microsecond // 1000 / 1000.0)
    return found
