"""Models: AWS's rules and texts at CreateModel, Describe, List and Delete."""

from typing import Any

import pytest

MODEL_ARN = "arn:aws:sagemaker:us-east-1:123456789012:model/{}"


def test_a_model_is_read_back_as_it_was_made_with_the_default_mode(cloud: Any) -> None:
    made = cloud.sm.describe_model(ModelName="iris")
    assert made["PrimaryContainer"] == {"Image": cloud.image, "ModelDataUrl": cloud.artifact, "Mode": "SingleModel"}
    assert made["ModelArn"] == MODEL_ARN.format("iris")
    assert made["EnableNetworkIsolation"] is False
    assert "Tags" not in made


def test_every_field_of_a_model_is_stored(cloud: Any) -> None:
    vpc = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1", "subnet-2"]}
    containers = [
        {"Image": cloud.image, "ContainerHostname": "first", "Environment": {"A": "1"}},
        {"Image": cloud.image, "ContainerHostname": "second", "ModelDataUrl": cloud.artifact},
    ]
    cloud.sm.create_model(
        ModelName="pipe",
        ExecutionRoleArn=cloud.role(),
        Containers=containers,
        InferenceExecutionConfig={"Mode": "Direct"},
        VpcConfig=vpc,
        EnableNetworkIsolation=True,
    )
    made = cloud.sm.describe_model(ModelName="pipe")
    assert made["Containers"] == [{**container, "Mode": "SingleModel"} for container in containers]
    assert (made["VpcConfig"], made["EnableNetworkIsolation"]) == (vpc, True)
    assert made["InferenceExecutionConfig"] == {"Mode": "Direct"}


def test_a_second_model_of_the_same_name_is_refused_in_the_words_of_aws(cloud: Any, refused: Any) -> None:
    with refused("ValidationException") as error:
        cloud.model()
    assert error.text == f'Cannot create already existing model "{MODEL_ARN.format("iris")}".'


def test_a_pipeline_may_have_one_step(cloud: Any) -> None:
    step = {"Image": cloud.image, "ModelDataUrl": cloud.artifact}
    cloud.model("one-step", PrimaryContainer=None, Containers=[step])
    assert [each["Image"] for each in cloud.sm.describe_model(ModelName="one-step")["Containers"]] == [cloud.image]


@pytest.mark.parametrize("operation", ["describe_model", "delete_model"])
def test_a_model_that_does_not_exist_is_not_found(cloud: Any, refused: Any, operation: str) -> None:
    with refused("ValidationException") as error:
        getattr(cloud.sm, operation)(ModelName="nope")
    assert error.text == f'Could not find model "{MODEL_ARN.format("nope")}".'


def test_a_missing_artifact_is_said_at_create_model(cloud: Any, refused: Any) -> None:
    uri = "s3://models/nothing/model.tar.gz"
    with refused("ValidationException") as error:
        cloud.model("other", container={"ModelDataUrl": uri})
    assert error.text == (
        f'Could not access model data at {uri}. Please ensure that the role "{cloud.role()}" exists and that its trust '
        'relationship policy allows the action "sts:AssumeRole" for the service principal "sagemaker.amazonaws.com". '
        'Also ensure that the role has "s3:GetObject" permissions and that the object is located in us-east-1. If your '
        "Model uses multiple models or uncompressed models, please ensure that the role has "
        '"s3:ListBucket" permission.'
    )


def test_an_artifact_in_another_region_is_no_artifact(cloud: Any, refused: Any) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="far", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="far", Key="model.tar.gz", Body=b"x")
    with refused("ValidationException") as error:
        cloud.model("other", container={"ModelDataUrl": "s3://far/model.tar.gz"})
    assert "the object is located in us-east-1" in error.text


