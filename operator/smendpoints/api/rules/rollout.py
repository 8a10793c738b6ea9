"""Rules of rollouts: steps, waits, alarms, and the variants that they are for."""

from smendpoints.api.rules.cel import UNGUARDED, Rule, count_of, is_true, no_variant, of_type

ROLLOUT = (
    Rule(
        "SageMakerEndpointSpec",
        "!has(self.rollout) || self.rollout.strategy != 'Rolling' || self.variants.size() == 1",
        "rollout.strategy Rolling needs exactly one variant: use AllAtOnce, Canary or Linear with several",
        ".rollout.strategy",
    ),
    Rule(
        "SageMakerEndpointSpec",
        f"{UNGUARDED} || ({no_variant(of_type('ml.inf1.'))})",
        "AWS ignores deployment guardrails for ml.inf1 instances, without an error: use strategy AllAtOnce without"
        " waits and rollback, or another instance type",
        ".rollout",
        "FieldValueForbidden",
    ),
    Rule(
        "SageMakerEndpointSpec",
        "!has(self.rollout) || !has(self.rollout.stepInstances) || self.variants.all(v, !has(v.instance)"
        " || self.rollout.stepInstances * 2 <= (has(v.instance.count) ? v.instance.count : 1)"
        " || (has(v.scaling) && self.rollout.stepInstances * 2 <= v.scaling.maxCapacity))",
        "rollout.stepInstances must be at most half of each variant's instances: reduce it, or use stepPercent",
        ".rollout.stepInstances",
    ),
    Rule(
        "SageMakerEndpointSpec",
        f"!has(self.rollout) || !has(self.rollout.rollback) || {count_of('self.rollout.rollback.alarmNames')}"
        " + self.variants.size() * ((has(self.rollout.rollback.maxErrorRatePercent) ? 1 : 0)"
        " + (has(self.rollout.rollback.maxLatencyMilliseconds) ? 1 : 0))"
        f" + ({is_true('self.rollout.rollback.onRequest')}"
        f" || (has(self.rollout.analysis) && !{is_true('self.rollout.analysis.dryRun')}) ? 1 : 0) <= 10",
        "a rollout can have at most 10 alarms: those in rollback.alarmNames, for each variant one for"
        " maxErrorRatePercent and one for maxLatencyMilliseconds, and one for onRequest and analysis; use fewer",
        ".rollout.rollback",
    ),
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
        "with Linear, a step must be 10 to 50 percent: set stepPercent to 10 or more",
        ".stepPercent",
    ),
    Rule(
        "Rollout",
        "self.strategy != 'Rolling' || !has(self.stepPercent) || self.stepPercent >= 5",
        "with Rolling, a batch must be 5 to 50 percent: set stepPercent to 5 or more",
        ".stepPercent",
    ),
    Rule(
        "Rollout",
        "self.strategy != 'Rolling' || self.terminationWaitSeconds == 0",
        "with Rolling, no old fleet is kept: remove terminationWaitSeconds, and use stepWaitSeconds",
        ".terminationWaitSeconds",
    ),
    Rule(
        "Rollout",
        # Canary waits once, Linear and Rolling once a step; how many steps stepInstances makes depends on live counts.
        "self.stepWaitSeconds * (self.strategy in ['Linear', 'Rolling'] && has(self.stepPercent)"
        " ? (100 + self.stepPercent - 1) / self.stepPercent : 1) + self.terminationWaitSeconds"
        " < (has(self.timeoutSeconds) ? self.timeoutSeconds : 28800)",
        "stepWaitSeconds of all steps and terminationWaitSeconds together must be less than timeoutSeconds (28800 if"
        " unset): reduce them, use larger steps, or increase timeoutSeconds",
    ),
    Rule(
        "Rollout",
        "!has(self.rollback) || (!has(self.rollback.maxErrorRatePercent) && !has(self.rollback.maxLatencyMilliseconds)"
        f" && !{is_true('self.rollback.onRequest')})"
        " || self.stepWaitSeconds > 0 || self.terminationWaitSeconds > 0",
        "maxErrorRatePercent, maxLatencyMilliseconds and onRequest need time to monitor the new fleet: set"
        " stepWaitSeconds or terminationWaitSeconds",
        ".rollback",
    ),
    Rule(
        "SageMakerEndpointSpec",
        "!has(self.rollout) || !has(self.rollout.analysis) || !has(self.async)",
        "rollout.analysis is not available for asynchronous endpoints, because it compares responses to real-time"
        " requests: remove analysis, and set rollback.alarmNames to alarms of your own",
        ".rollout.analysis",
        "FieldValueForbidden",
    ),
    Rule(
        "Rollout",
        "!has(self.analysis) || self.strategy in ['Canary', 'Linear']",
        "analysis compares the old fleet with the new one while both serve: set strategy to Canary or Linear",
        ".analysis",
    ),
    Rule(
        "Rollout",
        "!has(self.analysis) || !(self.strategy in ['Canary', 'Linear'])"
        " || self.stepWaitSeconds >= self.analysis.warmUpSeconds + 300",
        "analysis needs time to compare: stepWaitSeconds must be at least analysis.warmUpSeconds (60 if unset) plus"
        " 300",
        ".stepWaitSeconds",
    ),
    Rule(
        "AnalysisMetric",
        "(has(self.errorRate) ? 1 : 0) + (has(self.latencyAbove) ? 1 : 0) + (has(self.metricAbove) ? 1 : 0) == 1",
        "a metric of analysis needs exactly one of errorRate, latencyAbove and metricAbove",
    ),
    Rule(
        "AnalysisMetric",
        "has(self.metricAbove) || !has(self.better) || self.better == 'Lower'",
        "better can only be set with metricAbove: remove it",
        ".better",
        "FieldValueForbidden",
    ),
    Rule(
        "Rollback",
        f"{count_of('self.alarmNames')} > 0 || has(self.maxErrorRatePercent) || has(self.maxLatencyMilliseconds)"
        f" || {is_true('self.onRequest')}",
        "rollback needs at least one of alarmNames, maxErrorRatePercent, maxLatencyMilliseconds and onRequest",
        reason="FieldValueRequired",
    ),
)
