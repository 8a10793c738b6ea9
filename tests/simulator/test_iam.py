"""IAM enforcement: only what the caller's policies allow, in AWS's words; and the evaluation of policies."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from smsandbox.aws.http.inprocess import attach
from smsandbox.aws.iam.policy import Access, decide

PLACE = "us-east-1:123456789012"


def allow(actions: Any, resources: Any = "*", **condition: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, "Condition": condition}


def user(cloud: Any, *statements: dict[str, Any]) -> Any:
    """A session of a user that has these statements."""
    iam = cloud.client("iam")
    iam.create_user(UserName="op")
    grant(cloud, *statements)
    key = iam.create_access_key(UserName="op")["AccessKey"]
    cloud.set(enforce_iam=True)
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name="us-east-1")
    return attach(session, cloud.simulator.gateway)


def grant(cloud: Any, *statements: dict[str, Any]) -> None:
    """Give the user these statements, and no others."""
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    cloud.client("iam").put_user_policy(UserName="op", PolicyName="p", PolicyDocument=document)


def test_what_no_policy_allows_is_denied_with_action_and_resource(cloud: Any, refused: Any) -> None:
    sm = user(cloud, allow("sagemaker:Describe*")).client("sagemaker")
    assert sm.describe_model(ModelName="iris")
    with refused("AccessDeniedException") as error:
        sm.delete_model(ModelName="iris")
    assert error.text == (
        "User: arn:aws:iam::123456789012:user/op is not authorized to perform: sagemaker:DeleteModel on resource: "
        f"arn:aws:sagemaker:{PLACE}:model/iris because no identity-based policy allows the sagemaker:DeleteModel action"
    )


def test_creating_an_endpoint_needs_leave_on_both_the_endpoint_and_its_config(cloud: Any, refused: Any) -> None:
    cloud.config("first")
    sm = user(cloud, allow("sagemaker:CreateEndpoint", f"arn:aws:sagemaker:{PLACE}:endpoint/*")).client("sagemaker")
    with refused("AccessDeniedException") as error:
        sm.create_endpoint(EndpointName="ep", EndpointConfigName="first")
    assert f"on resource: arn:aws:sagemaker:{PLACE}:endpoint-config/first" in error.text


def test_creating_with_tags_needs_add_tags_and_with_a_role_pass_role(cloud: Any, refused: Any) -> None:
    create = allow("sagemaker:CreateModel")
    passes = allow("iam:PassRole", cloud.role(), StringEquals={"iam:PassedToService": "sagemaker.amazonaws.com"})
    sm = user(cloud, create, passes).client("sagemaker")
    request = {
        "ModelName": "m",
        "ExecutionRoleArn": cloud.role(),
        "PrimaryContainer": {"Image": cloud.image},
        "Tags": [{"Key": "owner", "Value": "me"}],
    }
    with refused("AccessDeniedException") as error:
        sm.create_model(**request)
    assert "sagemaker:AddTags" in error.text
    del request["Tags"]
    sm.create_model(**request)
    with refused("AccessDeniedException") as error:
        sm.create_model(**{**request, "ModelName": "n", "ExecutionRoleArn": cloud.role("another")})
    assert "iam:PassRole" in error.text


def test_leave_can_hang_on_the_tags_of_the_resource(cloud: Any, refused: Any) -> None:
    cloud.model("mine", Tags=[{"Key": "owner", "Value": "me"}])
    condition = {"StringEquals": {"aws:ResourceTag/owner": "me"}}
    sm = user(cloud, allow("sagemaker:DeleteModel", **condition)).client("sagemaker")
    sm.delete_model(ModelName="mine")
    with refused("AccessDeniedException"):
        sm.delete_model(ModelName="iris")


def test_the_services_of_moto_are_held_to_the_same_policies(cloud: Any, refused: Any) -> None:
    session = user(cloud, allow("s3:GetObject", "arn:aws:s3:::models/*"))
    s3 = session.client("s3")
    assert s3.get_object(Bucket="models", Key="iris/model.tar.gz")["Body"].read()
    with refused("AccessDenied"):
        s3.put_object(Bucket="models", Key="x", Body=b"")
    with refused("AccessDenied"):
        session.client("iam").list_roles()
    assert session.client("sts").get_caller_identity()["Arn"].endswith("user/op")


def test_an_assumed_role_has_the_policies_of_the_role(cloud: Any) -> None:
    iam = cloud.client("iam")
    cloud.role("operator")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow("sagemaker:ListModels")]})
    arn = iam.create_policy(PolicyName="lists", PolicyDocument=policy)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="operator", PolicyArn=arn)
    taken = cloud.client("sts").assume_role(RoleArn=cloud.role("operator"), RoleSessionName="me")["Credentials"]
    cloud.set(enforce_iam=True)
    session = boto3.Session(
        taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"], region_name="us-east-1"
    )
    sm = attach(session, cloud.simulator.gateway).client("sagemaker")
    assert len(sm.list_models()["Models"]) == 1
    with pytest.raises(ClientError, match="assumed-role/operator/me is not authorized to perform: sagemaker:ListEnd"):
        sm.list_endpoints()


def test_what_a_roles_policies_say_of_an_action_can_be_asked(cloud: Any, refused: Any) -> None:
    iam, role = cloud.client("iam"), cloud.role("execution")
    statements = [
        allow("cloudwatch:Describe*"),
        allow("s3:GetObject", "arn:aws:s3:::models/*"),
        {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::models/secret"},
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName="execution", PolicyName="p", PolicyDocument=policy)

    def decision(action: str, *resources: str) -> list[str]:
        found = iam.simulate_principal_policy(
            PolicySourceArn=role, ActionNames=[action], **({"ResourceArns": list(resources)} if resources else {})
        )
        return [each["EvalDecision"] for each in found["EvaluationResults"]]

    assert decision("cloudwatch:DescribeAlarms") == ["allowed"]
    assert decision("cloudwatch:PutMetricAlarm") == ["implicitDeny"]
    places = [f"arn:aws:s3:::models/{key}" for key in ("a", "secret")]
    assert decision("s3:GetObject", *places) == ["allowed", "explicitDeny"]
    with refused("NoSuchEntity"):
        iam.simulate_principal_policy(PolicySourceArn=f"{role}-not", ActionNames=["a:b"])


OWNER = "aws:RequestTag/owner"
OWNED = "aws:ResourceTag/owner"
MINE = [{"Key": "owner", "Value": "me"}]
ALARM = {
    "Namespace": "shop",
    "MetricName": "Errors",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 5.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


def alarms(name: str) -> str:
    return f"arn:aws:cloudwatch:{PLACE}:alarm:{name}"


def test_an_alarm_with_tags_needs_tag_resource_and_the_tags_that_a_policy_asks_for(cloud: Any, refused: Any) -> None:
    put = allow("cloudwatch:PutMetricAlarm", alarms("mine/*"), StringEquals={OWNER: "me"})
    cw = user(cloud, put).client("cloudwatch")
    with refused("AccessDeniedException") as error:
        cw.put_metric_alarm(AlarmName="mine/a", Tags=MINE, **ALARM)
    assert f"cloudwatch:TagResource on resource: {alarms('mine/a')}" in error.text
    grant(cloud, put, allow("cloudwatch:TagResource", alarms("mine/*"), StringEquals={OWNER: "me"}))
    cw.put_metric_alarm(AlarmName="mine/a", Tags=MINE, **ALARM)
    for name, given in (
        ("mine/b", []),
        ("mine/b", [{"Key": "owner", "Value": "you"}]),
        ("mine/b", [*MINE, {"Key": "Owner", "Value": "you"}]),
        ("theirs", MINE),
    ):
        with refused("AccessDeniedException"):
            cw.put_metric_alarm(AlarmName=name, Tags=given, **ALARM)


def test_each_alarm_that_is_deleted_needs_leave_and_its_tags_count(cloud: Any, refused: Any) -> None:
    for name, owner in (("a", "me"), ("b", "you"), ("c", "me")):
        cloud.client("cloudwatch").put_metric_alarm(AlarmName=name, Tags=[{"Key": "Owner", "Value": owner}], **ALARM)
    cw = user(
        cloud,
        allow(["cloudwatch:DeleteAlarms", "cloudwatch:UntagResource"], alarms("*"), StringEquals={OWNED: "me"}),
        allow("cloudwatch:DescribeAlarms", alarms("*")),
    ).client("cloudwatch")
    with refused("AccessDeniedException") as error:
        cw.delete_alarms(AlarmNames=["a", "b"])
    assert alarms("b") in error.text
    with refused("AccessDeniedException"):
        cw.untag_resource(ResourceARN=alarms("b"), TagKeys=["Owner"])
    cw.delete_alarms(AlarmNames=["a", "c"])
    assert [alarm["AlarmName"] for alarm in cw.describe_alarms()["MetricAlarms"]] == ["b"]


def test_describing_alarms_is_asked_for_on_all_of_them(cloud: Any, refused: Any) -> None:
    cw = user(cloud, allow("cloudwatch:DescribeAlarms", alarms("mine/*"))).client("cloudwatch")
    with refused("AccessDeniedException") as error:
        cw.describe_alarms(AlarmNames=["mine/a"])
    assert f"on resource: {alarms('*')}" in error.text


def test_only_the_tagging_of_a_create_has_the_tagging_action(cloud: Any, refused: Any) -> None:
    sm = user(
        cloud,
        allow("sagemaker:CreateEndpointConfig"),
        allow("sagemaker:AddTags", StringEquals={"sagemaker:TaggingAction": "CreateEndpointConfig"}),
    ).client("sagemaker")
    variants = [
        {"VariantName": "v", "ModelName": "iris", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1},
    ]
    arn = sm.create_endpoint_config(EndpointConfigName="c", ProductionVariants=variants, Tags=MINE)["EndpointConfigArn"]
    with refused("AccessDeniedException") as error:
        sm.add_tags(ResourceArn=arn, Tags=MINE)
    assert "sagemaker:AddTags" in error.text


def test_an_endpoint_on_encrypted_volumes_needs_a_grant_that_sagemaker_makes(cloud: Any, refused: Any) -> None:
    cloud.config("keyed", KmsKeyId="11111111-2222-3333-4444-555555555555")
    key = f"arn:aws:kms:{PLACE}:key/11111111-2222-3333-4444-555555555555"
    creates = allow("sagemaker:CreateEndpoint")
    by_sagemaker = {
        "Bool": {"kms:GrantIsForAWSResource": "true"},
        "StringLike": {"kms:ViaService": "sagemaker.*.amazonaws.com"},
    }
    session = user(cloud, creates)
    with refused("AccessDeniedException") as error:
        session.client("sagemaker").create_endpoint(EndpointName="ep", EndpointConfigName="keyed")
    assert f"kms:CreateGrant on resource: {key}" in error.text
    grant(cloud, creates, allow("kms:CreateGrant", key, **by_sagemaker))
    session.client("sagemaker").create_endpoint(EndpointName="ep", EndpointConfigName="keyed")
    with refused("AccessDeniedException"):
        session.client("kms").create_grant(KeyId="k", GranteePrincipal=cloud.role(), Operations=["Decrypt"])


def test_autoscaling_looks_at_its_callers_rights_on_the_alarms_that_it_makes(cloud: Any, refused: Any) -> None:
    cloud.endpoint()
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/ep/variant/primary",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    policy = {
        **target,
        "PolicyName": "p",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 7.0, "PredefinedMetricSpecification": metric},
    }
    scales = allow("application-autoscaling:*")
    aas = user(cloud, scales).client("application-autoscaling")
    aas.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)
    with refused("ValidationException") as error:
        aas.put_scaling_policy(**policy)
    assert "missing the following permissions: cloudwatch:PutMetricAlarm" in error.text
    tracked = alarms("TargetTracking-endpoint/*")
    puts = allow("cloudwatch:PutMetricAlarm", tracked), allow("cloudwatch:DescribeAlarms")
    grant(cloud, scales, *puts)
    with refused("ValidationException") as error:
        aas.put_scaling_policy(**policy)
    assert "cloudwatch:DeleteAlarms" in error.text
    grant(cloud, scales, *puts, allow("cloudwatch:DeleteAlarms", tracked))
    aas.put_scaling_policy(**policy)
    grant(cloud, scales)
    with refused("ValidationException"):
        aas.delete_scaling_policy(**target, PolicyName="p")


def test_the_tagging_api_needs_the_right_of_the_things_own_service(cloud: Any, refused: Any) -> None:
    arn = f"arn:aws:sagemaker:{PLACE}:model/iris"
    tagging = user(cloud, allow("tag:*")).client("resourcegroupstaggingapi")
    for call, action in (("tag_resources", "sagemaker:AddTags"), ("untag_resources", "sagemaker:DeleteTags")):
        given = {"Tags": {"owner": "me"}} if call == "tag_resources" else {"TagKeys": ["owner"]}
        with refused("AccessDeniedException") as error:
            getattr(tagging, call)(ResourceARNList=[arn], **given)
        assert f"{action} on resource: {arn}" in error.text
    grant(cloud, allow("tag:*"), allow("sagemaker:AddTags", StringEquals={OWNER: "me"}))
    tagging.tag_resources(ResourceARNList=[arn], Tags={"owner": "me"})
    with refused("AccessDeniedException"):
        tagging.tag_resources(ResourceARNList=[arn], Tags={"owner": "you"})


def test_a_log_is_asked_for_by_its_group_and_stream(cloud: Any, refused: Any) -> None:
    cloud.client("logs").create_log_group(logGroupName="/shop")
    cloud.client("logs").create_log_stream(logGroupName="/shop", logStreamName="s")
    logs = user(cloud, allow("logs:*", f"arn:aws:logs:{PLACE}:log-group:/shop:*")).client("logs")
    assert logs.describe_log_streams(logGroupName="/shop")["logStreams"]
    assert logs.get_log_events(logGroupName="/shop", logStreamName="s")["events"] == []
    with refused("AccessDeniedException") as error:
        logs.get_log_events(logGroupName="/other", logStreamName="s")
    assert f"arn:aws:logs:{PLACE}:log-group:/other:log-stream:s" in error.text


def test_nobody_is_held_to_anything_unless_the_setting_says_so(cloud: Any) -> None:
    session = user(cloud, allow("s3:GetObject"))
    cloud.set(enforce_iam=False)
    assert session.client("sagemaker").list_models()["Models"]


CREATE = Access(
    "sagemaker:CreateModel",
    "arn:aws:sagemaker:us-east-1:1:model/prod-x",
    {"aws:requesttag/team": ("ml",), "aws:requesttag/twice": ("x", "z"), "aws:tagkeys": ("team", "owner")},
)


@pytest.mark.parametrize(
    ("statements", "decision"),
    [
        ([], None),
        ([allow("*")], "Allow"),
        ([allow("SageMaker:createmodel")], "Allow"),
        ([allow("sagemaker:Create*", "arn:aws:sagemaker:*:*:model/prod-*")], "Allow"),
        ([allow("sagemaker:Create*", "arn:aws:sagemaker:*:*:model/test-*")], None),
        ([allow(["s3:*", "sagemaker:CreateModel"])], "Allow"),
        ([allow("*"), {"Effect": "Deny", "Action": "sagemaker:*", "Resource": "*"}], "Deny"),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "Allow"),
        ([{"Effect": "Allow", "Action": "*", "NotResource": "*:model/prod-*"}], None),
        ([allow("*", StringEquals={"aws:RequestTag/team": "ml"})], "Allow"),
        ([allow("*", StringEquals={"aws:RequestTag/team": ["x", "ml"]})], "Allow"),
        ([allow("*", StringEquals={"aws:RequestTag/team": "x"})], None),
        ([allow("*", StringNotEquals={"aws:RequestTag/team": "x"})], "Allow"),
        ([allow("*", StringEquals={"aws:RequestTag/TEAM": "ml"})], "Allow"),
        ([allow("*", StringEquals={"aws:RequestTag/twice": "x"})], None),
        ([allow("*", StringNotEquals={"aws:RequestTag/twice": "y"})], None),
        ([allow("*", Null={"aws:RequestTag/twice": "true"})], None),
        ([allow("*", StringEquals={"aws:RequestTag/other": "x"})], None),
        ([allow("*", StringEqualsIfExists={"aws:RequestTag/other": "x"})], "Allow"),
        ([allow("*", Null={"aws:RequestTag/other": "true"})], "Allow"),
        ([allow("*", Null={"aws:RequestTag/team": True})], None),
        ([allow("*", **{"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "owner"]}})], "Allow"),
        ([allow("*", **{"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}})], None),
        ([allow("*", **{"ForAnyValue:StringLike": {"aws:TagKeys": "own*"}})], "Allow"),
        ([allow("*", **{"ForAnyValue:StringNotEquals": {"aws:RequestTag/other": "x"}})], None),
        ([allow("*", **{"ForAllValues:StringEquals": {"aws:RequestTag/other": "x"}})], "Allow"),
        ([allow("*", **{"ForAllValues:StringLike": {"aws:RequestTag/twice": "?"}})], "Allow"),
        ([allow("*", DateLessThan={"aws:CurrentTime": "2030-01-01T00:00:00Z"})], None),
    ],
)
def test_policies_decide_as_iam_does(statements: list[dict[str, Any]], decision: str | None) -> None:
    assert decide([{"Statement": statements}], CREATE) == decision


def test_a_batch_of_messages_needs_what_a_single_one_needs(cloud: Any, refused: Any) -> None:
    url = cloud.client("sqs").create_queue(QueueName="changes")["QueueUrl"]
    arn = f"arn:aws:sqs:{PLACE}:changes"
    sqs = user(cloud, allow("sqs:SendMessage", arn)).client("sqs")
    sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "x"}])
    with refused("AccessDeniedException") as error:
        sqs.delete_message_batch(QueueUrl=url, Entries=[{"Id": "1", "ReceiptHandle": "x"}])
    assert f"not authorized to perform: sqs:DeleteMessage on resource: {arn}" in error.text
