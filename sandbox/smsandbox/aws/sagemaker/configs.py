"""Endpoint configurations: their operations. Immutable, and deletable while in use, as on AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smsandbox.aws.core.errors import validation
from smsandbox.aws.sagemaker import config_rules, texts
from smsandbox.aws.sagemaker.listing import select
from smsandbox.aws.sagemaker.models import ModelOperations
from smsandbox.aws.sagemaker.state import Stored, timestamp

if TYPE_CHECKING:
    from smsandbox.aws.core.context import Context
    from smsandbox.aws.sagemaker.state import Request

SERVERLESS_VOLUME_GB = 5
METRICS_DEFAULTS = {
    "EnableEnhancedMetrics": False,
    "EnableDetailedObservability": True,
    "MetricPublishFrequencyInSeconds": 60,
}


class ConfigOperations(ModelOperations):
    def create_endpoint_config(self, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        store = self.store(ctx)
        name = params["EndpointConfigName"]
        arn = texts.arn(ctx, "endpoint-config", name)
        models = {one: self.model(ctx, one).request for one in config_rules.models_named(params)}
        for problem in config_rules.problems(params, models, ctx.account):
            raise validation(problem)
        if name in store.configs:
            raise texts.duplicate("endpoint-config", arn)
        request = {key: value for key, value in params.items() if key != "Tags"}
        store.configs[name] = Stored(name, arn, self.world.now(), request)
        self.set_tags(ctx, arn, params.get("Tags"))
        return {"EndpointConfigArn": arn}

    def describe_endpoint_config(self, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        config = self.config(ctx, params["EndpointConfigName"])
        answer = {
            "EnableNetworkIsolation": False,
            **config.request,
            "EndpointConfigArn": config.arn,
            "CreationTime": timestamp(config.created),
            "MetricsConfig": {**METRICS_DEFAULTS, **config.request.get("MetricsConfig", {})},
        }
        for key in ("ProductionVariants", "ShadowProductionVariants"):
            if key in answer:
                answer[key] = [_as_read(variant) for variant in answer[key]]
        return answer

    def list_endpoint_configs(self, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        found, token = select(self.store(ctx).configs.values(), params)
        return {
            "EndpointConfigs": [
                {
                    "EndpointConfigName": config.name,
                    "EndpointConfigArn": config.arn,
                    "CreationTime": timestamp(config.created),
                }
                for config in found
            ],
            "NextToken": token,
        }

    def delete_endpoint_config(self, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        config = self.config(ctx, params["EndpointConfigName"])
        del self.store(ctx).configs[config.name]
        self.store(ctx).tags.pop(config.arn, None)
        return {}

    def config(self, ctx: Context, name: str) -> Stored:
        """A configuration by name; AwsError when there is none."""
        try:
            return self.store(ctx).configs[name]
        except KeyError:
            raise texts.not_found("endpoint-config", texts.arn(ctx, "endpoint-config", name)) from None


def _as_read(variant: Request) -> Request:
    read: Request = {"InitialVariantWeight": 1.0, **variant}
    if "ServerlessConfig" in variant:
        read["VolumeSizeInGB"] = SERVERLESS_VOLUME_GB
    return read
