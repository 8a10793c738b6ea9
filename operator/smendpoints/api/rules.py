"""The rules that the API server checks beyond types and bounds, in CEL, each with the sentence that a user reads.

A rule that crosses fields stands here and nowhere else: the operator trusts what the API server has let through.
What only AWS knows (quotas, whether a thing exists) is pre-flight's.

Fields inside of lists have no default in the CRD (see `crd`), so rules ask `has` before they read one. They do so too
for the sake of the API server's estimate of their cost: it takes what `.?field.orValue()` gives for unbounded.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from smendpoints.api.base import NAME, S3_PREFIX, TIME_ZONE
from smendpoints.api.scaling import SCHEDULE
from smendpoints.api.spec import (
    FIVE_CRON_FIELDS,
    REGION,
    ROLE_ARN,
    SECURITY_GROUP_ID,
    SUBNET_ID,
    TOPIC_ARN,
)
from smendpoints.api.variants import INSTANCE_TYPE, MODEL_ARTIFACT


@dataclass(frozen=True)
class Rule:
    """One entry of `x-kubernetes-validations`.

    Args:
        on: the type that the rule holds for, or a field of it: `Variant`, `Variant.image`.
        cel: true when the value is right.
        message: what is wrong and what to write instead, in one line.
        field: the field that the refusal points at, such as `.minCapacity`; the value itself if unset.
        reason: how the API server's answer classes the refusal; an invalid value if unset. `FieldValueDuplicate` would
            keep the message from the user.
    """

    on: str
    cel: str
    message: str
    field: str | None = None
    reason: Literal["FieldValueForbidden", "FieldValueRequired"] | None = None


# What a pattern means. A pattern of a type that is not here has no sentence, which a test refuses.
PATTERNS: dict[str, str] = {
    NAME: "use letters, digits and single or repeated hyphens in between, 63 characters at most, such as rf-2",
    REGION: "write the name of an AWS region, such as us-east-1",
    ROLE_ARN: "write the ARN of an IAM role, such as arn:aws:iam::123456789012:role/sagemaker-execution",
    SUBNET_ID: "write the ID of a subnet, such as subnet-0123456789abcdef0",
    SECURITY_GROUP_ID: "write the ID of a security group, such as sg-0123456789abcdef0",
    TOPIC_ARN: "write the ARN of an SNS topic, such as arn:aws:sns:us-east-1:123456789012:answers",
    S3_PREFIX: "write an S3 URI, such as s3://bucket/prefix/",
    MODEL_ARTIFACT: "write an S3 URI below a bucket, such as s3://models/iris/model.tar.gz",
    INSTANCE_TYPE: "write an instance type of SageMaker, with its ml. in front, such as ml.m5.large",
    TIME_ZONE: "write a time zone of the IANA database, such as Europe/Berlin",
    SCHEDULE: "write at(2027-01-31T08:00:00), rate(2 hours), or cron(0 8 ? * MON-FRI *) with its six fields",
    FIVE_CRON_FIELDS: "write five cron fields: minute, hour, day of month, month, day of week, such as 0 8 * * 1-5",
}


def _some(items: str, each: str) -> str:
    """CEL: one of the items, if there are any, is so; `each` calls it `x`."""
    return f"(has({items}) && {items}.exists(x, {each}))"


def _every(items: str, each: str) -> str:
    """CEL: all of the items, if there are any, are so; `each` calls one `x`."""
    return f"(!has({items}) || {items}.all(x, {each}))"


def _is(flag: str) -> str:
    """CEL: an optional boolean is set and true."""
    return f"(has({flag}) && {flag})"


def _count(items: str) -> str:
    """CEL: how many items there are."""
    return f"(has({items}) ? {items}.size() : 0)"


def _no_variant(is_so: Callable[[str], str]) -> str:
    """CEL on the spec: neither a variant nor the shadow is so."""
    return f"!self.variants.exists(v, {is_so('v')}) && (!has(self.shadow) || !({is_so('self.shadow')}))"


def _pipeline(variant: str) -> str:
    return f"{_count(f'{variant}.containers')} > 0"


def _of_type(prefix: str) -> Callable[[str], str]:
    def is_so(variant: str) -> str:
        single = f"(has({variant}.instance.type) && {variant}.instance.type.startsWith('{prefix}'))"
        pools = _some(f"{variant}.instance.pools", f"x.type.startsWith('{prefix}')")
        return f"has({variant}.instance) && ({single} || {pools})"

    return is_so


def _image_elsewhere(variant: str) -> str:
    def elsewhere(image: str) -> str:
        return f"!{image}.contains('.' + self.region + '.')"

    return (
        f"(has({variant}.image) && {elsewhere(f'{variant}.image')})"
        f" || {_some(f'{variant}.containers', elsewhere('x.image'))}"
    )


def _tracks_not(metric: str) -> str:
    """CEL on an entry `x` of targetTracking."""
    return f"!has(x.predefinedMetric) || x.predefinedMetric != '{metric}'"


def _immutable(name: str, why: str) -> Rule:
    return Rule(
        "SageMakerEndpointSpec",
        f"has(self.{name}) == has(oldSelf.{name}) && (!has(self.{name}) || self.{name} == oldSelf.{name})",
        f"{name} is immutable, set or unset: {why}; make a new SageMakerEndpoint and delete this one",
        f".{name}",
        "FieldValueForbidden",
    )


def _unless_serverless(what: str, allowed: str, remedy: str) -> Rule:
    return Rule(
        "SageMakerEndpointSpec",
        f"!self.variants.exists(v, has(v.serverless)) || {allowed}",
        f"a serverless variant does not go with {what}: {remedy}",
        reason="FieldValueForbidden",
    )


def _unless_shadow(what: str, allowed: str) -> Rule:
    return Rule(
        "SageMakerEndpointSpec",
        f"!has(self.shadow) || ({allowed})",
        f"a shadow variant does not go with {what}: remove one of the two",
        reason="FieldValueForbidden",
    )


_SPEC = (
    _immutable("endpointName", "AWS cannot rename an endpoint"),
    _immutable("region", "AWS cannot move an endpoint"),
    _immutable("assumeRoleARN", "another role may mean another account, and the endpoint would be left behind"),
    Rule(
        "SageMakerEndpointSpec",
        "!has(self.assumeRoleARN) || !has(self.executionRoleARN)"
        " || self.assumeRoleARN.split(':')[4] == self.executionRoleARN.split(':')[4]",
        "executionRoleARN must be a role of the account of assumeRoleARN: SageMaker takes no role of another account",
        ".executionRoleARN",
    ),
    Rule(
        "SageMakerEndpointSpec",
        f"!has(self.region) || ({_no_variant(_image_elsewhere)})",
        "every image must be in Amazon ECR of the endpoint's region: replicate it to spec.region",
    ),
    Rule(
        "SageMakerEndpointSpec",
        "self.variants.exists(v, !has(v.weight) || v.weight > 0.0)",
        "all weights are 0, so no variant would get a request: give at least one variant a weight above 0",
        ".variants",
    ),
    Rule(
        "SageMakerEndpointSpec",
        "!has(self.shadow) || self.variants.size() == 1",
        "shadow needs exactly one production variant: leave one entry in variants, or remove shadow",
        ".shadow",
        "FieldValueForbidden",
    ),
    Rule(
        "SageMakerEndpointSpec",
        "!has(self.shadow) || self.variants.all(v, v.name != self.shadow.name)",
        "the shadow variant needs a name of its own: it has the name of a production variant",
        ".shadow.name",
    ),
    _unless_shadow("serverless hosting", _no_variant("has({}.serverless)".format)),
    _unless_shadow("async", "!has(self.async)"),
    _unless_shadow("a multi-model variant", _no_variant(lambda v: _is(f"{v}.multiModel"))),
    _unless_shadow("a pipeline of containers", _no_variant(_pipeline)),
    Rule(
        "SageMakerEndpointSpec",
        "!has(self.shadow) || !has(self.shadow.scaling)",
        "a shadow variant does not scale: remove shadow.scaling and set shadow.instance.count",
        ".shadow.scaling",
        "FieldValueForbidden",
    ),
    _unless_serverless("other variants", "self.variants.size() == 1", "leave one entry in variants, or use instance"),
    _unless_serverless("vpc", "!has(self.vpc)", "remove vpc, or use instance instead of serverless"),
    _unless_serverless(
        "networkIsolation", "!self.networkIsolation", "remove networkIsolation, or use instance instead of serverless"
    ),
    _unless_serverless(
        "dataCapture", "!has(self.dataCapture)", "remove dataCapture, or use instance instead of serverless"
    ),
    _unless_serverless("async", "!has(self.async)", "remove async, or use instance instead of serverless"),
    _unless_serverless(
        "a guarded rollout",
        "!has(self.rollout) || (self.rollout.strategy == 'AllAtOnce' && !has(self.rollout.rollback)"
        " && self.rollout.terminationWaitSeconds == 0 && self.rollout.stepWaitSeconds == 0)",
        "leave rollout.strategy at AllAtOnce, without waits and rollback",
    ),
    Rule(
        "SageMakerEndpointSpec",
        "!has(self.rollout) || self.rollout.strategy != 'Rolling' || self.variants.size() == 1",
        "rollout.strategy Rolling needs exactly one variant: use AllAtOnce, Canary or Linear with several",
        ".rollout.strategy",
    ),
    Rule(
        "SageMakerEndpointSpec",
        "!has(self.rollout) || (self.rollout.strategy == 'AllAtOnce' && !has(self.rollout.rollback))"
        f" || ({_no_variant(_of_type('ml.inf1.'))})",
        "AWS drops the guardrails of ml.inf1 instances in silence: use strategy AllAtOnce without rollback,"
        " or another instance type",
        ".rollout",
        "FieldValueForbidden",
    ),
    Rule(
        "SageMakerEndpointSpec",
        "!has(self.rollout) || !has(self.rollout.stepInstances) || self.variants.all(v, !has(v.instance)"
        " || self.rollout.stepInstances * 2 <= (has(v.instance.count) ? v.instance.count : 1)"
        " || (has(v.scaling) && self.rollout.stepInstances * 2 <= v.scaling.maxCapacity))",
        "rollout.stepInstances must be at most half of each variant's instances: lower it, or use stepPercent",
        ".rollout.stepInstances",
    ),
    Rule(
        "SageMakerEndpointSpec",
        f"!has(self.rollout) || !has(self.rollout.rollback) || {_count('self.rollout.rollback.alarmNames')}"
        " + self.variants.size() * ((has(self.rollout.rollback.maxErrorRatePercent) ? 1 : 0)"
        " + (has(self.rollout.rollback.maxLatencyMilliseconds) ? 1 : 0)) <= 10",
        "a rollout has at most 10 alarms: those in rollback.alarmNames, and for each variant one for"
        " maxErrorRatePercent and one for maxLatencyMilliseconds; name fewer",
        ".rollout.rollback",
    ),
    Rule(
        "SageMakerEndpointSpec",
        "has(self.async) || self.variants.all(v, !has(v.scaling) || (v.scaling.minCapacity > 0"
        f" && {_every('v.scaling.schedules', '!has(x.minCapacity) || x.minCapacity > 0')}))",
        "minCapacity 0 needs async, where requests wait in a queue: set minCapacity to 1 or more, or add async",
        ".variants",
    ),
    Rule(
        "SageMakerEndpointSpec",
        "!has(self.async) || self.variants.all(v, !has(v.scaling) || !has(v.scaling.targetInvocationsPerInstance)"
        f" && {_every('v.scaling.targetTracking', _tracks_not('InvocationsPerInstance'))})",
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
        "SageMakerEndpointSpec.tags",
        "self.all(k, !k.startsWith('aws:') && !k.startsWith('AWS:') && !k.startsWith('smendpoints.dev/'))",
        "tags that begin with aws: are AWS's own, and with smendpoints.dev/ the operator's: use other keys",
        reason="FieldValueForbidden",
    ),
    Rule(
        "SageMakerEndpointSpec.tags",
        "self.all(k, k.size() >= 1 && k.size() <= 128)",
        "a tag's key has 1 to 128 characters: use shorter keys",
    ),
)

_ROLLOUT = (
    Rule(
        "Rollout",
        "self.strategy == 'AllAtOnce' || has(self.stepPercent) != has(self.stepInstances)",
        "Canary, Linear and Rolling need exactly one of stepPercent and stepInstances",
    ),
    Rule(
        "Rollout",
        "self.strategy != 'AllAtOnce' || (!has(self.stepPercent) && !has(self.stepInstances))",
        "AllAtOnce has no steps: remove stepPercent and stepInstances, or set strategy to Canary, Linear or Rolling",
    ),
    Rule(
        "Rollout",
        "self.strategy != 'Linear' || !has(self.stepPercent) || self.stepPercent >= 10",
        "a step of Linear is 10 to 50 percent: set stepPercent to 10 or more",
        ".stepPercent",
    ),
    Rule(
        "Rollout",
        "self.strategy != 'Rolling' || !has(self.stepPercent) || self.stepPercent >= 5",
        "a batch of Rolling is 5 to 50 percent: set stepPercent to 5 or more",
        ".stepPercent",
    ),
    Rule(
        "Rollout",
        "self.strategy != 'Rolling' || self.terminationWaitSeconds == 0",
        "Rolling keeps no old fleet to wait for: remove terminationWaitSeconds and use stepWaitSeconds",
        ".terminationWaitSeconds",
    ),
    Rule(
        "Rollout",
        # Canary waits once, Linear and Rolling once a step; how many steps stepInstances makes depends on live counts.
        "self.stepWaitSeconds * (self.strategy in ['Linear', 'Rolling'] && has(self.stepPercent)"
        " ? (100 + self.stepPercent - 1) / self.stepPercent : 1) + self.terminationWaitSeconds"
        " < (has(self.timeoutSeconds) ? self.timeoutSeconds : 28800)",
        "the waits of all steps and terminationWaitSeconds must be shorter than timeoutSeconds (28800 if unset):"
        " wait less, take larger steps, or raise timeoutSeconds",
    ),
    Rule(
        "Rollout",
        "!has(self.rollback) || (!has(self.rollback.maxErrorRatePercent) && !has(self.rollback.maxLatencyMilliseconds))"
        " || self.stepWaitSeconds > 0 || self.terminationWaitSeconds > 0",
        "maxErrorRatePercent and maxLatencyMilliseconds need time to watch the new fleet:"
        " set stepWaitSeconds or terminationWaitSeconds",
        ".rollback",
    ),
    Rule(
        "Rollback",
        f"{_count('self.alarmNames')} > 0 || has(self.maxErrorRatePercent) || has(self.maxLatencyMilliseconds)",
        "rollback needs at least one of alarmNames, maxErrorRatePercent and maxLatencyMilliseconds",
        reason="FieldValueRequired",
    ),
)

_ECR = (
    r"^[0-9]{12}\.dkr[.-]ecr(-fips)?\.[a-z0-9-]+(\.[a-z0-9-]+)+/[a-z0-9]([a-z0-9._/-]*[a-z0-9])?"
    r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|@sha256:[0-9a-f]{64})?$"
)
_ECR_SENTENCE = (
    "SageMaker takes images of Amazon ECR alone: write"
    " <account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>, or @sha256:<64 hex digits> instead of :<tag>"
)
_ARTIFACT_CEL = "self.endsWith('/') || self.endsWith('.tar.gz')"
_ARTIFACT_SENTENCE = "write one archive that ends in .tar.gz, or a prefix that ends in /"
_ENVIRONMENT_CEL = "self.all(k, k.size() <= 1024 && k.matches('^[a-zA-Z_][a-zA-Z0-9_]*$'))"
_ENVIRONMENT_SENTENCE = (
    "a name of an environment variable has letters, digits and _, 1024 at most, and does not begin with a digit"
)


def _size(environment: str) -> str:
    sizes = f"{environment}.map(k, k.size() + {environment}[k].size())"
    return f"(has({environment}) ? {sizes}.sum() : 0)"


_VARIANT = (
    Rule(
        "Variant",
        "has(self.instance) != has(self.serverless)",
        "a variant needs exactly one of instance and serverless",
    ),
    Rule(
        "Variant",
        f"has(self.image) != ({_pipeline('self')})",
        "a variant needs exactly one of image and containers",
    ),
    Rule(
        "Variant",
        f"!({_pipeline('self')}) || (!has(self.modelArtifact) && {_count('self.environment')} == 0"
        f" && !{_is('self.multiModel')})",
        "beside containers there is no modelArtifact, environment or multiModel: set modelArtifact and environment"
        " in the entries of containers",
        reason="FieldValueForbidden",
    ),
    Rule(
        "Variant",
        f"{_count('self.containers')} != 1",
        "a pipeline has 2 to 15 containers: for a single one use image, modelArtifact and environment",
        ".containers",
    ),
    Rule(
        "Variant",
        f"{_every('self.containers', 'has(x.hostname)')} || {_every('self.containers', '!has(x.hostname)')}",
        "give a hostname to all containers of the pipeline, or to none",
        ".containers",
    ),
    Rule(
        "Variant",
        _every(
            "self.containers",
            "!has(x.hostname) || self.containers.exists_one(y, has(y.hostname) && y.hostname == x.hostname)",
        ),
        "each container of a pipeline needs a hostname of its own",
        ".containers",
    ),
    Rule(
        "Variant",
        f"{_size('self.environment')} + (has(self.containers) ?"
        f" self.containers.map(c, {_size('c.environment')}).sum() : 0) <= 32768",
        "the environment of all containers of a variant has at most 32768 characters, names and values together:"
        " put larger settings into the model artifact",
    ),
    Rule(
        "Variant",
        f"!{_is('self.multiModel')} || (has(self.modelArtifact) && self.modelArtifact.endsWith('/'))",
        "multiModel needs a modelArtifact that is a prefix and ends in /, such as s3://models/all/",
        ".modelArtifact",
    ),
    Rule(
        "Variant",
        f"!has(self.serverless) || (!{_is('self.multiModel')} && !({_pipeline('self')})"
        " && (!has(self.modelArtifact) || !self.modelArtifact.endsWith('/')))",
        "a serverless variant serves one model of one container: remove multiModel and containers,"
        " and give a modelArtifact that ends in .tar.gz; or use instance",
        ".serverless",
    ),
    Rule(
        "Variant",
        "!has(self.serverless) || !has(self.scaling) || has(self.serverless.provisionedConcurrency)",
        "scaling of a serverless variant moves its provisionedConcurrency: set it, or remove scaling",
        ".scaling",
    ),
    Rule(
        "Variant",
        "!has(self.serverless) || !has(self.scaling) || self.scaling.maxCapacity <= self.serverless.maxConcurrency",
        "scaling.maxCapacity of a serverless variant must be at most serverless.maxConcurrency",
        ".scaling",
    ),
    Rule(
        "Variant",
        "!has(self.serverless) || !has(self.scaling) || (!has(self.scaling.targetInvocationsPerInstance)"
        f" && {_every('self.scaling.targetTracking', _tracks_not('InvocationsPerInstance'))}"
        f" && {_every('self.scaling.targetTracking', _tracks_not('ConcurrentRequestsPerModel'))})",
        "a serverless variant has no instances to count invocations of: use a targetTracking entry with"
        " predefinedMetric ProvisionedConcurrencyUtilization",
        ".scaling",
    ),
    Rule(
        "Variant",
        "!has(self.instance) || !has(self.scaling)"
        f" || {_every('self.scaling.targetTracking', _tracks_not('ProvisionedConcurrencyUtilization'))}",
        "ProvisionedConcurrencyUtilization is for serverless variants:"
        " use InvocationsPerInstance or ConcurrentRequestsPerModel",
        ".scaling",
    ),
    Rule(
        "Variant",
        f"!has(self.scaling) || !({_of_type('ml.t2.')('self')})",
        "burstable instances (ml.t2.*) cannot autoscale: use another type, such as ml.m5.large, or remove scaling",
        ".scaling",
        "FieldValueForbidden",
    ),
    Rule("Variant.image", f"self.matches(r'{_ECR}')", _ECR_SENTENCE),
    Rule("Variant.modelArtifact", _ARTIFACT_CEL, _ARTIFACT_SENTENCE),
    Rule("Variant.environment", _ENVIRONMENT_CEL, _ENVIRONMENT_SENTENCE),
    Rule("Container.image", f"self.matches(r'{_ECR}')", _ECR_SENTENCE),
    Rule("Container.modelArtifact", _ARTIFACT_CEL, _ARTIFACT_SENTENCE),
    Rule("Container.environment", _ENVIRONMENT_CEL, _ENVIRONMENT_SENTENCE),
    Rule(
        "Instance",
        f"has(self.type) != ({_count('self.pools')} > 0)",
        "instance needs exactly one of type and pools",
    ),
    Rule(
        "Instance.pools",
        "self.all(p, self.exists_one(q, q.type == p.type))",
        "name each instance type in pools once, in order of preference",
    ),
    Rule(
        "Serverless",
        "!has(self.provisionedConcurrency) || self.provisionedConcurrency <= self.maxConcurrency",
        "provisionedConcurrency must be at most maxConcurrency",
        ".provisionedConcurrency",
    ),
)

# The policy that targetInvocationsPerInstance stands for has this name.
_SHORT_FORM = "x.name == 'invocations-per-instance'"

_SCALING = (
    Rule(
        "Scaling",
        "self.minCapacity <= self.maxCapacity",
        "minCapacity must be at most maxCapacity",
        ".minCapacity",
    ),
    Rule(
        "Scaling",
        f"!has(self.targetInvocationsPerInstance) || !({_some('self.targetTracking', _SHORT_FORM)}"
        f" || {_some('self.stepScaling', _SHORT_FORM)})",
        "the policy of targetInvocationsPerInstance is named invocations-per-instance: give yours another name",
    ),
    Rule(
        "Scaling",
        "!has(self.stepScaling) || " + _every("self.targetTracking", "!self.stepScaling.exists(y, y.name == x.name)"),
        "targetTracking and stepScaling share one set of names: give each policy a name of its own",
    ),
    Rule(
        "Scaling",
        _every(
            "self.targetTracking",
            "!has(x.predefinedMetric) || self.targetTracking.exists_one(y,"
            " has(y.predefinedMetric) && y.predefinedMetric == x.predefinedMetric)",
        )
        + " && (!has(self.targetInvocationsPerInstance) || "
        + _every("self.targetTracking", _tracks_not("InvocationsPerInstance"))
        + ")",
        "track each predefined metric once (targetInvocationsPerInstance is one of InvocationsPerInstance):"
        " remove one of the two policies",
    ),
    Rule(
        "TargetTracking",
        "has(self.predefinedMetric) != has(self.customizedMetric)",
        "targetTracking needs exactly one of predefinedMetric and customizedMetric",
    ),
    Rule(
        "ScalingSchedule",
        "has(self.minCapacity) || has(self.maxCapacity)",
        "a schedule needs minCapacity, maxCapacity or both",
        reason="FieldValueRequired",
    ),
    Rule(
        "ScalingSchedule",
        "!has(self.minCapacity) || !has(self.maxCapacity) || self.minCapacity <= self.maxCapacity",
        "minCapacity of a schedule must be at most its maxCapacity",
        ".minCapacity",
    ),
    Rule(
        "Step",
        "!has(self.lowerBound) || !has(self.upperBound) || self.lowerBound < self.upperBound",
        "lowerBound must be below upperBound; leave one of them out for a step that is open on that side",
    ),
    Rule(
        "StepScaling.steps",
        "self.all(a, self.filter(b, (!has(a.upperBound) || !has(b.lowerBound) || b.lowerBound < a.upperBound)"
        " && (!has(b.upperBound) || !has(a.lowerBound) || a.lowerBound < b.upperBound)).size() <= 1)",
        "steps must not overlap: begin each where another ends, and leave out at most one lowerBound and upperBound",
    ),
    Rule(
        "StepScaling",
        "!has(self.adjustmentType) || self.adjustmentType != 'ExactCapacity' || self.steps.all(s, s.adjustment >= 0)",
        "with ExactCapacity an adjustment is the capacity itself: write 0 or more",
        ".steps",
    ),
    Rule(
        "StepAlarm",
        "!has(self.periodSeconds) || self.periodSeconds in [10, 20, 30] || self.periodSeconds % 60 == 0",
        "periodSeconds must be 10, 20, 30 or a multiple of 60",
        ".periodSeconds",
    ),
)

RULES: tuple[Rule, ...] = (*_SPEC, *_ROLLOUT, *_VARIANT, *_SCALING)
