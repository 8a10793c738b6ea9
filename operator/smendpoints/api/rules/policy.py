"""Rules of a policy: its label selector, and how long its lists may be."""

from dataclasses import replace

from smendpoints.api.casing import camel
from smendpoints.api.policy import GLOBS_LENGTH, LABEL_KEY, Glob, SageMakerEndpointPolicySpec
from smendpoints.api.rules.cel import Rule, count_of
from smendpoints.api.rules.spec import SPEC

_SPEC = SageMakerEndpointPolicySpec.__name__
_COUNT = count_of("self.values")

GLOB_LISTS = tuple(
    camel(name)
    for name, field in SageMakerEndpointPolicySpec.model_fields.items()
    if field.annotation == list[Glob] | None
)
"""The fields of a policy that are lists of globs, as a manifest names them."""

POLICY = (
    Rule(
        "NamespaceSelector.matchLabels",
        f"self.all(k, k.size() <= 317 && k.matches(r'{LABEL_KEY}'))",
        "keys of labels must look like team or example.com/team",
    ),
    Rule(
        "LabelRequirement",
        f"self.operator in ['In', 'NotIn'] ? {_COUNT} > 0 : {_COUNT} == 0",
        "In and NotIn need values; Exists and DoesNotExist must not have any: add or remove values",
        ".values",
    ),
    *(
        Rule(
            f"{_SPEC}.{name}",
            f"self.map(g, g.size()).sum() <= {most}",
            f"the globs in {name} may have at most {most} characters in total: write fewer or shorter ones,"
            " with wildcards",
        )
        for name, most in GLOBS_LENGTH.items()
    ),
    *(
        replace(rule, on=on)
        for on in (f"{_SPEC}.requiredTags", "PolicyDefaults.tags")
        for rule in SPEC
        if rule.on == "SageMakerEndpointSpec.tags"
    ),
)