@pytest.mark.parametrize("principal", [{"Service": "lambda.amazonaws.com"}, {"AWS": "arn:aws:iam::123456789012:root"}])
def test_a_role_that_sagemaker_may_not_assume_is_refused(cloud: Any, refused: Any, principal: dict[str, str]) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}],
    }
    role = cloud.role("untrusting", trust)
    with refused("ValidationException") as error:
        cloud.model("other", ExecutionRoleArn=role, PrimaryContainer={"Image": cloud.image})
    assert error.text == (
        f"Could not assume role {role}. Please ensure that the role exists and allows principal "
        "'sagemaker.amazonaws.com' to assume the role."
    )


def test_a_new_role_is_seen_after_the_consistency_window(cloud: Any, refused: Any) -> None:
    cloud.set(consistency={"role": 10})
    role = cloud.role("fresh")
    with refused("ValidationException") as error:
        cloud.model("other", ExecutionRoleArn=role)
    assert f'the role "{role}" exists' in error.text
    cloud.world.advance(11)
    cloud.model("other", ExecutionRoleArn=role)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"PrimaryContainer": None}, "Exactly one of PrimaryContainer or Containers must be specified."),
        (
            {"Containers": [{"Image": "a"}, {"Image": "b"}]},
            "PrimaryContainer and Containers cannot be specified together. Please specify exactly one of them.",
        ),
        ({"PrimaryContainer": None, "Containers": []}, "Exactly one of PrimaryContainer or Containers"),
        ({"PrimaryContainer": {"ContainerHostname": "x"}}, "Either Image or ModelPackageName must be specified"),
        ({"container": {"Environment": {f"N{n}": "v" * 1024 for n in range(40)}}}, "the maximum is 32768"),
        ({"container": {"ImageConfig": {"RepositoryAccessMode": "Vpc"}}}, "VpcConfig is required"),
        (
            {"PrimaryContainer": None, "Containers": [{"Image": "a", "ContainerHostname": "x"}, {"Image": "b"}]},
            "ContainerHostname must be specified for all containers in the pipeline or for none",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(cloud: Any, refused: Any, changes: dict[str, Any], text: str) -> None:
    with refused("ValidationException") as error:
        cloud.model("other", **changes)
    assert text in error.text


def test_an_image_is_in_ecr_and_in_the_models_region(cloud: Any, refused: Any) -> None:
    far = cloud.image.replace("us-east-1", "eu-west-1")
    for image, text in (
        (
            far,
            f'Region of "{far}" does not match expected region of us-east-1. Cross region ECR image pulls are not allowed.',
        ),
        ("python:3.13", 'Using non-ECR image "python:3.13" without Vpc repository access mode is not supported.'),
    ):
        with refused("ValidationException") as error:
            cloud.model("other", container={"Image": image})
        assert error.text == text
    network = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1", "subnet-2"]}
    private = {"Image": "registry.example.com/iris:1", "ImageConfig": {"RepositoryAccessMode": "Vpc"}}
    cloud.model("private", container=private, VpcConfig=network)


def test_an_uncompressed_artifact_is_a_prefix_that_ends_in_a_slash(cloud: Any, refused: Any) -> None:
    def source(uri: str) -> dict[str, Any]:
        return {"S3DataSource": {"S3Uri": uri, "S3DataType": "S3Prefix", "CompressionType": "None"}}

    with refused("ValidationException") as error:
        cloud.model("other", PrimaryContainer={"Image": cloud.image, "ModelDataSource": source("s3://models/iris")})
    assert "must end with '/'" in error.text
    with refused("ValidationException") as error:
        cloud.model("other", PrimaryContainer={"Image": cloud.image, "ModelDataSource": source("s3://models/none/")})
    assert "Could not access model data at s3://models/none/." in error.text
    cloud.model("other", PrimaryContainer={"Image": cloud.image, "ModelDataSource": source("s3://models/iris/")})


def test_a_multi_model_container_has_a_prefix_and_no_data_source(cloud: Any, refused: Any) -> None:
    cloud.model("many", container={"Mode": "MultiModel", "ModelDataUrl": "s3://models/many/"})
    source = {"S3DataSource": {"S3Uri": "s3://models/iris/", "S3DataType": "S3Prefix", "CompressionType": "None"}}
    with refused("ValidationException") as error:
        cloud.model("other", PrimaryContainer={"Image": "a", "Mode": "MultiModel", "ModelDataSource": source})
    assert error.text == "ModelDataSource is not supported for multi-model containers."


def test_constraints_of_the_service_model_are_enforced_with_all_violations_at_once(cloud: Any, refused: Any) -> None:
    with refused("ValidationException") as error:
        cloud.sm.create_model(ModelName="bad_name", PrimaryContainer={"Image": "with space", "Mode": "Other"})
    assert error.text == (
        "3 validation errors detected: "
        "Value 'bad_name' at 'modelName' failed to satisfy constraint: Member must satisfy regular expression pattern: "
        "[a-zA-Z0-9]([\\-a-zA-Z0-9]*[a-zA-Z0-9])?; "
        "Value 'with space' at 'primaryContainer.image' failed to satisfy constraint: Member must satisfy regular "
        "expression pattern: [\\S]+; "
        "Value 'Other' at 'primaryContainer.mode' failed to satisfy constraint: Member must satisfy enum value set: "
        "[SingleModel, MultiModel]"
    )


def test_a_name_of_more_than_63_characters_is_refused(cloud: Any, refused: Any) -> None:
    with refused("ValidationException") as error:
        cloud.model("x" * 64)
    assert error.text.endswith("Member must have length less than or equal to 63")


def test_deleting_a_model_needs_no_leave_and_works_once(cloud: Any, refused: Any) -> None:
    cloud.endpoint()
    cloud.sm.delete_model(ModelName="iris")
    with refused("ValidationException") as error:
        cloud.sm.delete_model(ModelName="iris")
    assert error.text.startswith("Could not find model")
    assert cloud.status() == "InService"


def test_lists_are_newest_first_ten_to_a_page(cloud: Any) -> None:
    for number in range(24):
        cloud.world.advance(1)
        cloud.model(f"m{number:02}")
    first = cloud.sm.list_models()
    assert [model["ModelName"] for model in first["Models"]] == [f"m{number:02}" for number in range(23, 13, -1)]
    names = [
        model["ModelName"] for page in cloud.sm.get_paginator("list_models").paginate() for model in page["Models"]
    ]
    assert names == [*(f"m{number:02}" for number in range(23, -1, -1)), "iris"]


def test_a_page_goes_on_where_the_last_ended_though_models_come_and_go(cloud: Any) -> None:
    for number in range(12):
        cloud.world.advance(1)
        cloud.model(f"m{number:02}")
    first = cloud.sm.list_models(MaxResults=5)
    cloud.sm.delete_model(ModelName="m10")
    cloud.model("newest")
    second = cloud.sm.list_models(MaxResults=5, NextToken=first["NextToken"])
    assert [model["ModelName"] for model in second["Models"]] == ["m06", "m05", "m04", "m03", "m02"]


def test_lists_filter_by_name_and_time_and_sort_by_name(cloud: Any) -> None:
    for name in ("b-one", "a-one", "other"):
        cloud.world.advance(10)
        cloud.model(name)
    found = cloud.sm.list_models(NameContains="ONE", SortBy="Name", SortOrder="Ascending")["Models"]
    assert [model["ModelName"] for model in found] == ["a-one", "b-one"]
    since = cloud.sm.describe_model(ModelName="a-one")["CreationTime"]
    found = cloud.sm.list_models(CreationTimeAfter=since)["Models"]
    assert [model["ModelName"] for model in found] == ["other", "a-one"]


def test_a_list_token_that_was_made_up_is_refused(cloud: Any, refused: Any) -> None:
    with refused("ValidationException"):
        cloud.sm.list_models(NextToken="made-up")


@pytest.mark.parametrize("image", ["iris:2.0", "never:pushed"], ids=["another tag", "no repository"])
def test_an_image_that_was_never_pushed_is_refused(cloud: Any, refused: Any, image: str) -> None:
    missing = cloud.image.replace("iris:1.0", image)
    with refused("ValidationException") as error:
        cloud.model("bad", container={"Image": missing})
    assert error.text == f"Requested image {missing} not found."
