"""Endpoints: their operations. What takes time is a `Rollout`; what is refused is refused here, before it begins."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, TypeVar

from smsandbox.aws.core.errors import validation
from smsandbox.aws.sagemaker import config_rules, deployment, events, texts, update_rules
from smsandbox.aws.sagemaker.describe import describe
from smsandbox.aws.sagemaker.launching import make_fleet
from smsandbox.aws.sagemaker.life import Life
from smsandbox.aws.sagemaker.listing import select
from smsandbox.aws.sagemaker.rollout import Rollout
from smsandbox.aws.sagemaker.state import Endpoint, timestamp
from smsandbox.aws.sagemaker.tagging import TagOperations
from smsandbox.aws.sagemaker.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from smsandbox.aws.core.context import Context
    from smsandbox.aws.sagemaker.state import Fleet, Stored

W = TypeVar("W", bound=Worker)

UPDATABLE = frozenset({"InService", "OutOfService", "UpdateRollbackFailed"})


class EndpointOperations(TagOperations):
    def create_endpoint(self, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        store, name, now = self.store(ctx), params["EndpointName"], self.world.now()
        arn = texts.arn(ctx, "endpoint", name)
        if name.lower() in store.endpoints:
            raise texts.duplicate("endpoint", arn)
        fleet = self._new_fleet(ctx, params["EndpointConfigName"])
        guardrails = params.get("DeploymentConfig")
        for problem in deployment.problems(guardrails or {}, update_rules.instances(fleet)):
            raise validation(problem)
        if len(store.endpoints) >= (limit := self.world.settings.options.endpoint_quota):
            raise texts.over_endpoint_quota(limit, len(store.endpoints))
        self._reserve(ctx, fleet, _needs(fleet))
        endpoint = Endpoint(name, arn, ctx.account, ctx.region, now, now, fleet.config.name, deployment=guardrails)
        endpoint.green, endpoint.started = fleet, now
        store.endpoints[name.lower()] = endpoint
        self.set_tags(ctx, arn, params.get("Tags"))
        self.changed(endpoint)
        life = self._worker(Life, ctx, endpoint)
        life.start(life.create(fleet))
        return {"EndpointArn": arn}

    def update_endpoint(self, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        endpoint = self._updatable(ctx, params["EndpointName"])
        blue = endpoint.fleet
        if blue is None:
            raise validation(f'Cannot update endpoint "{endpoint.arn}" in status {endpoint.status}.')
        name = params["EndpointConfigName"]
        options = self.world.settings.options
        if name == endpoint.config_name and options.update_with_current_config == "reject":
            raise validation(
                f'Cannot update endpoint "{endpoint.arn}" with the endpoint configuration that it already uses. '
                "Please create a new endpoint configuration."
            )
        green = self._new_fleet(ctx, name)
        retained = params.get("RetainAllVariantProperties", False)
        excluded = [one["VariantPropertyType"] for one in params.get("ExcludeRetainedVariantProperties") or []]
        if "DataCaptureConfig" in excluded:
            raise validation("DataCaptureConfig is currently not supported in ExcludeRetainedVariantProperties.")
        if excluded and not retained:
            raise validation("ExcludeRetainedVariantProperties requires RetainAllVariantProperties to be true.")
        if retained:
            update_rules.retain(blue, green, excluded)
        guardrails = params.get("DeploymentConfig")
        if guardrails is not None and params.get("RetainDeploymentConfig"):
            raise validation("DeploymentConfig and RetainDeploymentConfig cannot be specified together.")
        if params.get("RetainDeploymentConfig"):
            guardrails = endpoint.deployment
        for problem in update_rules.problems(blue, green, guardrails):
            raise validation(problem)
        registered = {one for one in blue.variants if self.world.targets.registered(ctx, endpoint.name, one)}
        if conflict := update_rules.still_registered(blue, green, registered):
            raise texts.still_scaled(conflict)
        counts = [variant.desired_count for variant in green.production]
        plan = deployment.plan(guardrails if update_rules.guarded(green) else None, counts)
        self._reserve(ctx, green, _needs(green, plan.batch))
        now = self.world.now()
        green.by_update, endpoint.green, endpoint.started = True, green, now
        endpoint.set_status("Updating", now)
        self.changed(endpoint)
        rollout = self._worker(Rollout, ctx, endpoint)
        rollout.start(rollout.update(plan, guardrails))
        return {"EndpointArn": endpoint.arn}

    def update_endpoint_weights_and_capacities(self, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        endpoint = self._updatable(ctx, params["EndpointName"])
        fleet = endpoint.fleet
        if fleet is None or endpoint.status == "UpdateRollbackFailed":
            raise validation(f'Cannot update endpoint "{endpoint.arn}" in status {endpoint.status}.')
        changes = params["DesiredWeightsAndCapacities"]
        only_one = self.world.settings.options.one_capacity_per_call
        for problem in update_rules.rescale_problems(fleet, changes, one_capacity=only_one):
            raise validation(problem)
        more: Counter[str] = Counter()
        for change in changes:
            variant = fleet.variants[change["VariantName"]]
            delta = change.get("DesiredInstanceCount", variant.desired_count) - len(variant.instances)
            if delta > 0 and variant.serverless is None:
                more[str(variant.instance_type)] += delta
        self._check_quota(ctx, more)
        for change in changes:
            variant = fleet.variants[change["VariantName"]]
            variant.desired_weight = change.get("DesiredWeight", variant.desired_weight)
            variant.desired_count = change.get("DesiredInstanceCount", variant.desired_count)
            variant.reserved = max(variant.reserved, variant.desired_count)
            if variant.desired_serverless is not None:
                variant.desired_serverless = {
                    **variant.desired_serverless,
                    **(change.get("ServerlessUpdateConfig") or {}),
                }
        endpoint.set_status("Updating", self.world.now())
        self.changed(endpoint)
        scaled = any(self.world.targets.registered(ctx, endpoint.name, one["VariantName"]) for one in changes)
        life = self._worker(Life, ctx, endpoint)
        life.start(life.rescale({one["VariantName"]: one for one in changes}, scaled=scaled))
        return {"EndpointArn": endpoint.arn}

    def delete_endpoint(self, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        endpoint = self.endpoint_of(ctx, params["EndpointName"])
        if endpoint.in_progress:
            raise texts.busy(endpoint.arn)
        variants = endpoint.fleet.variants if endpoint.fleet is not None else {}
        if any(self.world.targets.registered(ctx, endpoint.name, variant) for variant in variants):
            denied = {"service": "application-autoscaling", "operation": "DeregisterScalableTarget"}
            if self.world.faults.take("access_denied", **denied, resources=(endpoint.name,)):
                raise validation(texts.CANNOT_DEREGISTER)
        self.world.targets.deregister_all(ctx, endpoint.name)
        endpoint.set_status("Deleting", self.world.now())
        self.changed(endpoint)
        store = self.store(ctx)

        def gone() -> None:
            store.endpoints.pop(endpoint.name.lower(), None)
            store.tags.pop(endpoint.arn, None)

        life = self._worker(Life, ctx, endpoint)
        life.start(life.delete(gone))
        return {}

    def describe_endpoint(self, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        return describe(self.endpoint_of(ctx, params["EndpointName"]))

    def list_endpoints(self, ctx: Context, params: dict[str, Any]) -> dict[str, Any]:
        store, lag = self.store(ctx), self.world.settings.consistency.listing
        found, token = select(store.listed.show(store.endpoints.values(), self.world.now(), lag), params)
        return {
            "Endpoints": [
                {
                    "EndpointName": endpoint.name,
                    "EndpointArn": endpoint.arn,
                    "CreationTime": timestamp(endpoint.created),
                    "LastModifiedTime": timestamp(endpoint.modified),
                    "EndpointStatus": endpoint.status,
                }
                for endpoint in found
            ],
            "NextToken": token,
        }

    def endpoint_of(self, ctx: Context, name: str) -> Endpoint:
        """An endpoint by name, in any case; AwsError when there is none."""
        try:
            return self.store(ctx).endpoints[name.lower()]
        except KeyError:
            raise texts.not_found("endpoint", texts.arn(ctx, "endpoint", name)) from None

    def changed(self, endpoint: Endpoint) -> None:
        """Tell EventBridge that an endpoint's status changed."""
        self._publish(endpoint, events.STATE_CHANGE, events.state_change)

    def stepped(self, endpoint: Endpoint) -> None:
        """Tell EventBridge that a guarded deployment went on."""
        self._publish(endpoint, events.DEPLOYMENT_CHANGE, events.deployment_change)

    def _publish(self, endpoint: Endpoint, kind: str, detail: Callable[..., dict[str, Any]]) -> None:
        tags = self.stores[endpoint.account, endpoint.region].tags.get(endpoint.arn, {})
        place = endpoint.account, endpoint.region
        self.world.events.publish(*place, events.SOURCE, kind, endpoint.arn, detail(endpoint, tags))

    def _updatable(self, ctx: Context, name: str) -> Endpoint:
        endpoint = self.endpoint_of(ctx, name)
        if endpoint.in_progress:
            raise texts.busy(endpoint.arn)
        if endpoint.status not in UPDATABLE:
            raise validation(f'Cannot update endpoint "{endpoint.arn}" in status {endpoint.status}.')
        return endpoint

    def _worker(self, kind: type[W], ctx: Context, endpoint: Endpoint) -> W:
        return kind(self.world, self.store(ctx), endpoint, self.changed, self.stepped)

    def _new_fleet(self, ctx: Context, config_name: str) -> Fleet:
        """The fleet that a configuration means, when SageMaker's eventually consistent read sees all it needs."""
        consistency = self.world.settings.consistency
        config = self._visible("endpoint-config", self.config(ctx, config_name), consistency.endpoint_config)
        models = {
            name: self._visible("model", self.model(ctx, name), consistency.model)
            for name in config_rules.models_named(config.request)
        }
        return make_fleet(config, models)

    def _visible(self, kind: str, stored: Stored, window: float) -> Stored:
        if self.world.now() - stored.created < window:
            raise texts.not_found(kind, stored.arn)
        return stored

    def _reserve(self, ctx: Context, fleet: Fleet, needs: Counter[str]) -> None:
        self._check_quota(ctx, needs)
        for variant in fleet.variants.values():
            variant.reserved = min(variant.desired_count, needs[str(variant.instance_type)])

    def _check_quota(self, ctx: Context, needs: Counter[str]) -> None:
        settings = self.world.settings
        for instance_type, delta in needs.items():
            limit = settings.quotas.get(instance_type, settings.options.default_instance_quota)
            used = self.store(ctx).instances_used(instance_type)
            if delta and used + delta > limit:
                raise texts.over_quota(instance_type, limit, used, delta)


def _needs(fleet: Fleet, batch: int | None = None) -> Counter[str]:
    """Instances by type that a fleet takes at once: all of them or, rolling, one batch."""
    needs: Counter[str] = Counter()
    for variant in fleet.variants.values():
        if variant.serverless is None:
            count = variant.desired_count if batch is None else min(batch, variant.desired_count)
            needs[str(variant.instance_type)] += count
    return needs
