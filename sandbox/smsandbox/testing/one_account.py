"""A stand-in for an account whose parts are one object: what a test does not need, it does not name."""

from typing import Any


class OneAccount:
    """Each part of it is itself; derive from it what a test asks of AWS."""

    @property
    def observe(self) -> Any:
        return self

    @property
    def watch(self) -> Any:
        return self

    @property
    def monitoring(self) -> Any:
        return self

    @property
    def preflight(self) -> Any:
        return self

    @property
    def prices(self) -> Any:
        return self

    def deleting(self, endpoint: str) -> None:
        """The listings need not know."""
