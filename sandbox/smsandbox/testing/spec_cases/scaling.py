"""Scaling: bounds, policies, schedules, steps."""

from smsandbox.testing.spec_cases.words import (
    ASYNC,
    BOUNDS,
    BURSTABLE,
    FROM_ZERO,
    METRIC,
    NO_INSTANCES,
    NO_INVOCATIONS,
    OVERLAP,
    PC,
    TRACK_INVOCATIONS,
    TRACK_UTILIZATION,
    TWICE,
    V0,
    Spec,
    alarm,
    scaled,
    serverless,
    spec,
    stepped,
    tracked,
    variant,
)

# What is wrong -> the spec, the field that the refusal points at, the sentence.
REFUSED: dict[str, tuple[Spec, str, str]] = {
    "scaling to zero without async": (scaled(minCapacity=0), "spec.variants", FROM_ZERO),
    "a schedule that scales to zero without async": (
        scaled(schedules=[{"name": "s", "schedule": "rate(1 day)", "minCapacity": 0}]),
        "spec.variants",
        FROM_ZERO,
    ),
    "invocations of an async endpoint by the short form": (
        scaled(targetInvocationsPerInstance=70) | {"async": ASYNC},
        "spec.variants",
        NO_INVOCATIONS,
    ),
    "invocations of an async endpoint": (
        tracked(TRACK_INVOCATIONS) | {"async": ASYNC},
        "spec.variants",
        NO_INVOCATIONS,
    ),
    "scaling of a serverless variant that is not provisioned": (
        serverless({"scaling": BOUNDS}),
        f"{V0}.scaling",
        "scaling of a serverless variant changes its provisionedConcurrency: set it, or remove scaling",
    ),
    "scaling beyond the concurrency": (
        serverless({"serverless": PC, "scaling": BOUNDS | {"maxCapacity": 11}}),
        f"{V0}.scaling",
        "scaling.maxCapacity of a serverless variant must be at most serverless.maxConcurrency",
    ),
    "invocations per instance without instances, by the short form": (
        serverless({"serverless": PC, "scaling": BOUNDS | {"targetInvocationsPerInstance": 1}}),
        f"{V0}.scaling",
        NO_INSTANCES,
    ),
    "invocations per instance without instances": (
        serverless({"serverless": PC, "scaling": BOUNDS | {"targetTracking": [TRACK_INVOCATIONS]}}),
        f"{V0}.scaling",
        NO_INSTANCES,
    ),
    "utilization of what instances do not have": (
        tracked(TRACK_UTILIZATION),
        f"{V0}.scaling",
        (
            "ProvisionedConcurrencyUtilization is only available for serverless variants: use InvocationsPerInstance"
            " or ConcurrentRequestsPerModel"
        ),
    ),
    "a burstable type that scales": (
        spec(variant(instance={"type": "ml.t2.medium"}, scaling=BOUNDS)),
        f"{V0}.scaling",
        BURSTABLE,
    ),
    "a burstable type in a pool that scales": (
        spec(variant(instance={"pools": [{"type": "ml.m5.large"}, {"type": "ml.t2.medium"}]}, scaling=BOUNDS)),
        f"{V0}.scaling",
        BURSTABLE,
    ),
    "scaling by nothing": (
        spec(variant(scaling={"minCapacity": 1, "maxCapacity": 4, "targetTracking": []})),
        f"{V0}.scaling",
        "scaling needs at least one of targetInvocationsPerInstance, targetTracking, stepScaling and schedules",
    ),
    "bounds that cross": (
        scaled(minCapacity=5),
        f"{V0}.scaling.minCapacity",
        "minCapacity must be at most maxCapacity",
    ),
    "a policy that has the short form's name": (
        tracked(
            {"name": "invocations-per-instance", "customizedMetric": METRIC, "targetValue": 1},
            targetInvocationsPerInstance=70,
        ),
        f"{V0}.scaling",
        "the name invocations-per-instance is used by the policy of targetInvocationsPerInstance: use another name",
    ),
    "two policies of one name": (
        tracked(
            {"name": "p", "customizedMetric": METRIC, "targetValue": 1},
            stepScaling=[{"name": "p", "steps": [{"adjustment": 1}], "alarm": alarm()}],
        ),
        f"{V0}.scaling",
        "a policy of targetTracking and one of stepScaling have the same name: give each policy a different name",
    ),
    "one metric tracked twice": (tracked(TRACK_INVOCATIONS, TRACK_INVOCATIONS | {"name": "q"}), f"{V0}.scaling", TWICE),
    "invocations tracked beside the short form": (
        tracked(TRACK_INVOCATIONS, targetInvocationsPerInstance=70),
        f"{V0}.scaling",
        TWICE,
    ),
    "nothing to track": (
        tracked({"name": "p", "targetValue": 1}),
        f"{V0}.scaling.targetTracking[0]",
        "targetTracking needs exactly one of predefinedMetric and customizedMetric",
    ),
    "two things to track": (
        tracked(TRACK_INVOCATIONS | {"customizedMetric": METRIC}),
        f"{V0}.scaling.targetTracking[0]",
        "targetTracking needs exactly one of predefinedMetric and customizedMetric",
    ),
    "a schedule that changes nothing": (
        scaled(schedules=[{"name": "s", "schedule": "rate(1 day)"}]),
        f"{V0}.scaling.schedules[0]",
        "a schedule needs minCapacity, maxCapacity or both",
    ),
    "a schedule whose bounds cross": (
        scaled(schedules=[{"name": "s", "schedule": "rate(1 day)", "minCapacity": 3, "maxCapacity": 2}]),
        f"{V0}.scaling.schedules[0].minCapacity",
        "minCapacity of a schedule must be at most its maxCapacity",
    ),
    "a step that ends before it begins": (
        stepped({"lowerBound": 5, "upperBound": 1, "adjustment": 1}),
        f"{V0}.scaling.stepScaling[0].steps[0]",
        "lowerBound must be less than upperBound; leave one of them out for a step without that bound",
    ),
    "steps that overlap": (
        stepped({"lowerBound": 0, "upperBound": 10, "adjustment": 1}, {"lowerBound": 9, "adjustment": 2}),
        f"{V0}.scaling.stepScaling[0].steps",
        OVERLAP,
    ),
    "two steps without an end": (
        stepped({"lowerBound": 0, "adjustment": 1}, {"lowerBound": 9, "adjustment": 2}),
        f"{V0}.scaling.stepScaling[0].steps",
        OVERLAP,
    ),
    "an exact capacity below zero": (
        stepped({"lowerBound": 0, "adjustment": -1}, adjustmentType="ExactCapacity"),
        f"{V0}.scaling.stepScaling[0].steps",
        "with ExactCapacity, an adjustment is the new capacity: it must be 0 or more",
    ),
    "an alarm's period of 45 seconds": (
        stepped(alarm=alarm(periodSeconds=45)),
        f"{V0}.scaling.stepScaling[0].alarm.periodSeconds",
        "periodSeconds must be 10, 20, 30 or a multiple of 60",
    ),
}
