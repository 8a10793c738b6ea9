"""Which configs and models there are whose names end as ours do: as listed, and as this process changed them since.

Not thread-safe: the watch has the lock.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from smendpoints.aws.listed.cadence import NEVER
from smendpoints.aws.listed.summary import Summary
from smendpoints.domain.desired import names


@dataclass
class Contents:
    """ARNs by name."""

    configs: dict[str, str] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, arn: str | None, *, model: bool) -> None:
        """One is there; or, without an ARN, is not."""
        kind = self.models if model else self.configs
        if arn is None:
            kind.pop(name, None)
        else:
            kind[name] = arn


class Belongings:
    """The contents there are, by the last listing and what was done since it was `begun`."""

    def __init__(self) -> None:
        self.begun = NEVER
        self._now = Contents()
        self._done: dict[tuple[str, bool], tuple[float, str | None]] = {}

    def put(self, name: str, arn: str | None, now: float, *, model: bool) -> None:
        """This process has made one, or deleted it if there is no ARN."""
        self._now.put(name, arn, model=model)
        self._done[name, model] = now, arn

    def listed(self, found: Contents, begun: float) -> frozenset[str]:
        """A listing was read; the names of what was there and is no more, though this process did not delete it."""
        before = self.names()
        self._done = {key: done for key, done in self._done.items() if done[0] >= begun}
        for (name, model), (_, arn) in self._done.items():
            found.put(name, arn, model=model)
        self._now, self.begun = found, begun
        return self.missing(before)

    def names(self) -> frozenset[str]:
        """Of all that there are."""
        return frozenset(self._now.configs) | frozenset(self._now.models)

    def missing(self, names: frozenset[str]) -> frozenset[str]:
        """Those of these names that no config and no model has."""
        there = self._now
        return frozenset(name for name in names if name not in there.configs and name not in there.models)

    def of(self, endpoint: str) -> Contents:
        """Those that are named as the endpoint's are."""
        configs, models = names.config_prefix(endpoint), names.model_prefix(endpoint)
        return Contents(
            {
                name: arn
                for name, arn in self._now.configs.items()
                if name.startswith(configs) and names.made_here(endpoint, name)
            },
            {
                name: arn
                for name, arn in self._now.models.items()
                if name.startswith(models) and names.model_made_here(endpoint, name)
            },
        )


def owners_of(gone: frozenset[str], endpoints: Iterable[Summary]) -> frozenset[str]:
    """Of the endpoints those, in lower case, that configs or models of these names are named after."""
    prefixes: dict[str, set[str]] = {}
    for endpoint in endpoints:
        for prefix in {names.config_prefix(endpoint.name), names.model_prefix(endpoint.name)}:
            prefixes.setdefault(prefix, set()).add(endpoint.name.lower())
    found: set[str] = set()
    for name in gone:
        words = name[: -(names.HASH_LENGTH + 1)].split("-")
        for length in range(1, len(words) + 1):
            found |= prefixes.get("-".join(words[:length]), set())
    return frozenset(found)
