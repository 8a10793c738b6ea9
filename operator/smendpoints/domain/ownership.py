"""Ownership is tags: cluster, namespace and name of the object that made a thing in AWS."""

from collections.abc import Mapping
from dataclasses import dataclass

from smendpoints.api.resource import GROUP

PREFIX = f"{GROUP}/"


@dataclass(frozen=True)
class Owner:
    """Who owns a thing in AWS."""

    cluster: str
    namespace: str
    name: str

    def tags(self) -> dict[str, str]:
        """The tags that say so."""
        return {f"{PREFIX}cluster": self.cluster, f"{PREFIX}namespace": self.namespace, f"{PREFIX}name": self.name}

    def owns(self, tags: Mapping[str, str]) -> bool:
        """Whether a thing with these tags is this owner's."""
        return all(tags.get(key) == value for key, value in self.tags().items())


def is_reserved(key: str) -> bool:
    """Whether a tag is the operator's, in whatever case: to IAM, `Smendpoints.dev/cluster` is the owner's tag, too."""
    return key.lower().startswith(PREFIX)


def owner_of(tags: Mapping[str, str]) -> str | None:
    """Whom the tags name as owner, for a message; None if nobody. Case is ignored, as IAM does."""
    told = {key.lower(): value for key, value in tags.items()}
    name = told.get(f"{PREFIX}name")
    if name is None:
        return None
    return f"{told.get(f'{PREFIX}namespace')}/{name} in cluster {told.get(f'{PREFIX}cluster')}"
