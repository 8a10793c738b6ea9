"""Faults: each kind does what it says, to whom it says, as often as it says."""

import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError

from smsandbox.aws.core.clock import VirtualClock
from smsandbox.aws.core.faults import Faults
from smsandbox.aws.core.timeline import Timeline


def test_an_operation_fails_so_many_times_then_works(cloud: Any, refused: Any) -> None:
    fault = {"kind": "error", "operation": "DescribeModel", "times": 2, "code": "InternalFailure", "status": 500}
    cloud.world.faults.add(fault)
    for _ in range(2):
        with refused("InternalFailure"):
            cloud.sm.describe_model(ModelName="iris")
    assert cloud.sm.describe_model(ModelName="iris")


def test_a_throttled_call_says_rate_exceeded_and_is_not_done(cloud: Any, refused: Any) -> None:
    cloud.world.faults.add({"kind": "throttle", "operation": "DeleteModel", "times": 1})
    with refused("ThrottlingException") as error:
        cloud.sm.delete_model(ModelName="iris")
    assert error.text == "Rate exceeded"
    assert cloud.sm.describe_model(ModelName="iris")


def test_a_rate_limit_refills_with_time_per_operation(cloud: Any, refused: Any) -> None:
    cloud.set(throttle={"sagemaker.ListModels": 1, "sagemaker.DescribeModel": 2})
    cloud.sm.list_models()
    with refused("ThrottlingException"):
        cloud.sm.list_models()
    cloud.sm.describe_model(ModelName="iris")
    cloud.world.advance(1)
    cloud.sm.list_models()


def test_a_rate_limit_of_all_operations_is_one_bucket(cloud: Any, refused: Any) -> None:
    cloud.set(throttle={"sagemaker.*": 2})
    cloud.sm.list_models()
    cloud.sm.list_endpoints()
    with refused("ThrottlingException"):
        cloud.sm.list_endpoint_configs()


def test_access_denied_names_the_principal_and_the_action(cloud: Any, refused: Any) -> None:
    cloud.world.faults.add({"kind": "access_denied", "operation": "CreateEndpoint"})
    cloud.config("first")
    with refused("AccessDeniedException") as error:
        cloud.sm.create_endpoint(EndpointName="ep", EndpointConfigName="first")
    assert "is not authorized to perform: sagemaker:CreateEndpoint" in error.text


def test_a_lost_response_leaves_the_work_done(cloud: Any) -> None:
    cloud.world.faults.add({"kind": "lose_response", "operation": "CreateModel", "times": 1})
    with pytest.raises(ConnectionClosedError):
        cloud.model("other")
    assert cloud.sm.describe_model(ModelName="other")
    assert cloud.world.calls.count("CreateModel", code="ResponseLost") == 1


def test_a_retry_after_a_lost_response_finds_the_model_there_already(cloud: Any, refused: Any) -> None:
    cloud.world.faults.add({"kind": "lose_response", "operation": "CreateModel", "times": 1})
    retrying = cloud.session.client("sagemaker", config=Config(retries={"total_max_attempts": 3}))
    with refused("ValidationException") as error:
        retrying.create_model(ModelName="other", ExecutionRoleArn=cloud.role(), PrimaryContainer={"Image": cloud.image})
    assert error.text.startswith("Cannot create already existing model")


def test_a_lost_response_over_http_closes_the_connection(served: Any) -> None:
    url, simulator = served
    simulator.world.faults.add({"kind": "lose_response", "operation": "ListModels", "times": 1})
    sm = boto3.client("sagemaker", endpoint_url=url, config=Config(retries={"total_max_attempts": 1}))
    with pytest.raises(ConnectionClosedError):
        sm.list_models()
    assert sm.list_models()["Models"] == []


