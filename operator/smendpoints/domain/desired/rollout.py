"""The rollout of the spec as a DeploymentConfig, and the alarms that the operator makes for it."""

from collections.abc import Mapping
from typing import Any

from smendpoints.api.rollout import Rollback, Rollout
from smendpoints.api.spec import SageMakerEndpointSpec
from smendpoints.domain.desired import names

DEFAULT_STEP_PERCENT = 10


def _size(rollout: Rollout) -> dict[str, Any]:
    if rollout.step_instances is not None:
        return {"Type": "INSTANCE_COUNT", "Value": rollout.step_instances}
    return {"Type": "CAPACITY_PERCENT", "Value": rollout.step_percent or DEFAULT_STEP_PERCENT}


def rollback_alarms(spec: SageMakerEndpointSpec, endpoint: str, config: str) -> tuple[Mapping[str, Any], ...]:
    """The alarms that watch the new config alone, by its own dimension, so that the old fleet cannot set them off."""
    rollback, analysis = spec.rollout.rollback or Rollback(), spec.rollout.analysis
    wanted: list[tuple[str, str, float]] = []
    if rollback.max_error_rate_percent is not None:
        wanted.append(("errors", "Invocation5XXErrors", rollback.max_error_rate_percent / 100))
    if rollback.max_latency_milliseconds is not None:
        wanted.append(("latency", "ModelLatency", rollback.max_latency_milliseconds * 1000.0))
    judged = analysis is not None and not analysis.dry_run
    asked = (abort_alarm(endpoint, config),) if rollback.on_request or judged else ()
    return asked + tuple(
        {
            "AlarmName": f"{names.alarm_prefix(endpoint)}{config}/{variant.name}/{what}",
            "AlarmDescription": f"Undoes the rollout of {config} of the endpoint {endpoint}.",
            "Namespace": names.SAGEMAKER_METRICS,
            "MetricName": metric,
            "Dimensions": [
                {"Name": "EndpointName", "Value": endpoint},
                {"Name": "VariantName", "Value": variant.name},
                {"Name": "EndpointConfigName", "Value": config},
            ],
            "Statistic": "Average",
            "Period": 60,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": threshold,
            "TreatMissingData": "notBreaching",
        }
        for variant in spec.variants
        for what, metric, threshold in wanted
    )


def abort_alarm(endpoint: str, config: str) -> Mapping[str, Any]:
    """The alarm that the operator sets off to abort the rollout of a config.

    Nobody publishes its metric: it stays in the state that it was put into, as far as CloudWatch lets a state stay.
    """
    return {
        "AlarmName": f"{names.alarm_prefix(endpoint)}{config}/abort",
        "AlarmDescription": f"Aborts the rollout of {config} of the endpoint {endpoint} when the operator sets it off.",
        "Namespace": "smendpoints",
        "MetricName": "Abort",
        "Dimensions": [{"Name": "EndpointName", "Value": endpoint}, {"Name": "EndpointConfigName", "Value": config}],
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 0.0,
        "TreatMissingData": "ignore",
    }


def deployment_config(rollout: Rollout, own_alarms: tuple[str, ...]) -> dict[str, Any] | None:
    """UpdateEndpoint's DeploymentConfig; None where AWS's own default is what the spec wants."""
    if rollout == Rollout():
        return None
    if rollout.strategy == "Rolling":
        policy: dict[str, Any] = {
            "MaximumBatchSize": _size(rollout),
            "WaitIntervalInSeconds": rollout.step_wait_seconds,
        }
        if rollout.timeout_seconds is not None:
            policy["MaximumExecutionTimeoutInSeconds"] = rollout.timeout_seconds
        config: dict[str, Any] = {"RollingUpdatePolicy": policy}
    else:
        routing: dict[str, Any] = {
            "Type": {"AllAtOnce": "ALL_AT_ONCE", "Canary": "CANARY", "Linear": "LINEAR"}[rollout.strategy],
            "WaitIntervalInSeconds": rollout.step_wait_seconds,
        }
        if rollout.strategy == "Canary":
            routing["CanarySize"] = _size(rollout)
        elif rollout.strategy == "Linear":
            routing["LinearStepSize"] = _size(rollout)
        policy = {
            "TrafficRoutingConfiguration": routing,
            "TerminationWaitInSeconds": rollout.termination_wait_seconds,
        }
        if rollout.timeout_seconds is not None:
            policy["MaximumExecutionTimeoutInSeconds"] = rollout.timeout_seconds
        config = {"BlueGreenUpdatePolicy": policy}
    alarms = [*(rollout.rollback.alarm_names if rollout.rollback else ()), *own_alarms]
    if alarms:
        config["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": name} for name in alarms]}
    return config
