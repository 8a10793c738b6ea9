"""What the story of experiments applies: three endpoints, three experiments."""

from collections.abc import Mapping

from smsandbox import assets

FOREST, BOOSTING = "random-forest", "gradient-boosting"
"""The models, and the variants of them."""
AB, AA, JUDGED = "iris-ab", "iris-aa", "iris-judged"
"""The endpoints."""

_ENDPOINT = """\
apiVersion: smendpoints.dev/v1alpha1
kind: SageMakerEndpoint
metadata:
  name: {name}
spec:
  executionRoleARN: {role}
  variants:
"""
_VARIANT = """\
    - name: {name}
      image: {image}
      modelArtifact: {model}
      environment: {{SMINFERENCE_WORKERS: "1"}}
      instance: {{type: ml.m5.large, count: {least}}}
      scaling: {{minCapacity: {least}, maxCapacity: {most}, targetInvocationsPerInstance: 70}}
"""
CANARY = """\
  rollout:
    strategy: Canary
    stepInstances: 1
    stepWaitSeconds: 3600
    rollback: {maxErrorRatePercent: 50}  # an absolute limit: who is only worse stays below it
    analysis:
      metrics: [{name: errors, errorRate: {}, marginPercentagePoints: 1}]
      minRequests: 50
      warmUpSeconds: 1
"""
FEWER_ERRORS = """\
apiVersion: smendpoints.dev/v1alpha1
kind: SageMakerExperiment
metadata:
  name: fewer-errors
spec:
  endpointRef: {name: iris-ab}
  control: random-forest
  challengers: [gradient-boosting]
  metrics:
    primary: {name: errors, errorRate: {}}
    guardrails:
      - name: wrong-species
        marginPercentagePoints: 10
        cloudWatch:  # who asks knows the species, and publishes whether the answer was wrong
          numerator:
            namespace: iris/outcomes
            metricName: Wrong
            dimensions: [{name: Endpoint, value: $(endpoint)}, {name: Variant, value: $(variant)}]
          denominator:
            namespace: iris/outcomes
            metricName: Predictions
            dimensions: [{name: Endpoint, value: $(endpoint)}, {name: Variant, value: $(variant)}]
  targetRequests: 2000
  onVerdict: ShiftTraffic
"""
SLOWER = """\
apiVersion: smendpoints.dev/v1alpha1
kind: SageMakerExperiment
metadata:
  name: slower
spec:
  endpointRef: {name: iris-ab}
  control: random-forest
  challengers: [gradient-boosting]
  metrics:
    primary: {name: slow, latencyAbove: {milliseconds: 250}}
  targetRequests: 2000
  onVerdict: ShiftTraffic
"""
SAME = """\
apiVersion: smendpoints.dev/v1alpha1
kind: SageMakerExperiment
metadata:
  name: same-model
spec:
  endpointRef: {name: iris-aa}
  control: one
  challengers: [other]
  metrics:
    primary: {name: errors, errorRate: {}}
  targetRequests: 2000
  confidence: 0.999
  duration: {maxMinutes: 1}
"""


def endpoint(name: str, variants: Mapping[str, str], *, least: int, most: int) -> str:
    """A SageMakerEndpoint of variants with these models (S3 URIs), each autoscaled between so many instances."""
    return _ENDPOINT.format(name=name, role=assets.ROLE_ARN) + "".join(
        _VARIANT.format(name=variant, image=assets.IMAGE, model=model, least=least, most=most)
        for variant, model in variants.items()
    )
