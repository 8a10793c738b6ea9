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
        "a Mean has no percentage points: write margin, in the unit of the outcome, instead",
        ".marginPercentagePoints",
    ),
    Rule(
        "ExperimentMetric",
        f"!has(self.margin) || ({_MEAN})",
        "margin is for an outcome of the type Mean: write marginPercentagePoints instead",
        ".margin",
    ),
    Rule(
        "Outcome",
        "!has(self.atMost) || (has(self.type) && self.type == 'Mean')",
        "atMost is for the type Mean: take it out, or set type",
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
        "one dimension has the value $(endpoint), and one $(variant): without them the arms could not be told apart,"
        " nor this endpoint from others",
        ".dimensions",
    ),
    Rule(
        "Metrics",
        f"{count_of('self.guardrails')} == 0 || !self.guardrails.exists(g, g.name == self.primary.name)",
        "a guardrail has the name of the primary metric: give each metric a name of its own",
        ".guardrails",
    ),
    Rule(
        "Metrics",
        f"{count_of('self.guardrails')} == 0 || self.guardrails.all(g, {_MARGIN.format('g')})",
        "each guardrail needs marginPercentagePoints above 0, such as 0.5 (or margin, if it is a Mean):"
        " that equals are not worse at all can't be shown",
        ".guardrails",
    ),
    Rule(
        _SPEC,
        f"self.goal != 'NonInferiority' || {_MARGIN.format('self.metrics.primary')}",
        "the primary metric of NonInferiority needs marginPercentagePoints above 0, such as 0.5 (or margin, if it is a"
        " Mean):"
        " that equals are not worse at all can't be shown",
        ".metrics.primary",
    ),
    Rule(
        _SPEC,
        "!self.challengers.exists(c, c == self.control)",
        "the control is no challenger: name another variant",
        ".challengers",
    ),
    Rule(
        _SPEC,
        f"({_named('self.metrics.primary')})"
        f" && ({count_of('self.metrics.guardrails')} == 0 || self.metrics.guardrails.all(m, {_named('m')}))",
        "a metric of the container names the model of each arm: add the missing variants to models",
        ".metrics",
    ),
    Rule(
        _SPEC,
        f"({_soon('self.metrics.primary')})"
        f" && ({count_of('self.metrics.guardrails')} == 0 || self.metrics.guardrails.all(m, {_soon('m')}))",
        "an outcome's afterMinutes is not below duration.maxMinutes, so no request of it would ever count: raise"
        " maxMinutes, or lower afterMinutes",
        ".metrics",
    ),
    Rule(
        _SPEC,
        f"{count_of('self.ramp')} == 0 || (self.ramp.map(s, s.trafficPercent).isSorted()"
        " && (!has(self.trafficPercent) || self.ramp.all(s, s.trafficPercent < self.trafficPercent)))",
        "a ramp rises, and ends below trafficPercent: put its steps in order",
        ".ramp",
    ),
    Rule(
        _SPEC,
        f"{count_of('self.ramp')} == 0 || self.ramp.map(s, s.minutes).sum() < {_LONGEST}",
        "the minutes of the ramp together are not below duration.maxMinutes, so trafficPercent would never be reached:"
        " raise maxMinutes, or shorten the ramp",
        ".ramp",
    ),
    Rule(
        "Duration",
        "self.minMinutes <= self.maxMinutes",
        "minMinutes is above maxMinutes, so it would never end with a SHIP: lower it",
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
        f"{name} is fixed once the experiment has begun, as another {name} would be another test:"
        " delete it, or let it end, and make a new SageMakerExperiment",
        f".spec.{name}",
        "FieldValueForbidden",
    )


FIXED = tuple(_fixed(name) for name in _FIXED)
"""Rules of the object as a whole, since they ask its status."""
