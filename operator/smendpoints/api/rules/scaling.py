"""Rules of automatic scaling: bounds, policies, steps and schedules."""

from smendpoints.api.rules.cel import Rule, every, some, tracks_not

# The policy that targetInvocationsPerInstance stands for has this name.
_SHORT_FORM = "x.name == 'invocations-per-instance'"

_POLICIES = ("self.targetTracking", "self.stepScaling", "self.schedules")

SCALING = (
    Rule(
        "Scaling",
        " || ".join(["has(self.targetInvocationsPerInstance)", *(some(items, "true") for items in _POLICIES)]),
        "scaling needs at least one of targetInvocationsPerInstance, targetTracking, stepScaling and schedules",
        reason="FieldValueRequired",
    ),
    Rule(
        "Scaling",
        "self.minCapacity <= self.maxCapacity",
        "minCapacity must be at most maxCapacity",
        ".minCapacity",
    ),
    Rule(
        "Scaling",
        f"!has(self.targetInvocationsPerInstance) || !({some('self.targetTracking', _SHORT_FORM)}"
        f" || {some('self.stepScaling', _SHORT_FORM)})",
        "the name invocations-per-instance is used by the policy of targetInvocationsPerInstance: use another name",
    ),
    Rule(
        "Scaling",
        "!has(self.stepScaling) || " + every("self.targetTracking", "!self.stepScaling.exists(y, y.name == x.name)"),
        "a policy of targetTracking and one of stepScaling have the same name: give each policy a different name",
    ),
    Rule(
        "Scaling",
        every(
            "self.targetTracking",
            "!has(x.predefinedMetric) || self.targetTracking.exists_one(y,"
            " has(y.predefinedMetric) && y.predefinedMetric == x.predefinedMetric)",
        )
        + " && (!has(self.targetInvocationsPerInstance) || "
        + every("self.targetTracking", tracks_not("InvocationsPerInstance"))
        + ")",
        "each predefinedMetric can be used only once (targetInvocationsPerInstance uses InvocationsPerInstance):"
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
        "lowerBound must be less than upperBound; leave one of them out for a step without that bound",
    ),
    Rule(
        "StepScaling.steps",
        "self.all(a, self.filter(b, (!has(a.upperBound) || !has(b.lowerBound) || b.lowerBound < a.upperBound)"
        " && (!has(b.upperBound) || !has(a.lowerBound) || a.lowerBound < b.upperBound)).size() <= 1)",
        "steps must not overlap: the lowerBound of a step can be the upperBound of another; at most one step may have"
        " no lowerBound, and at most one no upperBound",
    ),
    Rule(
        "StepScaling",
        "!has(self.adjustmentType) || self.adjustmentType != 'ExactCapacity' || self.steps.all(s, s.adjustment >= 0)",
        "with ExactCapacity, an adjustment is the new capacity: it must be 0 or more",
        ".steps",
    ),
    Rule(
        "StepAlarm",
        "!has(self.periodSeconds) || self.periodSeconds in [10, 20, 30] || self.periodSeconds % 60 == 0",
        "periodSeconds must be 10, 20, 30 or a multiple of 60",
        ".periodSeconds",
    ),
)
