"""The usual recipe of an endpoint by the AWS CLI, command by command, from an empty account and back to one.

The CLI runs in this process, over HTTP, as its users call it; in place of `docker push` stands what it calls of ECR.
"""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from awscli.clidriver import create_clidriver

from smsandbox.aws.moto.images import manifest
from smsandbox.testing.archives import archive
from smsandbox.testing.live import until

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
PREPARED = """
aws sts get-caller-identity
aws s3 mb s3://iris-models
aws s3 cp model.tar.gz s3://iris-models/iris/model.tar.gz
aws s3 ls s3://iris-models/iris/
aws ecr create-repository --repository-name sagemaker-sklearn-inference --image-scanning-configuration scanOnPush=true
aws ecr get-login-password
aws ecr put-image --repository-name sagemaker-sklearn-inference --image-tag latest --image-manifest file://manifest.json
aws ecr describe-images --repository-name sagemaker-sklearn-inference
aws ecr describe-image-scan-findings --repository-name sagemaker-sklearn-inference --image-id imageTag=latest
aws iam create-role --role-name iris-execution --assume-role-policy-document file://trust.json
aws iam attach-role-policy --role-name iris-execution --policy-arn arn:aws:iam::aws:policy/AmazonSageMakerFullAccess
aws iam attach-role-policy --role-name iris-execution --policy-arn arn:aws:iam::aws:policy/AmazonS3FullAccess
aws sagemaker create-model --model-name iris --execution-role-arn arn:aws:iam::123456789012:role/iris-execution
    --primary-container Image=123456789012.dkr.ecr.us-east-1.amazonaws.com/sagemaker-sklearn-inference:latest,ModelDataUrl=s3://iris-models/iris/model.tar.gz
aws sagemaker create-endpoint-config --endpoint-config-name iris-1
    --production-variants VariantName=primary,ModelName=iris,InstanceType=ml.m5.large,InitialInstanceCount=1
aws sagemaker create-endpoint --endpoint-name iris --endpoint-config-name iris-1
"""
SERVING = """
aws sagemaker wait endpoint-in-service --endpoint-name iris
aws sagemaker-runtime invoke-endpoint --endpoint-name iris --content-type application/json
    --body fileb://rows.json answer.json
aws application-autoscaling register-scalable-target --service-namespace sagemaker
    --resource-id endpoint/iris/variant/primary --scalable-dimension sagemaker:variant:DesiredInstanceCount
    --min-capacity 1 --max-capacity 4
aws application-autoscaling put-scaling-policy --service-namespace sagemaker --policy-name by-invocations
    --resource-id endpoint/iris/variant/primary --scalable-dimension sagemaker:variant:DesiredInstanceCount
    --policy-type TargetTrackingScaling --target-tracking-scaling-policy-configuration file://tracking.json
aws application-autoscaling describe-scaling-policies --service-namespace sagemaker
aws cloudwatch put-metric-alarm --alarm-name iris-errors --namespace AWS/SageMaker --metric-name Invocation5XXErrors
    --statistic Sum --period 60 --evaluation-periods 1 --threshold 1 --comparison-operator GreaterThanThreshold
    --dimensions Name=EndpointName,Value=iris Name=VariantName,Value=primary
aws cloudwatch describe-alarms --alarm-names iris-errors
aws logs describe-log-groups --log-group-name-prefix /aws/sagemaker/Endpoints/iris
aws sagemaker create-endpoint-config --endpoint-config-name iris-2
    --production-variants VariantName=primary,ModelName=iris,InstanceType=ml.m5.large,InitialInstanceCount=2
aws sagemaker update-endpoint --endpoint-name iris --endpoint-config-name iris-2 --retain-all-variant-properties
"""
CLEANED_UP = """
aws application-autoscaling deregister-scalable-target --service-namespace sagemaker
    --resource-id endpoint/iris/variant/primary --scalable-dimension sagemaker:variant:DesiredInstanceCount
aws cloudwatch delete-alarms --alarm-names iris-errors
aws sagemaker delete-endpoint --endpoint-name iris
"""
GONE = """
aws sagemaker wait endpoint-deleted --endpoint-name iris
aws sagemaker delete-endpoint-config --endpoint-config-name iris-1
aws sagemaker delete-endpoint-config --endpoint-config-name iris-2
aws sagemaker delete-model --model-name iris
aws ecr delete-repository --repository-name sagemaker-sklearn-inference --force
aws s3 rm s3://iris-models --recursive
aws s3 rb s3://iris-models
aws iam detach-role-policy --role-name iris-execution --policy-arn arn:aws:iam::aws:policy/AmazonSageMakerFullAccess
aws iam detach-role-policy --role-name iris-execution --policy-arn arn:aws:iam::aws:policy/AmazonS3FullAccess
aws iam delete-role --role-name iris-execution
"""


