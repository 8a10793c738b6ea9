"""Some sixty features of AWS that people try on a sandbox: each works, or is refused plainly, with 501 and its name.

Never 500, which SDKs try again, and never an answer that nothing stands behind: what works is read back.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from smsandbox.assets import TRUST

ROLE = "arn:aws:iam::123456789012:role/execution"
HOST = "endpoint/ep/variant/primary"
DIMENSION = "sagemaker:variant:DesiredInstanceCount"
TARGET = {"ServiceNamespace": "sagemaker", "ResourceId": HOST, "ScalableDimension": DIMENSION}
TRACKING = {
    "TargetValue": 70.0,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
}
ALARM = {
    "AlarmName": "busy",
    "Namespace": "shop",
    "MetricName": "Queue",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
QUERY = {"Id": "q", "MetricStat": {"Metric": {"Namespace": "shop", "MetricName": "Queue"}, "Period": 60, "Stat": "Sum"}}
Probe = Callable[[Any], Any]
"""Tries a feature on a cloud with the endpoint `ep`, and returns what shows that it worked."""


def _capacities(c: Any) -> Any:
    wanted = [{"VariantName": "primary", "DesiredWeight": 2.0}]
    c.sm.update_endpoint_weights_and_capacities(EndpointName="ep", DesiredWeightsAndCapacities=wanted)
    return c.settle()["ProductionVariants"][0]["DesiredWeight"] == 2


def _rolled_out(c: Any) -> Any:
    c.config("second")
    c.sm.update_endpoint(EndpointName="ep", EndpointConfigName="second", RetainAllVariantProperties=True)
    return c.settle()["EndpointConfigName"] == "second"


def _deleted(c: Any) -> Any:
    c.sm.delete_endpoint(EndpointName="ep")
    c.world.advance(60)
    return c.sm.list_endpoints()["Endpoints"] == []


def _configured(c: Any, **others: Any) -> Any:
    c.config("other", **others)
    found = c.sm.describe_endpoint_config(EndpointConfigName="other")
    return all(key in found for key in others)


def _serverless(c: Any) -> Any:
    hosting = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
    c.config("other", {"InstanceType": None, "InitialInstanceCount": None, "ServerlessConfig": hosting})
    found = c.sm.describe_endpoint_config(EndpointConfigName="other")["ProductionVariants"][0]
    return found["ServerlessConfig"]["MaxConcurrency"]


def _scaled(c: Any, policy: dict[str, Any] | None = None) -> Any:
    scaling = c.client("application-autoscaling")
    scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=4)
    if policy is not None:
        scaling.put_scaling_policy(**TARGET, PolicyName="p", **policy)
        return scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    return scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]


def _scheduled(c: Any) -> Any:
    scaling = c.client("application-autoscaling")
    _scaled(c)
    action = {"MinCapacity": 2, "MaxCapacity": 4}
    scaling.put_scheduled_action(
        **TARGET, ScheduledActionName="noon", Schedule="cron(0 12 * * ? *)", ScalableTargetAction=action
    )
    return scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"]


def _activity(c: Any) -> Any:
    _scaled(c)
    return "ScalingActivities" in c.client("application-autoscaling").describe_scaling_activities(
        ServiceNamespace="sagemaker"
    )


def _alarmed(c: Any) -> Any:
    cloudwatch = c.client("cloudwatch")
    cloudwatch.put_metric_alarm(**ALARM)
    cloudwatch.set_alarm_state(AlarmName="busy", StateValue="ALARM", StateReason="a test")
    return cloudwatch.describe_alarms(StateValue="ALARM")["MetricAlarms"]


def _composed(c: Any) -> Any:
    cloudwatch = c.client("cloudwatch")
    cloudwatch.put_metric_alarm(**ALARM)
    cloudwatch.put_composite_alarm(AlarmName="either", AlarmRule='ALARM("busy") OR FALSE')
    cloudwatch.set_alarm_state(AlarmName="busy", StateValue="ALARM", StateReason="a test")
    (found,) = cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    return found["StateValue"] == "ALARM"


def _published(c: Any) -> Any:
    cloudwatch = c.client("cloudwatch")
    cloudwatch.put_metric_data(Namespace="shop", MetricData=[{"MetricName": "Queue", "Value": 5.0}])
    c.world.advance(60)
    now = c.world.now()
    cloudwatch.list_metrics(Namespace="shop")
    found = cloudwatch.get_metric_data(MetricDataQueries=[QUERY], StartTime=now - 600, EndTime=now)
    return found["MetricDataResults"][0]["Values"] == [5.0]


def _dashboard(c: Any) -> Any:
    cloudwatch = c.client("cloudwatch")
    body = json.dumps({"widgets": []})
    cloudwatch.put_dashboard(DashboardName="d", DashboardBody=body)
    return cloudwatch.get_dashboard(DashboardName="d")["DashboardBody"] == body


def _tagged(c: Any) -> Any:
    tagging = c.client("resourcegroupstaggingapi")
    tagging.tag_resources(ResourceARNList=[c.describe()["EndpointArn"]], Tags={"team": "ml"})
    own = c.sm.list_tags(ResourceArn=c.describe()["EndpointArn"])["Tags"]
    return own == [{"Key": "team", "Value": "ml"}] and "team" in tagging.get_tag_keys()["TagKeys"]


def _uploaded(c: Any) -> Any:
    s3 = c.client("s3")
    upload = s3.create_multipart_upload(Bucket="models", Key="big")["UploadId"]
    part = s3.upload_part(Bucket="models", Key="big", UploadId=upload, PartNumber=1, Body=b"whole")
    parts = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
    s3.complete_multipart_upload(Bucket="models", Key="big", UploadId=upload, MultipartUpload=parts)
    return s3.get_object(Bucket="models", Key="big", Range="bytes=0-1")["Body"].read() == b"wh"


def _versioned(c: Any) -> Any:
    s3 = c.client("s3")
    s3.put_bucket_versioning(Bucket="models", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2"):
        s3.put_object(Bucket="models", Key="v", Body=body)
    return len(s3.list_object_versions(Bucket="models", Prefix="v")["Versions"]) == 2


def _repository(c: Any) -> Any:
    ecr = c.client("ecr")
    ecr.create_repository(repositoryName="shop", imageTagMutability="IMMUTABLE")
    old = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14}
    rules = [{"rulePriority": 1, "selection": old, "action": {"type": "expire"}}]
    ecr.put_lifecycle_policy(repositoryName="shop", lifecyclePolicyText=json.dumps({"rules": rules}))
    return ecr.describe_repositories(repositoryNames=["shop"])["repositories"] and ecr.get_authorization_token()


def _role(c: Any) -> Any:
    iam = c.client("iam")
    iam.create_role(RoleName="other", AssumeRolePolicyDocument=TRUST)
    iam.attach_role_policy(RoleName="other", PolicyArn="arn:aws:iam::aws:policy/AmazonSageMakerFullAccess")
    return iam.list_attached_role_policies(RoleName="other")["AttachedPolicies"]


def _simulated(c: Any) -> Any:
    iam = c.client("iam")
    answer = iam.simulate_principal_policy(PolicySourceArn=c.role(), ActionNames=["s3:GetObject"])
    return answer["EvaluationResults"][0]["EvalDecision"] == "implicitDeny"


def _stack(c: Any, kind: str) -> Any:
    template = json.dumps({"Resources": {"It": {"Type": kind, "Properties": {}}}})
    c.client("cloudformation").create_stack(StackName="s", TemplateBody=template)
    return c.client("cloudformation").describe_stacks(StackName="s")["Stacks"]


def _told(c: Any) -> Any:
    sns, sqs = c.client("sns"), c.client("sqs")
    topic = sns.create_topic(Name="t")["TopicArn"]
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="done")
    return "done" in sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"]


def _key(c: Any) -> Any:
    kms = c.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    return kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"x"


def _secret(c: Any) -> Any:
    secrets = c.client("secretsmanager")
    secrets.create_secret(Name="s", SecretString="x")
    return secrets.get_secret_value(SecretId="s")["SecretString"] == "x"


def _logged(c: Any) -> Any:
    logs = c.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[{"timestamp": 1, "message": "hello"}])
    return logs.describe_log_streams(logGroupName="g")["logStreams"]


def _quota(c: Any) -> Any:
    return c.client("service-quotas").list_service_quotas(ServiceCode="sagemaker")["Quotas"]


def _session(c: Any) -> Any:
    sts = c.client("sts")
    c.role(
        "ops",
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
        },
    )
    return sts.assume_role(RoleArn=c.role("ops"), RoleSessionName="me")["Credentials"]


WORKS: dict[str, Probe] = {
    "sagemaker: a model": lambda c: c.sm.describe_model(ModelName="iris")["PrimaryContainer"]["Image"] == c.image,
    "sagemaker: models by name": lambda c: c.sm.list_models(NameContains="ir")["Models"],
    "sagemaker: an endpoint": lambda c: c.status() == "InService",
    "sagemaker: endpoints by status": lambda c: c.sm.list_endpoints(StatusEquals="InService")["Endpoints"],
    "sagemaker: configs": lambda c: c.sm.list_endpoint_configs(MaxResults=1)["EndpointConfigs"],
    "sagemaker: weights in place": _capacities,
    "sagemaker: an update": _rolled_out,
    "sagemaker: a deletion": _deleted,
    "sagemaker: serverless": _serverless,
    "sagemaker: data capture": lambda c: _configured(
        c,
        DataCaptureConfig={
            "EnableCapture": True,
            "InitialSamplingPercentage": 10,
            "DestinationS3Uri": "s3://models/captured",
            "CaptureOptions": [{"CaptureMode": "Input"}],
        },
    ),
    "sagemaker: asynchronous": lambda c: _configured(
        c, AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": "s3://models/out"}}
    ),
    "sagemaker: tags": lambda c: (
        c.sm.add_tags(ResourceArn=c.describe()["EndpointArn"], Tags=[{"Key": "a", "Value": "b"}])["Tags"]
        and c.sm.list_tags(ResourceArn=c.describe()["EndpointArn"])["Tags"]
    ),
    "autoscaling: a target": _scaled,
    "autoscaling: target tracking": lambda c: _scaled(
        c, {"PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": TRACKING}
    )[0]["Alarms"],
    "autoscaling: steps": lambda c: _scaled(
        c,
        {
            "PolicyType": "StepScaling",
            "StepScalingPolicyConfiguration": {
                "AdjustmentType": "ChangeInCapacity",
                "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
            },
        },
    ),
    "autoscaling: a schedule": _scheduled,
    "autoscaling: activities": _activity,
    "cloudwatch: an alarm": _alarmed,
    "cloudwatch: an alarm's history": lambda c: (
        _alarmed(c) and "AlarmHistoryItems" in c.client("cloudwatch").describe_alarm_history(AlarmName="busy")
    ),
    "cloudwatch: a composite alarm": _composed,
    "cloudwatch: metrics": _published,
    "cloudwatch: a dashboard": _dashboard,
    "tagging: an endpoint": _tagged,
    "s3: a multipart upload and a range": _uploaded,
    "s3: versions": _versioned,
    "s3: a signed URL": lambda c: (
        "Signature"
        in c.client("s3").generate_presigned_url("get_object", Params={"Bucket": "models", "Key": "iris/model.tar.gz"})
    ),
    "ecr: a repository": _repository,
    "ecr: images": lambda c: c.client("ecr").describe_images(repositoryName="iris")["imageDetails"],
    "iam: a role with AWS's policy": _role,
    "iam: what a role may do": _simulated,
    "sts: a session": _session,
    "sts: who I am": lambda c: c.client("sts").get_caller_identity()["Account"] == c.account,
    "cloudformation: a queue": lambda c: _stack(c, "AWS::SQS::Queue"),
    "sns: to a queue": _told,
    "kms: a key": _key,
    "secretsmanager: a secret": _secret,
    "logs: a stream": _logged,
    "service-quotas: of SageMaker": _quota,
    "events: a rule": lambda c: c.client("events").put_rule(Name="r", EventPattern='{"source": ["aws.sagemaker"]}'),
    "ec2: subnets": lambda c: c.client("ec2").describe_subnets()["Subnets"],
}
"""Not here: what takes containers, see `test_fleet` and `test_runtime_*`."""

MONITORING = {
    "MonitoringScheduleName": "m",
    "MonitoringScheduleConfig": {"ScheduleConfig": {"ScheduleExpression": "x"}},
}
REFUSED: dict[str, Probe] = {
    "sagemaker: inference components": lambda c: c.sm.list_inference_components(),
    "sagemaker: a training job": lambda c: c.sm.list_training_jobs(),
    "sagemaker: a processing job": lambda c: c.sm.list_processing_jobs(),
    "sagemaker: a transform job": lambda c: c.sm.list_transform_jobs(),
    "sagemaker: tuning": lambda c: c.sm.list_hyper_parameter_tuning_jobs(),
    "sagemaker: pipelines": lambda c: c.sm.list_pipelines(),
    "sagemaker: the registry of models": lambda c: c.sm.list_model_package_groups(),
    "sagemaker: monitoring schedules": lambda c: c.sm.list_monitoring_schedules(EndpointName="ep"),
    "sagemaker: a monitoring schedule": lambda c: c.sm.create_monitoring_schedule(**MONITORING),
    "sagemaker: notebooks": lambda c: c.sm.list_notebook_instances(),
    "sagemaker: feature groups": lambda c: c.sm.list_feature_groups(),
    "sagemaker: search": lambda c: c.sm.search(Resource="Model"),
    "cloudwatch: anomaly detectors": lambda c: c.client("cloudwatch").describe_anomaly_detectors(),
    "cloudwatch: a picture": lambda c: c.client("cloudwatch").get_metric_widget_image(MetricWidget="{}"),
    "cloudwatch: a metric stream": lambda c: c.client("cloudwatch").list_metric_streams(),
    "pricing: products": lambda c: c.client("pricing").get_products(ServiceCode="AmazonSageMaker"),
    "cloudtrail: events": lambda c: c.client("cloudtrail").lookup_events(),
    "iam: a policy on trial": lambda c: c.client("iam").simulate_custom_policy(
        PolicyInputList=["{}"], ActionNames=["a:b"]
    ),
    "accessanalyzer: analyzers": lambda c: c.client("accessanalyzer").list_analyzers(),
    "logs: a live tail": lambda c: c.client("logs").list_anomalies(),
    "cost explorer: anomalies": lambda c: c.client("ce").get_anomalies(DateInterval={"StartDate": "2026-01-01"}),
    "compute optimizer": lambda c: c.client("compute-optimizer").get_enrollment_status(),
}


@pytest.fixture
def probed(cloud: Any) -> Any:
    """The cloud with an endpoint in service."""
    cloud.endpoint()
    return cloud


@pytest.mark.parametrize("name", WORKS)
def test_what_works_is_there_afterwards(probed: Any, name: str) -> None:
    assert WORKS[name](probed)
    codes = Counter(call["code"] for call in probed.world.calls.recent(1000))
    assert set(codes) == {"OK"}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_simulated_says_so_and_is_not_tried_again(probed: Any, name: str) -> None:
    with pytest.raises(ClientError) as caught:
        REFUSED[name](probed)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501, caught.value
    assert "The sandbox does not simulate " in str(caught.value)


@pytest.mark.parametrize("kind", ["AWS::SageMaker::Endpoint", "AWS::CloudWatch::CompositeAlarm"])
def test_cloudformation_says_what_it_does_not_make(probed: Any, refused: Any, kind: str) -> None:
    with refused("ValidationError") as error:
        _stack(probed, kind)
    assert f"does not make {kind}" in error.text


_SAMPLE = {"MetricName": "Queue", "Value": 1.0}
_SETS = {"StatisticValues": {"Sum": 1.0, "SampleCount": 1.0, "Minimum": 1.0, "Maximum": 1.0}}


@pytest.mark.parametrize(
    ("code", "datum"),
    [
        ("InvalidParameterValue", {"Value": float("nan")}),
        ("InvalidParameterValue", {"Value": float("inf")}),
        ("InvalidParameterValue", {"Value": None, "Values": [1.0, float("nan")]}),
        ("InvalidParameterValue", {"Values": [1.0]}),
        ("InvalidParameterCombination", _SETS),
    ],
)
def test_a_datum_is_one_thing_and_a_number(cloud: Any, refused: Any, code: str, datum: dict[str, Any]) -> None:
    given = {key: value for key, value in {**_SAMPLE, **datum}.items() if value is not None}
    with refused(code):
        cloud.client("cloudwatch").put_metric_data(Namespace="shop", MetricData=[given])
    assert cloud.client("cloudwatch").list_metrics()["Metrics"] == []


@pytest.mark.parametrize("seconds", [0, -60])
def test_data_is_asked_for_from_a_time_to_a_later_one(cloud: Any, refused: Any, seconds: int) -> None:
    with refused("ValidationError"):
        cloud.client("cloudwatch").get_metric_data(MetricDataQueries=[QUERY], StartTime=1000, EndTime=1000 + seconds)
    with refused("InvalidParameterValue"):
        cloud.client("cloudwatch").get_metric_statistics(
            Namespace="shop", MetricName="Queue", StartTime=1000, EndTime=1000 + seconds, Period=60, Statistics=["Sum"]
        )


def test_an_alarm_on_a_percentile_says_what_to_do_with_few_samples(cloud: Any, refused: Any) -> None:
    percentile = {key: value for key, value in ALARM.items() if key != "Statistic"}
    percentile |= {"ExtendedStatistic": "p90", "EvaluateLowSampleCountPercentile": "never"}
    with refused("ValidationError") as error:
        cloud.client("cloudwatch").put_metric_alarm(**percentile)
    assert "are evaluate and ignore" in error.text
