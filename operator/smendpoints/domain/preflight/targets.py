"""Scalable targets that a new endpoint registers once it serves, against the account's quota: pure functions.

AWS refuses them after the launch only, when the instances are paid for.
"""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Targets:
    """The scalable targets of an endpoint that is to be made, by their resource ids."""

    endpoint: str
    resource_ids: frozenset[str]

    def missing(self, taken: Collection[str]) -> int:
        """How many of them are not among those that are taken already."""
        return len(self.resource_ids.difference(taken))

    def refusal(self, taken: Collection[str], limit: float, region: str) -> str | None:
        """What to tell the user; None if there is room for them beside those that are taken."""
        left = max(0, int(limit) - len(taken))
        missing = self.missing(taken)
        if missing <= left:
            return None
        return (
            f"{left} of {limit:g} scalable targets are left in {region}, and this endpoint needs {missing}: remove "
            "scaling from its variants, delete another endpoint that scales, or have the quota of scalable targets "
            "raised in AWS Service Quotas"
        )
