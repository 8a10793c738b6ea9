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
        f"{name} is immutable, set or unset: {why}; make a new SageMakerEndpoint and delete this one",
        f".{name}",
        "FieldValueForbidden",
    )


_TAG = r"^[\p{L}\p{Z}\p{N}_.:/=+@-]*$"

SPEC = (
    _immutable("endpointName", "AWS cannot rename an endpoint"),
    _immutable("region", "AWS cannot move an endpoint"),
    _immutable("assumeRoleARN", "another role may mean another account, and the endpoint would be left behind"),
    Rule(
        "SageMakerEndpointSpec",
        "self.desiredState == 'Stopped' || oldSelf.desiredState == 'Stopped'"
        " || !oldSelf.variants.exists(v, has(v.instance)) || !self.variants.exists(v, has(v.serverless))",
        "AWS makes no endpoint on instances serverless while it runs: set desiredState to Stopped, then serverless,"
        " then Running",
        ".variants",
        "FieldValueForbidden",
    ),
    Rule(
        "SageMakerEndpointSpec",
        "!has(self.assumeRoleARN) || !has(self.executionRoleARN)"
        " || self.assumeRoleARN.split(':')[4] == self.executionRoleARN.split(':')[4]",
        "executionRoleARN must be a role of the account of assumeRoleARN: SageMaker takes no role of another account",
        ".executionRoleARN",
    ),
    Rule(
        "SageMakerEndpointSpec",
        f"!has(self.region) || ({no_variant(_image_elsewhere)})",
        "every image must be in Amazon ECR of the endpoint's region: replicate it to spec.region",
    ),
    Rule(
        "SageMakerEndpointSpec",
        "!has(self.region) || !has(self.monitoring) || "
        + every("self.monitoring.topicARNs", "x.split(':')[3] == self.region"),
        "CloudWatch tells SNS topics of its own region alone: name topics of spec.region in monitoring.topicARNs",
        ".monitoring.topicARNs",
    ),
    Rule(
        "SageMakerEndpointSpec",
        "!has(self.monitoring) || !has(self.monitoring.alarms) || has(self.async)"
        " || !self.monitoring.alarms.exists(a, a == 'Backlog')",
        "Backlog watches the queue of an asynchronous endpoint: leave it out of monitoring.alarms, or add async",
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
        "with async there is no metric of invocations: scale by a targetTracking entry with customizedMetric"
        " AWS/SageMaker ApproximateBacklogSizePerInstance of the dimension EndpointName",
        ".variants",
    ),
    Rule(
        "SageMakerEndpointSpec",
        "!has(self.officeHours) || self.desiredState == 'Running'",
        "officeHours start and stop the endpoint, so they do not go with desiredState Stopped:"
        " remove officeHours to keep it stopped, or set desiredState to Running",
        ".desiredState",
    ),
    Rule(
        "OfficeHours",
        "self.start != self.stop",
        "start and stop come at the same moments, so the endpoint would never run: write when it stops",
        ".stop",
    ),
    Rule(
        "SageMakerEndpointSpec.tags",
        # In any case: to IAM's conditions, keys that differ by case are one. Nor may spaces, which some trim, hide it.
        r"self.all(k, !k.matches(r'^\p{Z}*(?i:aws:|smendpoints\.dev/)'))",
        "tags that begin with aws: are AWS's own, and with smendpoints.dev/ the operator's: use other keys",
        reason="FieldValueForbidden",
    ),
    Rule(
        "SageMakerEndpointSpec.tags",
        f"self.all(k, k.matches(r'{_TAG}') && self[k].matches(r'{_TAG}'))",
        "keys and values of tags have letters, digits, spaces and _ . : / = + - @ alone: leave out all else",
    ),
    Rule(
        "SageMakerEndpointSpec.tags",
        "self.all(k, k.size() >= 1 && k.size() <= 128)",
        "a tag's key has 1 to 128 characters: use shorter keys",
    ),
)
