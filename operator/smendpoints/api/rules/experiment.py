"""Rules of an experiment: what of it agrees, and what is fixed once it has begun."""

from smendpoints.api.experiment_metrics import LONGEST_MINUTES
from smendpoints.api.rules.cel import Rule, count_of

_SPEC = "SageMakerExperimentSpec"
# The API server gives a field its default only where the object that holds it is there.
_LONGEST = f"(has(self.duration) ? self.duration.maxMinutes : {LONGEST_MINUTES})"
_SOURCES = ("errorRate", "latencyAbove", "cloudWatch", "container", "outcome")


def _named(metric: str) -> str:
    """CEL on the spec: a metric of the container says of each arm which model it serves."""
    models = f"{metric}.container.models"
    return (
        f"!has({metric}.container) || ({models}.exists(x, x.variant == self.control)"
        f" && self.challengers.all(c, {models}.exists(x, x.variant == c)))"
    )


def _soon(metric: str) -> str:
    """CEL on the spec: an outcome is known before the experiment is over."""
    return f"!has({metric}.outcome) || {metric}.outcome.afterMinutes < {_LONGEST}"


_MEAN = "has(self.outcome) && has(self.outcome.type) && self.outcome.type == 'Mean'"
_POINTS = "has(self.marginPercentagePoints) && self.marginPercentagePoints > 0.0"
_MARGIN = (
    "(has({0}.marginPercentagePoints) && {0}.marginPercentagePoints > 0.0) || (has({0}.margin) && {0}.margin > 0.0)"
)

EXPERIMENT = (
    Rule(
        "ExperimentMetric",
        f"!({_MEAN}) || !({_POINTS})",
        "marginPercentagePoints cannot be used with an outcome of type Mean: use margin, in the unit of the outcome",
        ".marginPercentagePoints",
    ),
    Rule(
        "ExperimentMetric",
        f"!has(self.margin) || ({_MEAN})",
        "margin can only be used with an outcome of type Mean: use marginPercentagePoints instead",
        ".margin",
    ),
    Rule(
        "Outcome",
        "!has(self.atMost) || (has(self.type) && self.type == 'Mean')",
        "atMost can only be used with type Mean: remove it, or set type to Mean",
        ".atMost",
    ),
    Rule(
        "ExperimentMetric",
        f"[{', '.join(f'has(self.{source})' for source in _SOURCES)}].filter(x, x).size() == 1",
        f"a metric needs exactly one of {', '.join(_SOURCES[:-1])} and {_SOURCES[-1]}",
    ),
    Rule(
        "CloudWatchCount",
        "self.dimensions.exists(d, d.value == '$(endpoint)') && self.dimensions.exists(d, d.value == '$(variant)')",
        "one dimension must have the value $(endpoint), and one $(variant), so that endpoints and variants can be"
        " distinguished",
        ".dimensions",
    ),
    Rule(
        "Metrics",
        f"{count_of('self.guardrails')} == 0 || !self.guardrails.exists(g, g.name == self.primary.name)",
        "a guardrail has the same name as the primary metric: give each metric a different name",
        ".guardrails",
    ),
    Rule(
        "Metrics",
        f"{count_of('self.guardrails')} == 0 || self.guardrails.all(g, {_MARGIN.format('g')})",
        "each guardrail needs marginPercentagePoints above 0, such as 0.5 (for an outcome of type Mean: margin),"
        " because it cannot be shown that a metric is not worse at all",
        ".guardrails",
    ),
    Rule(
        _SPEC,
        f"self.goal != 'NonInferiority' || {_MARGIN.format('self.metrics.primary')}",
        "with goal NonInferiority, the primary metric needs marginPercentagePoints above 0, such as 0.5 (for an"
        " outcome of type Mean: margin), because it cannot be shown that a metric is not worse at all",
        ".metrics.primary",
    ),
    Rule(
        _SPEC,
        "!self.challengers.exists(c, c == self.control)",
        "the control cannot also be a challenger: remove it from challengers",
        ".challengers",
    ),
    Rule(
        _SPEC,
        f"({_named('self.metrics.primary')})"
        f" && ({count_of('self.metrics.guardrails')} == 0 || self.metrics.guardrails.all(m, {_named('m')}))",
        "container.models of a metric must name the model of the control and of each challenger: add the missing"
        " variants",
        ".metrics",
    ),
    Rule(
        _SPEC,
        f"({_soon('self.metrics.primary')})"
        f" && ({count_of('self.metrics.guardrails')} == 0 || self.metrics.guardrails.all(m, {_soon('m')}))",
        "afterMinutes of an outcome must be less than duration.maxMinutes, otherwise no request would ever be counted:"
        " increase maxMinutes, or reduce afterMinutes",
        ".metrics",
    ),
    Rule(
        _SPEC,
        f"{count_of('self.ramp')} == 0 || (self.ramp.map(s, s.trafficPercent).isSorted()"
        " && (!has(self.trafficPercent) || self.ramp.all(s, s.trafficPercent < self.trafficPercent)))",
        "the steps of ramp must be in rising order, and below trafficPercent",
        ".ramp",
    ),
    Rule(
        _SPEC,
        f"{count_of('self.ramp')} == 0 || self.ramp.map(s, s.minutes).sum() < {_LONGEST}",
        "the minutes of all steps of ramp together must be less than duration.maxMinutes, otherwise trafficPercent"
        " would never be reached: increase maxMinutes, or shorten the ramp",
        ".ramp",
    ),
    Rule(
        "Duration",
        "self.minMinutes <= self.maxMinutes",
        "minMinutes must be at most maxMinutes",
        ".minMinutes",
    ),
)

_BEGUN = "has(oldSelf.status) && has(oldSelf.status.startedAt)"
_ALWAYS_THERE = ("endpointRef", "control", "challengers", "metrics", "goal", "duration", "confidence")
_FIXED = (*_ALWAYS_THERE, "targetRequests", "minRequests", "assignment", "trafficPercent", "ramp")


def _fixed(name: str) -> Rule:
    there = f"has(self.spec.{name}) == has(oldSelf.spec.{name})"
    same = f"self.spec.{name} == oldSelf.spec.{name}"
    return Rule(
        "",
        f"!({_BEGUN}) || ({there} && (!has(self.spec.{name}) || {same}))",
        f"{name} cannot be changed once the experiment has begun: delete it, or let it end, and create a new"
        " SageMakerExperiment",
        f".spec.{name}",
        "FieldValueForbidden",
    )


FIXED = tuple(_fixed(name) for name in _FIXED)
"""Rules of the object as a whole, since they ask its status."""
