"""The operator's own metrics, by value: what Prometheus counts is what AWS was asked."""

from collections import Counter

from prometheus_client import REGISTRY

from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant

CALLS = "smendpoints_aws_calls_total"


def counted() -> Counter[tuple[str, str, str]]:
    """Calls by service, operation and code, as Prometheus has them."""
    samples = [sample for family in REGISTRY.collect() for sample in family.samples if sample.name == CALLS]
    return Counter(
        {(each.labels["service"], each.labels["operation"], each.labels["code"]): int(each.value) for each in samples}
    )


def test_each_call_to_aws_is_counted_by_service_operation_and_code(harness: Harness) -> None:
    before = counted()
    labels = {"service": "sagemaker", "operation": "DescribeEndpoint"}
    throttled = REGISTRY.get_sample_value("smendpoints_aws_throttled_total", labels) or 0
    harness.world.calls.reset()
    harness.world.faults.add({"kind": "throttle", "operation": "DescribeEndpoint", "times": 1})
    harness.world.faults.add({"kind": "lose_response", "operation": "CreateModel", "times": 1})
    harness.apply("iris", spec())
    harness.settle("iris")
    harness.world.faults.add({"kind": "access_denied", "operation": "UpdateEndpoint", "times": 1})
    harness.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    harness.run(1200)
    asked = Counter(
        (call["service"], call["operation"], {"ResponseLost": "none"}.get(call["code"], call["code"]))
        for call in harness.world.calls.recent()
    )
    found = counted() - before
    assert found == asked
    assert found["sagemaker", "CreateModel", "none"] == 1
    assert found["sagemaker", "UpdateEndpoint", "AccessDeniedException"] == 1
    assert found["sagemaker", "DescribeEndpoint", "ThrottlingException"] == 1
    assert (REGISTRY.get_sample_value("smendpoints_aws_throttled_total", labels) or 0) - throttled == 1
