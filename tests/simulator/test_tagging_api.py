"""The Resource Groups Tagging API sees and changes the tags of all services, the simulator's own and moto's."""

from typing import Any

import pytest

SM = "arn:aws:sagemaker:us-east-1:123456789012:"
ALARM = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:errors"


@pytest.fixture
def tagging(cloud: Any) -> Any:
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName="errors", Namespace="shop", MetricName="Errors", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=5.0, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    tags = {"TagSet": [{"Key": "team", "Value": "store"}]}
    cloud.client("s3").put_bucket_tagging(Bucket="models", Tagging=tags)
    return cloud.client("resourcegroupstaggingapi")


def found(tagging: Any, **asked: Any) -> dict[str, dict[str, str]]:
    listed = tagging.get_resources(**asked)["ResourceTagMappingList"]
    return {each["ResourceARN"]: {tag["Key"]: tag["Value"] for tag in each["Tags"]} for each in listed}


def test_tags_put_by_it_are_those_of_the_service_and_the_other_way_round(cloud: Any, tagging: Any) -> None:
    arns = [f"{SM}model/iris", ALARM, "arn:aws:s3:::models"]
    assert tagging.tag_resources(ResourceARNList=arns, Tags={"team": "shop", "x": "1"})["FailedResourcesMap"] == {}
    owned = [{"Key": "team", "Value": "shop"}, {"Key": "x", "Value": "1"}]
    assert cloud.sm.list_tags(ResourceArn=arns[0])["Tags"] == owned
    assert cloud.client("cloudwatch").list_tags_for_resource(ResourceARN=ALARM)["Tags"] == owned
    assert found(tagging) == {arn: {"team": "shop", "x": "1"} for arn in arns}
    assert tagging.untag_resources(ResourceARNList=arns, TagKeys=["x"])["FailedResourcesMap"] == {}
    assert found(tagging) == {arn: {"team": "shop"} for arn in arns}
    assert set(found(tagging, ResourceTypeFilters=["sagemaker:model", "s3"])) == {arns[0], arns[2]}
    assert set(found(tagging, ResourceARNList=[ALARM])) == {ALARM}


def test_keys_and_values_are_those_of_all_services(cloud: Any, tagging: Any) -> None:
    cloud.sm.add_tags(ResourceArn=f"{SM}model/iris", Tags=[{"Key": "team", "Value": "shop"}, {"Key": "a", "Value": ""}])
    assert tagging.get_tag_keys()["TagKeys"] == ["a", "team"]
    assert tagging.get_tag_values(Key="team")["TagValues"] == ["shop", "store"]


def test_what_is_not_there_is_told_one_by_one(tagging: Any) -> None:
    missing = [f"{SM}model/nope", ALARM.replace("errors", "nope")]
    failed = tagging.tag_resources(ResourceARNList=[f"{SM}model/iris", *missing], Tags={"a": "b"})["FailedResourcesMap"]
    assert set(failed) == set(missing)
    assert "Could not find model" in failed[missing[0]]["ErrorMessage"]
    assert set(found(tagging, TagFilters=[{"Key": "a"}])) == {f"{SM}model/iris"}


def test_a_bucket_has_the_tags_that_it_was_created_with(cloud: Any) -> None:
    s3, tags = cloud.client("s3"), [{"Key": "team", "Value": "store"}]
    s3.create_bucket(Bucket="tagged", CreateBucketConfiguration={"Tags": tags})
    assert s3.get_bucket_tagging(Bucket="tagged")["TagSet"] == tags
