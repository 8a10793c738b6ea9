"""Ports with nothing behind them: what a World has until someone puts the real ones in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from smsandbox.aws.core.context import Context
    from smsandbox.aws.core.ports import EndpointView, Instance, InstanceSpec


class NullFleet:
    def launch(self, spec: InstanceSpec) -> Instance:
        raise LookupError(f"this world has no instances for {spec.endpoint}")


class NullMetrics:
    def put(
        self,
        account: str,
        region: str,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        value: float,
        unit: str,
        count: float = 1.0,
    ) -> None:
        del account, region, namespace, name, dimensions, value, unit, count


class NullLogs:
    def append(self, account: str, region: str, group: str, stream: str, lines: Iterable[str]) -> None:
        del account, region, group, stream, lines


class NullEvents:
    def publish(
        self, account: str, region: str, source: str, detail_type: str, resource: str, detail: Mapping[str, Any]
    ) -> None:
        del account, region, source, detail_type, resource, detail


class NullAlarms:
    def state(self, ctx: Context, name: str) -> str | None:
        del ctx, name
        return None


class NullTargets:
    def registered(self, ctx: Context, endpoint: str, variant: str) -> bool:
        del ctx, endpoint, variant
        return False

    def deregister_all(self, ctx: Context, endpoint: str) -> None:
        del ctx, endpoint


class NullHosting:
    def endpoint(self, account: str, region: str, name: str) -> EndpointView | None:
        del account, region, name
        return None

    def endpoints(self, account: str | None = None, region: str | None = None) -> list[EndpointView]:
        del account, region
        return []

    def scale(self, ctx: Context, name: str, variant: str, count: int | None, concurrency: int | None = None) -> None:
        del ctx, name, variant, count, concurrency
        raise LookupError("this world has no SageMaker")

    def interfere(self, account: str, region: str, name: str, status: str, seconds: float) -> None:
        del account, region, name, status, seconds
        raise LookupError("this world has no SageMaker")
