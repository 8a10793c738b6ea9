"""A Lease of an API server in this process: optimistic concurrency as on the real one, and what goes wrong next."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from smendpoints.lease.leases import StaleError
from smendpoints.lease.record import Record, marked


class Time:
    """What everybody's clock goes by."""

    def __init__(self) -> None:
        self.now = 1000.0

    def wall(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)


class Server:
    """The API server: one lease, optimistic concurrency, and what is to go wrong next."""

    def __init__(self, time: Time) -> None:
        self.time = time
        self.lease: dict[str, Any] | None = {"metadata": {"name": "smendpoints", "uid": "1", "resourceVersion": "1"}}
        self.version = 1
        self.before: Callable[[], None] = lambda: None
        self.after: Callable[[], None] = lambda: None

    def get(self) -> Record | None:
        self.before()
        found = None if self.lease is None else Record.parse(self.lease)
        self.after()
        return found

    def create(self, spec: Mapping[str, Any]) -> Record:
        self.before()
        if self.lease is not None:
            raise StaleError
        self.put(spec, uid=str(self.version))
        self.mark()
        made = Record.parse(self.written())
        self.after()
        return made

    def update(self, record: Record, spec: Mapping[str, Any]) -> Record:
        self.before()
        if self.lease is None or self.lease["metadata"] != record.metadata:
            raise StaleError
        self.put(spec)
        self.mark()
        made = Record.parse(self.lease)
        self.after()
        return made

    def put(self, spec: Mapping[str, Any] | None, uid: str | None = None) -> None:
        """Write the lease as anybody can, without asking what it was."""
        self.version += 1
        metadata = {"name": "smendpoints", "uid": "1"} if self.lease is None else dict(self.lease["metadata"])
        metadata |= {"resourceVersion": str(self.version)} | ({"uid": uid} if uid is not None else {})
        self.lease = {"metadata": metadata} | ({} if spec is None else {"spec": dict(spec)})

    def written(self) -> dict[str, Any]:
        """The lease, which is there."""
        assert self.lease is not None
        return self.lease

    def mark(self) -> None:
        """What those do who hold it."""
        assert self.lease is not None
        self.lease["metadata"] = marked(self.lease["metadata"])

    @property
    def holder(self) -> str:
        return "" if self.lease is None else Record.parse(self.lease).holder


class NoAlarm:
    """The kernel's part, which these tests do without."""

    def set(self, seconds: float) -> None:
        """Nothing."""

    def off(self) -> None:
        """Nothing."""
