"""What stands between namespaces: who may use which name, what the policies allow, what a namespace may hold.

Fed by the shell with every object's facts, the policies and the labels of namespaces; asked by the controller before
anything is done. It names the objects for which something else may be said than before, so that they are looked at.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from smendpoints.api.policy import SageMakerEndpointPolicy
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.spec import SageMakerEndpointSpec
from smendpoints.controller.known_claims import KnownClaims
from smendpoints.controller.known_policies import KnownPolicies, Labels
from smendpoints.controller.known_traffic import KnownTraffic
from smendpoints.controller.ruling import Ruling, View, no_adoption, taken
from smendpoints.controller.shares import Shares
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.reasons import Reason
from smendpoints.domain.tenancy.allowed import not_allowed, not_allowed_back, of_place
from smendpoints.domain.tenancy.claims import Claim
from smendpoints.domain.tenancy.facts import Facts, Identity, capacity
from smendpoints.domain.tenancy.limits import PriceOf
from smendpoints.domain.tenancy.policy import Policies, Request, Violation, required_tags
from smendpoints.domain.tenancy.resolve import resolve, with_resolved
from smendpoints.domain.tenancy.traffic import TrafficClaim, with_traffic

_Said = tuple[Policies | None, str | None]


@dataclass(frozen=True)
class Operator:
    """What the operator uses where neither spec nor policies say anything."""

    region: str
    execution_role_arn: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


class Tenancy:
    """All objects, policies and namespaces as far as they bear on each other. Safe to call from many threads."""

    def __init__(self, operator: Operator, own_account: Callable[[], str | None]) -> None:
        self._operator = operator
        self._ask_own_account = own_account
        self._lock = threading.RLock()
        self._shares = Shares()
        self._claims = KnownClaims(operator.region)
        self._policies = KnownPolicies()
        self._traffic = KnownTraffic()
        self._refused: set[str] = set()
        self._moved: set[str] = set()

    # what the shell tells

    def see(self, facts: Facts) -> None:
        """An object is there, or has changed."""
        with self._lock:
            if self._shares.get(facts.uid) == facts:
                return
            before = self._shares.put(facts)
            self._claim(facts)
            if before is None or before.held() != facts.held():
                self._move(facts)

    def forget(self, uid: str) -> None:
        """An object is gone, and all that it held is free."""
        with self._lock:
            facts = self._shares.drop(uid)
            self._refused.discard(uid)
            self._moved.discard(uid)
            if facts is not None:
                self._moved |= self._claims.drop(uid)
                self._move(facts)

    def set_policies(self, policies: Iterable[SageMakerEndpointPolicy] | None, why_not: str | None = None) -> None:
        """The policies there are; None with the reason why they cannot be read."""
        with self._lock:
            before = self._said()
            self._policies.set_policies(policies, why_not)
            self._changed(before)

    def set_namespaces(self, labels: Mapping[str, Labels] | None, why_not: str | None = None) -> None:
        """The labels of all namespaces; None with the reason why they cannot be read."""
        with self._lock:
            before = self._said()
            self._policies.set_namespaces(labels, why_not)
            self._changed(before)

    def await_experiments(self) -> None:
        """Whoever splits traffic will be told: until then no weight is changed, and nothing else."""
        self._traffic.expect()

    def set_experiments(self, claims: Iterable[TrafficClaim] | None) -> None:
        """The claims of all experiments; None: they cannot be read, and what each endpoint's status says stays."""
        with self._lock:
            moved = self._traffic.set(claims)
            self._moved |= {each.uid for each in self._shares if moved is None or (each.namespace, each.name) in moved}

    def traffic_owner(self, namespace: str, endpoint: str) -> TrafficClaim | None:
        """The experiment that has the traffic of this endpoint, or is about to."""
        with self._lock:
            return self._traffic.owner(namespace, endpoint)

    def _changed(self, before: Mapping[str, _Said]) -> None:
        after = self._said()
        for facts in self._shares:
            if after[facts.namespace] == before[facts.namespace]:
                continue
            self._moved.add(facts.uid)
            if facts.pinned is None:  # what is not pinned yet may come from a policy
                self._claim(facts)

    def _said(self) -> dict[str, _Said]:
        """What the policies mean for each namespace that has objects."""
        return {namespace: self._policies.said(namespace) for namespace in self._shares.namespaces()}

    # what is asked

    def moved(self) -> set[str]:
        """The objects for which something else may be said than when this was asked last."""
        with self._lock:
            found, self._moved = self._moved, set()
            return found

    def ready(self, uid: str) -> bool:
        """Whether enough is known to decide about the object; at a start it takes a moment."""
        with self._lock:
            facts = self._shares.get(uid)
            if facts is None or not self._traffic.known:
                return False
            return self._policies.selecting(facts.namespace) is not None or self._policies.unreadable

    def view(self, uid: str) -> View:
        """What is said of the object; costs little, asks nobody."""
        with self._lock:
            facts = self._shares.get(uid)
            if facts is None:
                return View(None, None, None, None)
            policies = self._policies.selecting(facts.namespace)
            return self._view(facts, self._claims.before(uid), policies, self._policies.unknown(policies))

    def hourly_limit(self, namespace: str) -> float | None:
        """Most US dollars an hour that the policies for a namespace allow; None while none says so."""
        with self._lock:
            return self._policies.hourly_limit(namespace)

    def identity(self, uid: str) -> Identity | None:
        """Name, region and role in force for the object; None if there is no such object."""
        with self._lock:
            facts = self._shares.get(uid)
            return self._identity(facts) if facts is not None else None

    def rule(self, resource: SageMakerEndpoint, prices: Callable[[Identity], PriceOf], *, runs: bool) -> Ruling:
        """What may be done for the object now. If it may run, its name and its share are its own from now on."""
        uid = resource.metadata.uid
        self._learn_own_account(uid)
        with self._lock:
            facts = self._shares.get(uid)
            if facts is None:
                raise ReconcileError(Kind.RETRY, Reason.PENDING, "the object is gone, or was not listed yet")
            policies = self._policies.selecting(facts.namespace)
            unknown = self._policies.unknown(policies)
            known = policies or ()
            own = self._operator
            resolved = resolve(resource, facts, known, own.region, own.execution_role_arn, own.tags)
            effective = with_resolved(resource, resolved, required_tags(known))
            effective = with_traffic(effective, self._traffic.in_force_for(facts, resource))
            room, asked = self._shares.room(facts, known), resource.spec.tags
            request = Request(effective.spec, resolved.endpoint_name, resolved.region, facts.asked, asked)
            found = not_allowed(request, known, room, lambda: prices(self._identity(facts)))
            rival = self._claims.before(uid)
            if rival is None and unknown is None and runs and not found:
                self._moved |= self._claims.hold(uid)
                if self._shares.grant(facts):
                    self._move(facts)
            self._keep_refused(uid, refused=rival is not None or unknown is not None or bool(found))
            return Ruling(
                effective,
                resolved,
                self._view(facts, rival, policies, unknown),
                refused=taken(rival, facts, resolved.endpoint_name) if rival is not None else None,
                violations=(unknown,) if unknown is not None else tuple(str(each) for each in found),
                unseen=unknown is not None or of_place(found),
                reason=Reason.POLICY_UNKNOWN if unknown is not None else Reason.POLICY_VIOLATION,
                adoption=no_adoption(known, facts.namespace),
                log_tails=unknown is None and all(policy.spec.log_tails for policy in known),
            )

    def restricts(self, uid: str) -> bool:
        """Whether any policy bears on the object."""
        with self._lock:
            facts = self._shares.get(uid)
            policies = self._policies.selecting(facts.namespace) if facts is not None else None
            return policies is None or bool(policies)

    def refuses(self, resource: SageMakerEndpoint, revision: SageMakerEndpointSpec) -> tuple[Violation, ...]:
        """What the policies do not allow of a revision that is brought back in place of the object's spec.

        `resource` is the object as its ruling has it. What the revision may hold beyond the spec's share is none.
        """
        uid, spec = resource.metadata.uid, resource.spec
        with self._lock:
            facts = self._shares.get(uid)
            policies = (self._policies.selecting(facts.namespace) if facts is not None else None) or ()
            if facts is None:
                return ()
            name, region = spec.endpoint_name or "", spec.region or self._operator.region
            request = Request(revision, name, region, capacity(revision.to_json()), {})
            return not_allowed_back(request, policies, facts, self._shares.room(facts, policies))

    # the rest

    def _move(self, facts: Facts) -> None:
        """The share that the object holds has changed: others in its namespace may find room."""
        self._moved |= self._refused & self._shares.beside(facts.namespace)

    def _keep_refused(self, uid: str, *, refused: bool) -> None:
        if refused:
            self._refused.add(uid)
        else:
            self._refused.discard(uid)

    def _view(self, facts: Facts, rival: Claim | None, policies: Policies | None, unknown: str | None) -> View:
        return View(
            rival.uid if rival is not None else None,
            tuple(policies) if policies is not None else None,
            unknown,
            self._shares.room(facts, policies or ()),
            self._traffic.in_force(facts),
        )

    def _identity(self, facts: Facts) -> Identity:
        return self._claims.identity(facts, self._policies.selecting(facts.namespace) or ())

    def _claim(self, facts: Facts) -> None:
        self._moved |= self._claims.enter(facts, self._policies.selecting(facts.namespace) or ())

    def _learn_own_account(self, uid: str) -> None:
        """Ask AWS whose account the operator's own is, once, and only if that decides about a name."""
        with self._lock:
            decides = self._claims.hangs_on_own_account(uid)
        if decides:
            found = self._ask_own_account()
            with self._lock:
                self._claims.own_account = found
                if found is not None:
                    self._moved |= set(self._shares.uids())
