"""A revision of the history as a spec, so that the policies of now are asked about it. Told from what AWS shows of it.

Only what a policy can restrict is told; it is never rolled out from this.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from smendpoints.api.spec import SageMakerEndpointSpec
from smendpoints.domain.desired.desired import Desired

Json = Mapping[str, Any]


def as_spec(spec: SageMakerEndpointSpec, back: Desired) -> SageMakerEndpointSpec | None:
    """The spec as if it said what the revision is; None where the types of today do not take that."""
    roles = sorted({model.request["ExecutionRoleArn"] for model in back.models})
    if len(roles) != 1:  # of another's making: no spec can say that
        return None
    scaled = {target.variant for target in back.targets}
    scaling = {each.name: each.scaling for each in spec.variants if each.name in scaled}
    models = {model.name: model for model in back.models}
    config = back.config_request
    requests = [model.request for model in back.models]

    def variant(entry: Json) -> dict[str, Any]:
        name, serverless = entry["VariantName"], entry.get("ServerlessConfig")
        found: dict[str, Any] = {
            "name": name,
            "containers": [_container(each) for each in models[entry["ModelName"]].containers()],
            "scaling": scaling.get(name),
        }
        if serverless is not None:
            return found | {
                "serverless": {
                    "memory_size_mb": serverless["MemorySizeInMB"],
                    "max_concurrency": serverless["MaxConcurrency"],
                }
            }
        counts = {each.name: each.count for each in back.variants}
        count = counts.get(name) or entry.get("InitialInstanceCount") or 1
        pools = [{"type": pool["InstanceType"]} for pool in entry.get("InstancePools") or ()]
        return found | {"instance": {"type": entry.get("InstanceType"), "pools": pools, "count": count}}

    shadows = [variant(each) for each in config.get("ShadowProductionVariants") or ()]
    network = next((each["VpcConfig"] for each in requests if each.get("VpcConfig")), None)
    try:
        told = SageMakerEndpointSpec.model_validate(
            {
                "variants": [variant(each) for each in config["ProductionVariants"]],
                "shadow": shadows[0] if shadows else None,
                "execution_role_arn": roles[0],
                "kms_key_id": config.get("KmsKeyId"),
                "vpc": _network(network) if network is not None else None,
                "data_capture": _capture(config.get("DataCaptureConfig")),
                "async_": _asynchronous(config.get("AsyncInferenceConfig")),
            }
        )
    except (ValidationError, KeyError, TypeError):
        return None
    kept = {"assume_role_arn": spec.assume_role_arn, "region": spec.region, "tags": spec.tags}
    return told.model_copy(update=kept)


def _container(entry: Json) -> dict[str, Any]:
    source = (entry.get("ModelDataSource") or {}).get("S3DataSource") or {}
    return {
        "image": entry["Image"],
        "model_artifact": entry.get("ModelDataUrl") or source.get("S3Uri"),
        "environment": dict(entry.get("Environment") or {}),
    }


def _network(entry: Json) -> dict[str, Any]:
    return {"subnet_ids": entry["Subnets"], "security_group_ids": entry["SecurityGroupIds"]}


def _capture(entry: Json | None) -> dict[str, Any] | None:
    if not entry:
        return None
    return {"destination": entry["DestinationS3Uri"], "kms_key_id": entry.get("KmsKeyId")}


def _asynchronous(entry: Json | None) -> dict[str, Any] | None:
    if not entry:
        return None
    output = entry["OutputConfig"]
    return {"output_path": output["S3OutputPath"], "kms_key_id": output.get("KmsKeyId")}
