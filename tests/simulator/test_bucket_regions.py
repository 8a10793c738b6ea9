"""S3 buckets answer in their own region; boto3 follows where they send it, and listings name the region."""

from typing import Any

import pytest
from botocore.config import Config

REGION_HEADER = "x-amz-bucket-region"


@pytest.fixture
def far(cloud: Any) -> str:
    where = {"LocationConstraint": "eu-west-1"}
    cloud.client("s3").create_bucket(Bucket="far", CreateBucketConfiguration=where)
    return "far"


def results(cloud: Any, operation: str) -> dict[str, int]:
    return dict(cloud.world.calls.counts()["s3"][operation])


def test_a_listing_names_the_region_of_its_bucket(cloud: Any) -> None:
    answer = cloud.client("s3").list_objects_v2(Bucket="models", MaxKeys=1)
    assert answer["ResponseMetadata"]["HTTPHeaders"][REGION_HEADER] == cloud.region


def test_a_request_to_another_region_is_sent_on_and_boto3_follows(cloud: Any, far: str) -> None:
    client = cloud.session.client("s3")
    cloud.world.calls.reset()
    client.put_object(Bucket=far, Key="a", Body=b"content")
    assert results(cloud, "PutObject") == {"PermanentRedirect": 1, "OK": 1}
    answer = client.list_objects_v2(Bucket=far)
    assert answer["ResponseMetadata"]["HTTPHeaders"][REGION_HEADER] == "eu-west-1"
    assert [entry["Key"] for entry in answer["Contents"]] == ["a"]


def test_a_head_request_to_another_region_has_no_body_but_names_the_region(cloud: Any, far: str) -> None:
    cloud.client("s3").put_object(Bucket=far, Key="a", Body=b"content")
    cloud.world.calls.reset()
    assert cloud.session.client("s3").head_object(Bucket=far, Key="a")["ContentLength"] == 7
    assert results(cloud, "HeadObject") == {"301": 1, "OK": 1}


def test_in_its_own_region_a_bucket_answers_at_once(cloud: Any, far: str) -> None:
    client = cloud.session.client("s3", region_name="eu-west-1", config=Config(retries={"total_max_attempts": 1}))
    cloud.world.calls.reset()
    assert client.list_objects_v2(Bucket=far)["KeyCount"] == 0
    assert results(cloud, "ListObjectsV2") == {"OK": 1}
