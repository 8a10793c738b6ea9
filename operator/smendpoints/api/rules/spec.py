"""Rules of the spec as a whole: what cannot change, and what of it agrees with the variants."""

from smendpoints.api.rules.cel import Rule, every, no_variant, some, tracks_not


def _image_elsewhere(variant: str) -> str:
    def elsewhere(image: str) -> str:
        return f"!{image}.contains('.' + self.region + '.')"

    return (
        f"(has({variant}.image) && {elsewhere(f'{variant}.image')})"
        f" || {some(f'{variant}.containers', elsewhere('x.image'))}"
    )


def _immutable(name: str, why: str) -> Rule:
    return Rule(
        "SageMakerEndpointSpec",
        f"has(self.{name}) == has(oldSelf.{name}) && (!has(self.{name}) || self.{name} == oldSelf.{name})",
        f"{name} cannot be changed, set or removed later: {why}; create a new SageMakerEndpoint and delete this one",
        f".{name}",
        "FieldValueForbidden",
    )


_TAG = r"^[\p{L}\p{Z}\p{N}_.:/=+@-]*$"

SPEC = (
    _immutable("endpointName", "AWS cannot rename an endpoint"),
    _immutable("region", "AWS cannot move an endpoint"),
    _immutable(
        "assumeRoleARN", "with another role, which may belong to another account, the operator could lose the endpoint"
    ),
    Rule(
        "SageMakerEndpointSpec",
        "self.desiredState == 'Stopped' || oldSelf.desiredState == 'Stopped'"
        " || !oldSelf.variants.exists(v, has(v.instance)) || !self.variants.exists(v, has(v.serverless))",
        "AWS cannot change a running endpoint from instances to serverless: set desiredState to Stopped, then change to"
        " serverless, then set desiredState to Running",
        ".variants",
        "FieldValueForbidden",
    ),
    Rule(
        "SageMakerEndpointSpec",
        "!has(self.assumeRoleARN) || !has(self.executionRoleARN)"
        " || self.assumeRoleARN.split(':')[4] == self.executionRoleARN.split(':')[4]",
        "executionRoleARN must be a role in the same account as assumeRoleARN: SageMaker does not accept a role of"
        " another account",
        ".executionRoleARN",
    ),
    Rule(
        "SageMakerEndpointSpec",
        f"!has(self.region) || ({no_variant(_image_elsewhere)})",
        "every image must be in Amazon ECR in the endpoint's region: replicate the image to spec.region",
    ),
    Rule(
        "SageMakerEndpointSpec",
        "!has(self.region) || !has(self.monitoring) || "
        + every("self.monitoring.topicARNs", "x.split(':')[3] == self.region"),
        "CloudWatch can only notify SNS topics in the same region: in monitoring.topicARNs, use topics in spec.region",
        ".monitoring.topicARNs",
    ),
    Rule(
        "SageMakerEndpointSpec",
        "!has(self.monitoring) || !has(self.monitoring.alarms) || has(self.async)"
        " || !self.monitoring.alarms.exists(a, a == 'Backlog')",
        "Backlog monitors the queue of an asynchronous endpoint: remove it from monitoring.alarms, or add async",
        ".monitoring.alarms",
    ),
    Rule(
        "SageMakerEndpointSpec",
        "self.variants.exists(v, !has(v.weight) || v.weight > 0.0)",
        "all weights are 0, so no variant would get a request: give at least one variant a weight above 0",
        ".variants",
    ),
    Rule(
        "SageMakerEndpointSpec",
        "has(self.async) || self.variants.all(v, !has(v.scaling) || (v.scaling.minCapacity > 0"
        f" && {every('v.scaling.schedules', '!has(x.minCapacity) || x.minCapacity > 0')}))",
        "minCapacity 0 needs async, where requests wait in a queue: set minCapacity to 1 or more, or add async",
        ".variants",
    ),
    Rule(
        "SageMakerEndpointSpec",
        "!has(self.async) || self.variants.all(v, !has(v.scaling) || !has(v.scaling.targetInvocationsPerInstance)"
        f" && {every('v.scaling.targetTracking', tracks_not('InvocationsPerInstance'))})",
        "an asynchronous endpoint has no metric InvocationsPerInstance: use a targetTracking entry with the"
        " customizedMetric ApproximateBacklogSizePerInstance of AWS/SageMaker, with the dimension EndpointName",
        ".variants",
    ),
    Rule(
        "SageMakerEndpointSpec",
        "!has(self.officeHours) || self.desiredState == 'Running'",
        "officeHours and desiredState Stopped cannot be combined: remove officeHours to keep the endpoint stopped, or"
        " set desiredState to Running",
        ".desiredState",
    ),
    Rule(
        "OfficeHours",
        "self.start != self.stop",
        "start and stop are the same, so the endpoint would never run: set stop to the time at which it stops",
        ".stop",
    ),
    Rule(
        "SageMakerEndpointSpec.tags",
        # In any case: to IAM's conditions, keys that differ by case are one. Nor may spaces, which some trim, hide it.
        r"self.all(k, !k.matches(r'^\p{Z}*(?i:aws:|smendpoints\.dev/)'))",
        "keys of tags must not begin with aws: (reserved by AWS) or smendpoints.dev/ (reserved by the operator): use"
        " other keys",
        reason="FieldValueForbidden",
    ),
    Rule(
        "SageMakerEndpointSpec.tags",
        f"self.all(k, k.matches(r'{_TAG}') && self[k].matches(r'{_TAG}'))",
        "keys and values of tags may only contain letters, digits, spaces and _ . : / = + - @: remove other characters",
    ),
    Rule(
        "SageMakerEndpointSpec.tags",
        "self.all(k, k.size() >= 1 && k.size() <= 128)",
        "keys of tags must have 1 to 128 characters",
    ),
)
