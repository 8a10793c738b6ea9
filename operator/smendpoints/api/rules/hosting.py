"""What goes with a shadow variant, and what with a serverless one: AWS excludes much."""

from smendpoints.api.rules.cel import UNGUARDED, Rule, has_pipeline, is_true, no_variant


def _unless_serverless(what: str, allowed: str, remedy: str) -> Rule:
    return Rule(
        "SageMakerEndpointSpec",
        f"!self.variants.exists(v, has(v.serverless)) || {allowed}",
        f"a serverless variant cannot be combined with {what}: {remedy}",
        reason="FieldValueForbidden",
    )


def _unless_shadow(what: str, allowed: str) -> Rule:
    return Rule(
        "SageMakerEndpointSpec",
        f"!has(self.shadow) || ({allowed})",
        f"a shadow variant cannot be combined with {what}: remove one of the two",
        reason="FieldValueForbidden",
    )


HOSTING = (
    Rule(
        "SageMakerEndpointSpec",
        "!has(self.shadow) || self.variants.size() == 1",
        "shadow needs exactly one production variant: keep one entry in variants, or remove shadow",
        ".shadow",
        "FieldValueForbidden",
    ),
    Rule(
        "SageMakerEndpointSpec",
        "!has(self.shadow) || self.variants.all(v, v.name != self.shadow.name)",
        "the shadow variant has the same name as a production variant: give it another name",
        ".shadow.name",
    ),
    _unless_shadow("serverless hosting", no_variant("has({}.serverless)".format)),
    _unless_shadow("async", "!has(self.async)"),
    _unless_shadow("a multi-model variant", no_variant(lambda v: is_true(f"{v}.multiModel"))),
    _unless_shadow("a pipeline of containers", no_variant(has_pipeline)),
    Rule(
        "SageMakerEndpointSpec",
        "!has(self.shadow) || !has(self.shadow.scaling)",
        "a shadow variant cannot scale: remove shadow.scaling, and set shadow.instance.count",
        ".shadow.scaling",
        "FieldValueForbidden",
    ),
    _unless_serverless(
        "other variants",
        "self.variants.size() == 1",
        "keep one entry in variants, or use instance instead of serverless",
    ),
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
        UNGUARDED,
        "use rollout.strategy AllAtOnce without waits and rollback",
    ),
)
