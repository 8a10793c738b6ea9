"""The rules for an endpoint that is not this object's, in the order in which they are asked: left alone, or adopted.

It is taken over if the spec says so, nobody owns it, and a policy allows it. Not here: what an adoption of a suspended
object would do, which is asked of the plan itself.
"""

from smendpoints.domain.desired.desired import tag_list
from smendpoints.domain.desired.ownership import ADOPTABLE_BY, is_owned, told_owner
from smendpoints.domain.observed.observed import ObservedEndpoint
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.verdict import Plan, Requeue, reconciling, stalled
from smendpoints.domain.reasons import Reason

_LENT_LATER = 300.0  # seconds; no listing tells of tags on what is not ours


def adoptable(given: Input, endpoint: ObservedEndpoint) -> bool:
    """Whether the spec asks to take over the endpoint, and it is nobody's."""
    return given.spec.adopt_existing and not is_owned(endpoint.tags)


def adoption_forbidden(given: Input, endpoint: ObservedEndpoint) -> Plan | None:
    """A policy forbids to adopt, and the endpoint's tags do not lend it to this namespace."""
    desired = given.desired
    lent = endpoint.tags.get(ADOPTABLE_BY) == desired.owner.namespace
    if not adoptable(given, endpoint) or desired.adoption_refused is None or lent:
        return None
    message = f"an endpoint named {endpoint.name} exists and is not managed by this object: {desired.adoption_refused}"
    return Plan(stalled(Reason.POLICY_VIOLATION, message), requeue=_LENT_LATER)


def adopted(given: Input, endpoint: ObservedEndpoint) -> Plan | None:
    """It, its config and its models get the owner's tags."""
    if not adoptable(given, endpoint):
        return None
    tags = tag_list(given.desired.owner.tags())
    # The endpoint comes last: as long as it is nobody's, the adoption begins again.
    adopt = tuple(
        Action(Verb.ADD_TAGS, arn.rpartition("/")[2], {"ResourceArn": arn, "Tags": tags})
        for arn in (*given.observed.unowned, endpoint.arn)
    )
    return Plan(reconciling(Reason.ADOPTED, f"taking over the endpoint {endpoint.name}"), adopt, requeue=Requeue.NOW)


def left_alone(given: Input, endpoint: ObservedEndpoint) -> Plan:
    """Whose it is, as far as this object may know, and what to do about it."""
    whose = "it carries no tags of an owner"
    advice = "recreate this object with another spec.endpointName"
    if is_owned(endpoint.tags):
        whose = f"it belongs to {told_owner(endpoint.tags, given.desired.owner.tags())}"
    else:
        advice = f"set spec.adoptExisting to take it over, or {advice}"
    message = f"an endpoint named {endpoint.name} exists and is not managed by this object: {whose}; {advice}"
    return Plan(stalled(Reason.NOT_OWNED, message), requeue=Requeue.STEADY)
