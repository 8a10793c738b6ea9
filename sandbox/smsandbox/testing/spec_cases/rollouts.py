"""Rollouts, their alarms and their analysis."""

from smsandbox.testing.spec_cases.words import (
    ANALYSIS,
    ASYNC,
    STEP_SIZE,
    TEN_ALARMS,
    WAITS,
    Spec,
    rollout,
    spec,
    variant,
)

# What is wrong -> the spec, the field that the refusal points at, the sentence.
REFUSED: dict[str, tuple[Spec, str, str]] = {
    "a canary of more than half": (
        rollout("Canary", stepInstances=11),
        "spec.rollout.stepInstances",
        "rollout.stepInstances must be at most half of each variant's instances: reduce it, or use stepPercent",
    ),
    "eleven alarms": (
        spec(
            variant("a"),
            variant("b"),
            rollout={
                "stepWaitSeconds": 60,
                "rollback": {
                    "alarmNames": [f"alarm-{number}" for number in range(7)],
                    "maxErrorRatePercent": 1,
                    "maxLatencyMilliseconds": 100,
                },
            },
        ),
        "spec.rollout.rollback",
        TEN_ALARMS,
    ),
    "ten alarms and the one to abort with": (
        rollout(
            "Canary",
            stepPercent=10,
            stepWaitSeconds=60,
            rollback={"alarmNames": [f"alarm-{number}" for number in range(10)], "onRequest": True},
        ),
        "spec.rollout.rollback",
        TEN_ALARMS,
    ),
    "ten alarms and the one to undo by analysis with": (
        rollout(
            "Canary",
            stepPercent=10,
            stepWaitSeconds=600,
            rollback={"alarmNames": [f"alarm-{number}" for number in range(10)]},
            analysis=ANALYSIS,
        ),
        "spec.rollout.rollback",
        TEN_ALARMS,
    ),
    "an analysis without a fleet beside the other": (
        rollout("AllAtOnce", terminationWaitSeconds=600, analysis=ANALYSIS),
        "spec.rollout.analysis",
        "analysis compares the old fleet with the new one while both serve: set strategy to Canary or Linear",
    ),
    "an analysis of batches": (
        rollout("Rolling", stepPercent=10, stepWaitSeconds=600, analysis=ANALYSIS),
        "spec.rollout.analysis",
        "analysis compares the old fleet with the new one while both serve: set strategy to Canary or Linear",
    ),
    "an analysis that has no time": (
        rollout("Canary", stepPercent=10, stepWaitSeconds=359, analysis=ANALYSIS),
        "spec.rollout.stepWaitSeconds",
        (
            "analysis needs time to compare: stepWaitSeconds must be at least analysis.warmUpSeconds (60 if unset) plus"
            " 300"
        ),
    ),
    "an analysis of an asynchronous endpoint": (
        rollout("Canary", stepPercent=10, stepWaitSeconds=600, analysis=ANALYSIS) | {"async": ASYNC},
        "spec.rollout.analysis",
        (
            "rollout.analysis is not available for asynchronous endpoints, because it compares responses to real-time"
            " requests: remove analysis, and set rollback.alarmNames to alarms of your own"
        ),
    ),
    "a metric of nothing": (
        rollout("Canary", stepPercent=10, stepWaitSeconds=600, analysis={"metrics": [{"name": "errors"}]}),
        "spec.rollout.analysis.metrics[0]",
        "a metric of analysis needs exactly one of errorRate, latencyAbove and metricAbove",
    ),
    "more errors are better": (
        rollout(
            "Linear",
            stepPercent=10,
            stepWaitSeconds=600,
            analysis={"metrics": [{"name": "errors", "errorRate": {}, "better": "Higher"}]},
        ),
        "spec.rollout.analysis.metrics[0].better",
        "better can only be set with metricAbove: remove it",
    ),
    "a canary without a size": (rollout("Canary"), "spec.rollout", STEP_SIZE),
    "a canary with two sizes": (rollout("Canary", stepPercent=10, stepInstances=1), "spec.rollout", STEP_SIZE),
    "Rolling without a size": (rollout("Rolling"), "spec.rollout", STEP_SIZE),
    "all at once in steps": (
        rollout("AllAtOnce", stepPercent=10),
        "spec.rollout",
        "AllAtOnce has no steps: remove stepPercent and stepInstances, or set strategy to Canary, Linear or Rolling",
    ),
    "Linear in steps of 9 percent": (
        rollout("Linear", stepPercent=9),
        "spec.rollout.stepPercent",
        "with Linear, a step must be 10 to 50 percent: set stepPercent to 10 or more",
    ),
    "Rolling in batches of 4 percent": (
        rollout("Rolling", stepPercent=4),
        "spec.rollout.stepPercent",
        "with Rolling, a batch must be 5 to 50 percent: set stepPercent to 5 or more",
    ),
    "Rolling with a termination wait": (
        rollout("Rolling", stepPercent=10, terminationWaitSeconds=60),
        "spec.rollout.terminationWaitSeconds",
        "with Rolling, no old fleet is kept: remove terminationWaitSeconds, and use stepWaitSeconds",
    ),
    "a canary that waits as long as it may take": (
        rollout("Canary", stepPercent=10, stepWaitSeconds=400, terminationWaitSeconds=200, timeoutSeconds=600),
        "spec.rollout",
        WAITS,
    ),
    "ten linear steps of an hour": (rollout("Linear", stepPercent=10, stepWaitSeconds=3600), "spec.rollout", WAITS),
    "four batches (the last a small one) of 150 seconds in 600": (
        rollout("Rolling", stepPercent=30, stepWaitSeconds=150, timeoutSeconds=600),
        "spec.rollout",
        WAITS,
    ),
    "an error rate that nobody has time to measure": (
        rollout("Canary", stepPercent=10, rollback={"maxErrorRatePercent": 1}),
        "spec.rollout.rollback",
        (
            "maxErrorRatePercent, maxLatencyMilliseconds and onRequest need time to monitor the new fleet: set"
            " stepWaitSeconds or terminationWaitSeconds"
        ),
    ),
    "an abort that AWS never looks for": (
        rollout("AllAtOnce", rollback={"onRequest": True}),
        "spec.rollout.rollback",
        (
            "maxErrorRatePercent, maxLatencyMilliseconds and onRequest need time to monitor the new fleet: set"
            " stepWaitSeconds or terminationWaitSeconds"
        ),
    ),
    "a rollback for no reason": (
        rollout("Canary", stepPercent=10, rollback={}),
        "spec.rollout.rollback",
        "rollback needs at least one of alarmNames, maxErrorRatePercent, maxLatencyMilliseconds and onRequest",
    ),
}
