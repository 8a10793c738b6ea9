"""How the data plane sees endpoints (`ports.Hosting`): views, routes, and scaling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smsandbox.aws.core.errors import validation
from smsandbox.aws.core.ports import EndpointView, InstanceState, Route, VariantView
from smsandbox.aws.sagemaker.endpoints import EndpointOperations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsandbox.aws.core.context import Context
    from smsandbox.aws.sagemaker.state import Endpoint, Fleet, Variant


class HostingViews(EndpointOperations):
    def endpoint(self, account: str, region: str, name: str) -> EndpointView | None:
        store = self.stores.get((account, region))
        found = store.endpoints.get(name.lower()) if store is not None else None
        return view(found) if found is not None else None

    def endpoints(self, account: str | None = None, region: str | None = None) -> list[EndpointView]:
        return [
            view(endpoint)
            for (one_account, one_region), store in self.stores.items()
            if account in (None, one_account) and region in (None, one_region)
            for endpoint in store.endpoints.values()
        ]

    def scale(self, ctx: Context, name: str, variant: str, count: int | None, concurrency: int | None = None) -> None:
        change: dict[str, Any] = {"VariantName": variant}
        if count is not None:
            change["DesiredInstanceCount"] = count
        if concurrency is not None:
            change["ServerlessUpdateConfig"] = {"ProvisionedConcurrency": concurrency}
        params = {"EndpointName": name, "DesiredWeightsAndCapacities": [change]}
        with self.world.lock:
            self.update_endpoint_weights_and_capacities(ctx, params)

    def interfere(self, account: str, region: str, name: str, status: str, seconds: float) -> None:
        """Put an endpoint in service into another status (SystemUpdating, OutOfService) for `seconds`, then back."""
        with self.world.lock:
            store = self.stores.get((account, region))
            endpoint = store.endpoints.get(name.lower()) if store is not None else None
            if endpoint is None or endpoint.status != "InService":
                raise validation(f"There is no endpoint {name} in service in {region} of {account}.")
            endpoint.set_status(status, self.world.now())
            self.changed(endpoint)

            def back() -> None:
                if endpoint.status == status:
                    endpoint.set_status("InService", self.world.now())
                    self.changed(endpoint)

            self.world.after(seconds, back)


def view(endpoint: Endpoint) -> EndpointView:
    shown = endpoint.fleet or endpoint.green
    config = shown.config.request if shown is not None else {}
    variants = list(shown.variants.values()) if shown is not None else []
    roles = [config.get("ExecutionRoleArn")]
    roles += [variant.model.request.get("ExecutionRoleArn") for variant in variants if variant.model is not None]
    return EndpointView(
        name=endpoint.name,
        arn=endpoint.arn,
        account=endpoint.account,
        region=endpoint.region,
        status=endpoint.status,
        config_name=endpoint.config_name,
        config=config,
        execution_role=next((role for role in roles if role), None),
        variants=tuple(_variant_view(variant) for variant in variants),
        routes=tuple(route for fleet in endpoint.fleets for route in routes(fleet)),
    )


def _variant_view(variant: Variant) -> VariantView:
    return VariantView(
        name=variant.name,
        spec=variant.spec,
        current_count=variant.current_count,
        desired_count=variant.desired_count,
        shadow=variant.shadow,
        desired_provisioned_concurrency=(variant.desired_serverless or {}).get("ProvisionedConcurrency"),
    )


def routes(fleet: Fleet) -> Iterator[Route]:
    """The healthy instances of a fleet with their shares of the endpoint's traffic."""
    if fleet.traffic <= 0:
        return
    total = sum(variant.current_weight for variant in fleet.production)
    for variant in fleet.variants.values():
        healthy = [instance for instance in variant.instances if instance.state is InstanceState.HEALTHY]
        share = min(1.0, variant.current_weight / total) if total else 0.0
        for instance in healthy:
            yield Route(instance, variant.name, fleet.traffic * share / len(healthy), fleet.config.name, variant.shadow)
