"""The policies and the labels of namespaces, as far as they could be read. Not here: what they mean for an object."""

from collections.abc import Iterable, Mapping

from smendpoints.api.policy import SageMakerEndpointPolicy
from smendpoints.domain.tenancy.policy import Policies, selecting

Labels = Mapping[str, str]


class KnownPolicies:
    """Not thread-safe."""

    def __init__(self) -> None:
        self._policies: tuple[SageMakerEndpointPolicy, ...] | None = None
        self._labels: Mapping[str, Labels] | None = None
        self._unreadable: dict[str, str] = {}

    @property
    def unreadable(self) -> bool:
        """Whether the API server was asked, and did not tell all of it."""
        return bool(self._unreadable)

    def set_policies(self, policies: Iterable[SageMakerEndpointPolicy] | None, why_not: str | None) -> None:
        """The policies there are; None with the reason why they cannot be read."""
        self._policies = tuple(policies) if policies is not None else None
        self._note("policies", why_not)

    def set_namespaces(self, labels: Mapping[str, Labels] | None, why_not: str | None) -> None:
        """The labels of all namespaces; None with the reason why they cannot be read."""
        self._labels = dict(labels) if labels is not None else None
        self._note("namespaces", why_not)

    def selecting(self, namespace: str) -> Policies | None:
        """The policies for a namespace; None while they, or its labels, are not known."""
        if self._policies is None:
            return None
        if not self._policies:
            return ()
        labels = self._labels.get(namespace) if self._labels is not None else None
        return selecting(self._policies, labels) if labels is not None else None

    def hourly_limit(self, namespace: str) -> float | None:
        """Most US dollars an hour that the policies for a namespace allow; None while none says so."""
        limits = (each.spec.max_hourly_usd for each in self.selecting(namespace) or ())
        return min((limit for limit in limits if limit is not None), default=None)

    def unknown(self, policies: Policies | None) -> str | None:
        """Why it is not known what these policies allow; None if it is."""
        if policies is not None:
            return None
        why = "; ".join(self._unreadable.values()) or "they are not read yet"
        return f"nothing is changed in AWS as long as the policies for this namespace are not known: {why}"

    def said(self, namespace: str) -> tuple[Policies | None, str | None]:
        """What they mean for a namespace: which select it, or why that is not known. To be compared."""
        policies = self.selecting(namespace)
        return tuple(policies) if policies is not None else None, self.unknown(policies)

    def _note(self, what: str, why_not: str | None) -> None:
        self._unreadable.pop(what, None)
        if why_not is not None:
            self._unreadable[what] = why_not
