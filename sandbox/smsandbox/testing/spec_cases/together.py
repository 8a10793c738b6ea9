"""What does not go together in one endpoint."""

from smsandbox.testing.spec_cases.words import (
    ASYNC,
    BOUNDS,
    GUARDED,
    INF1,
    PC,
    PREFIX,
    VPC,
    Spec,
    container,
    serverless,
    spec,
    variant,
)

# What is wrong -> the spec, the field that the refusal points at, the sentence.
REFUSED: dict[str, tuple[Spec, str, str]] = {
    "all weights zero": (
        spec(variant("a", weight=0), variant("b", weight=0)),
        "spec.variants",
        "all weights are 0, so no variant would get a request: give at least one variant a weight above 0",
    ),
    "a shadow beside two variants": (
        spec(variant("a"), variant("b"), shadow=variant("s")),
        "spec.shadow",
        "shadow needs exactly one production variant: keep one entry in variants, or remove shadow",
    ),
    "a shadow of the variant's name": (
        spec(variant("a"), shadow=variant("a")),
        "spec.shadow.name",
        "the shadow variant has the same name as a production variant: give it another name",
    ),
    "a serverless shadow": (
        spec(shadow=variant("s", instance=None, serverless=PC)),
        "spec",
        "a shadow variant cannot be combined with serverless hosting: remove one of the two",
    ),
    "a shadow of a serverless variant": (
        serverless(shadow=variant("s")),
        "spec",
        "a shadow variant cannot be combined with serverless hosting: remove one of the two",
    ),
    "a shadow with async": (
        spec(**{"async": ASYNC, "shadow": variant("s")}),
        "spec",
        "a shadow variant cannot be combined with async: remove one of the two",
    ),
    "a shadow of a multi-model variant": (
        spec(variant(modelArtifact=PREFIX, multiModel=True), shadow=variant("s")),
        "spec",
        "a shadow variant cannot be combined with a multi-model variant: remove one of the two",
    ),
    "a shadow that is a pipeline": (
        spec(shadow=variant("s", image=None, modelArtifact=None, containers=[container(), container()])),
        "spec",
        "a shadow variant cannot be combined with a pipeline of containers: remove one of the two",
    ),
    "a shadow that scales": (
        spec(shadow=variant("s", scaling=BOUNDS)),
        "spec.shadow.scaling",
        "a shadow variant cannot scale: remove shadow.scaling, and set shadow.instance.count",
    ),
    "serverless beside another variant": (
        spec(variant("a", instance=None, serverless=PC), variant("b")),
        "spec",
        (
            "a serverless variant cannot be combined with other variants: keep one entry in variants, or use instance"
            " instead of serverless"
        ),
    ),
    "serverless with vpc": (
        serverless(vpc=VPC),
        "spec",
        "a serverless variant cannot be combined with vpc: remove vpc, or use instance instead of serverless",
    ),
    "serverless with network isolation": (
        serverless(networkIsolation=True),
        "spec",
        (
            "a serverless variant cannot be combined with networkIsolation: remove networkIsolation, or use instance"
            " instead of serverless"
        ),
    ),
    "serverless with data capture": (
        serverless(dataCapture={"destination": "s3://captures"}),
        "spec",
        (
            "a serverless variant cannot be combined with dataCapture: remove dataCapture, or use instance instead of"
            " serverless"
        ),
    ),
    "serverless with async": (
        serverless(**{"async": ASYNC}),
        "spec",
        "a serverless variant cannot be combined with async: remove async, or use instance instead of serverless",
    ),
    "serverless with a canary": (serverless(rollout={"strategy": "Canary", "stepPercent": 10}), "spec", GUARDED),
    "serverless with rollback alarms": (serverless(rollout={"rollback": {"alarmNames": ["a"]}}), "spec", GUARDED),
    "serverless with a termination wait": (serverless(rollout={"terminationWaitSeconds": 60}), "spec", GUARDED),
    "Rolling with two variants": (
        spec(variant("a"), variant("b"), rollout={"strategy": "Rolling", "stepPercent": 10}),
        "spec.rollout.strategy",
        "rollout.strategy Rolling needs exactly one variant: use AllAtOnce, Canary or Linear with several",
    ),
    "a canary on Inferentia 1": (
        spec(variant(instance={"type": "ml.inf1.xlarge"}), rollout={"strategy": "Canary", "stepPercent": 10}),
        "spec.rollout",
        INF1,
    ),
    "a bake on Inferentia 1": (
        spec(variant(instance={"type": "ml.inf1.xlarge"}), rollout={"terminationWaitSeconds": 60}),
        "spec.rollout",
        INF1,
    ),
    "rollback with Inferentia 1 in a pool": (
        spec(
            variant(instance={"pools": [{"type": "ml.m5.large"}, {"type": "ml.inf1.xlarge"}]}),
            rollout={"rollback": {"alarmNames": ["a"]}},
        ),
        "spec.rollout",
        INF1,
    ),
}
