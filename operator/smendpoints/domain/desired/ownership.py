"""Ownership is tags: cluster, namespace and name of the object that made a thing in AWS."""

from collections.abc import Mapping
from dataclasses import dataclass

from smendpoints.api.group import GROUP

PREFIX = f"{GROUP}/"
ADOPTABLE_BY = f"{PREFIX}adoptable-by"
"""The tag by which an endpoint's owner in AWS lets the objects of one namespace take it over."""


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
    return key.strip().lower().startswith(PREFIX)


def is_owned(tags: Mapping[str, str]) -> bool:
    """Whether the tags name an owner, whoever it is. Case is ignored, as IAM does."""
    return any(key.lower() == f"{PREFIX}name" for key in tags)


def told_owner(tags: Mapping[str, str], by: Mapping[str, str]) -> str:
    """Whom the tags name as owner, for a message to an owner with the tags `by`: by name within one namespace alone."""
    told = {key.lower(): value for key, value in tags.items()}
    near = all(told.get(f"{PREFIX}{key}") == by.get(f"{PREFIX}{key}") for key in ("cluster", "namespace"))
    return f"the SageMakerEndpoint {told.get(f'{PREFIX}name')}" if near else "another object"