def test_a_held_answer_comes_when_it_is_let_go_and_the_work_is_done_before(served: Any, token: str) -> None:
    url, simulator = served
    faults = simulator.world.faults
    rule = faults.add({"kind": "hold", "operation": "ListModels", "skip": 1, "times": 1})
    sm = boto3.client("sagemaker", endpoint_url=url)
    assert sm.list_models()["Models"] == []  # let through
    assert faults.held(rule.id) == 0
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(sm.list_models)
        asked = urllib.request.Request(
            f"{url}/_sandbox/held/{rule.id}?seconds=60", headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(asked, timeout=240) as held:
            assert json.load(held) == {"held": 1}
        assert not answer.done()
        assert faults.remove(rule.id) == 1
        assert answer.result(timeout=120)["Models"] == []
    assert faults.held(rule.id) == 0


def test_a_delay_passes_before_the_answer(cloud: Any) -> None:
    cloud.world.faults.add({"kind": "delay", "operation": "ListModels", "delay_seconds": 30, "times": 1})
    before = cloud.world.now()
    cloud.sm.list_models()
    assert cloud.world.now() == before + 30


def test_faults_strike_the_services_of_moto_in_their_own_protocol(bare: Any, refused: Any) -> None:
    for service, operation in (("s3", "ListBuckets"), ("iam", "ListRoles"), ("logs", "DescribeLogGroups")):
        bare.world.faults.add({"kind": "throttle", "service": service, "operation": operation, "times": 1})
    for call, code in (
        (bare.client("s3").list_buckets, "Throttling"),
        (bare.client("iam").list_roles, "Throttling"),
        (bare.client("logs").describe_log_groups, "ThrottlingException"),
    ):
        with refused(code):
            call()
        call()


def test_a_fault_strikes_only_the_resource_it_names(cloud: Any, refused: Any) -> None:
    cloud.model("other")
    cloud.world.faults.add({"kind": "error", "operation": "*Model", "resource": "ot*"})
    cloud.sm.describe_model(ModelName="iris")
    with refused("InternalFailure"):
        cloud.sm.describe_model(ModelName="other")


def test_a_fault_without_a_resource_strikes_all_and_one_with_a_resource_no_list() -> None:
    faults = Faults()
    faults.add({"kind": "error", "resource": "a"})
    assert faults.take("error", service="sagemaker", operation="ListModels") is None
    assert faults.take("error", service="sagemaker", operation="DescribeModel", resources=("a",)) is not None


def test_chance_depends_on_the_seed_alone() -> None:
    def draws(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add({"kind": "error", "probability": 0.5})
        return [faults.take("error") is not None for _ in range(50)]

    assert draws(1) == draws(1)
    assert draws(1) != draws(2)
    assert 10 < sum(draws(1)) < 40


def test_rules_are_added_listed_and_removed_over_http(served: Any, token: str) -> None:
    url = f"{served[0]}/_sandbox/faults"
    headers = {"Authorization": f"Bearer {token}"}

    def call(method: str, path: str = "", body: Any = None) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        with urllib.request.urlopen(
            urllib.request.Request(f"{url}{path}", data=data, method=method, headers=headers), timeout=120
        ) as answer:
            return json.load(answer)

    made = call("POST", body={"kind": "throttle", "operation": "ListModels", "times": 3})
    assert [rule["id"] for rule in call("GET")["faults"]] == [made["id"]]
    assert [rule["id"] for rule in call("GET")["idle"]] == [made["id"]]
    assert call("DELETE", f"/{made['id']}") == {"removed": 1}
    call("POST", body={"kind": "capacity"})
    assert call("DELETE") == {"removed": 1}
    with pytest.raises(urllib.error.HTTPError) as refused:
        call("POST", body={"kind": "earthquake"})
    with refused.value as answer:
        assert answer.code == 400


def test_due_work_runs_in_order_and_sees_its_own_time() -> None:
    clock, timeline = VirtualClock(0), Timeline()
    seen: list[tuple[str, float]] = []
    timeline.at(20, lambda: seen.append(("late", clock.now())))

    def makes_more() -> None:
        timeline.at(15, lambda: seen.append(("made on the way", clock.now())))

    timeline.at(10, makes_more)
    canceled = timeline.at(12, lambda: seen.append(("never", clock.now())))
    canceled.cancel()
    clock.advance(100)
    timeline.run_due(clock)
    assert seen == [("made on the way", 15), ("late", 20)]
    assert clock.now() == 100


def test_hundreds_of_endpoints_live_without_threads_and_in_little_time(cloud: Any) -> None:
    cloud.set(options={"default_instance_quota": 10_000})
    cloud.config("first")
    for number in range(200):
        cloud.sm.create_endpoint(EndpointName=f"ep-{number}", EndpointConfigName="first")
    cloud.world.advance(60)
    in_service = sum(
        len(page["Endpoints"])
        for page in cloud.sm.get_paginator("list_endpoints").paginate(StatusEquals="InService", MaxResults=100)
    )
    assert in_service == 200


def test_the_same_seed_gives_the_same_course() -> None:
    from smsandbox.aws.assembly.simulator import assemble
    from smsandbox.aws.core.settings import Settings

    def course(seed: int) -> list[float]:
        made = assemble(settings=Settings(containers=False, seed=seed), clock=VirtualClock())
        try:
            return [made.world.varied(1.0) for _ in range(5)]
        finally:
            made.close()

    assert course(7) == course(7)
    assert course(7) != course(8)