@pytest.fixture
def typed(
    served: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[[str], list[str]]:
    """Runs commands, each of which must succeed; what each wrote."""
    url, _ = served
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    monkeypatch.setenv("AWS_PAGER", "")
    monkeypatch.chdir(tmp_path)
    Path("model.tar.gz").write_bytes(archive({"model.pkl": b"a model"}))
    Path("manifest.json").write_text(manifest("sminference", "sagemaker-sklearn-inference", "latest"))
    Path("trust.json").write_text(json.dumps(TRUST))
    Path("rows.json").write_text('{"instances": [[5.1, 3.5, 1.4, 0.2]]}')
    metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    Path("tracking.json").write_text(json.dumps({"TargetValue": 70, "PredefinedMetricSpecification": metric}))
    driver = create_clidriver()

    def run(commands: str) -> list[str]:
        written = []
        for line in commands.replace("\n    ", " ").strip().splitlines():
            program, *arguments = shlex.split(line)
            assert program == "aws"
            code = driver.main(arguments)
            out, err = capfd.readouterr()
            assert code == 0, f"{line}\n{out}{err}"
            written.append(out)
        return written

    return run


def test_each_command_of_the_recipe_does_what_it_does_in_aws(typed: Any, served: Any) -> None:
    def status() -> str:
        return str(json.loads(typed("aws sagemaker describe-endpoint --endpoint-name iris")[0])["EndpointStatus"])

    prepared = typed(PREPARED)
    assert json.loads(prepared[0])["Account"] == "123456789012"
    assert "model.tar.gz" in prepared[3]
    assert json.loads(prepared[8])["imageScanStatus"]["status"] == "COMPLETE"
    until(lambda: status() == "InService")  # the CLI's own waiter looks every half minute
    serving = typed(SERVING)
    assert json.loads(Path("answer.json").read_text())["variant"] == "primary"
    (policy,) = json.loads(serving[4])["ScalingPolicies"]
    assert len(policy["Alarms"]) == 2
    assert json.loads(serving[6])["MetricAlarms"][0]["AlarmName"] == "iris-errors"
    until(lambda: status() == "InService")
    shown = json.loads(typed("aws sagemaker describe-endpoint --endpoint-name iris")[0])
    assert shown["EndpointConfigName"] == "iris-2"
    assert shown["ProductionVariants"][0]["DesiredInstanceCount"] == 1  # retained
    typed(CLEANED_UP)
    until(lambda: json.loads(typed("aws sagemaker list-endpoints")[0])["Endpoints"] == [])
    typed(GONE)
    world = served[1].world
    assert world.calls.count(code="NotImplemented") == 0
    left = [
        json.loads(typed(f"aws {listing}")[0] or "{}")
        for listing in ("sagemaker list-models", "sagemaker list-endpoint-configs", "cloudwatch describe-alarms",
                        "ecr describe-repositories", "iam list-roles", "s3api list-buckets")
    ]  # fmt: skip
    assert [one for found in left for each in found.values() if isinstance(each, list) for one in each] == []
