"""The API of SageMaker Runtime."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from smsandbox.aws.core.service import Service
from smsandbox.aws.runtime.errors import invalid, model_error, not_found, too_large
from smsandbox.aws.runtime.forward import Invocation

if TYPE_CHECKING:
    from smsandbox.aws.core.context import Context
    from smsandbox.aws.core.ports import EndpointView, Route
    from smsandbox.aws.core.world import World
    from smsandbox.aws.runtime.async_queue import AsyncQueue
    from smsandbox.aws.runtime.capture import Capture
    from smsandbox.aws.runtime.dispatch import Dispatcher
    from smsandbox.aws.runtime.forward import Answer
    from smsandbox.aws.runtime.routing import Router
    from smsandbox.aws.runtime.shadow import Shadows

Params = dict[str, Any]

SERVERLESS_BYTES = 4 * 1024 * 1024


class RuntimeService(Service):
    """InvokeEndpoint and its kin. Runs outside the World's lock: a container may take a minute."""

    service_name: ClassVar[str] = "sagemaker-runtime"
    exclusive: ClassVar[bool] = False

    def __init__(
        self,
        world: World,
        dispatcher: Dispatcher,
        router: Router,
        shadows: Shadows,
        capture: Capture,
        queue: AsyncQueue,
    ) -> None:
        self._world = world
        self._dispatcher = dispatcher
        self._router = router
        self._shadows = shadows
        self._capture = capture
        self._queue = queue

    def invoke_endpoint(self, ctx: Context, params: Params) -> Params:
        answer, route = self._invoke(ctx, params)
        return {
            "Body": answer.body,
            "ContentType": answer.content_type,
            "InvokedProductionVariant": route.variant,
            "CustomAttributes": answer.custom_attributes,
        }

    def invoke_endpoint_with_response_stream(self, ctx: Context, params: Params) -> Params:
        answer, route = self._invoke(ctx, params)

        def parts() -> Iterator[Params]:
            yield {"PayloadPart": {"Bytes": answer.body}}

        return {
            "Body": parts(),
            "ContentType": answer.content_type,
            "InvokedProductionVariant": route.variant,
            "CustomAttributes": answer.custom_attributes,
        }

    def invoke_endpoint_async(self, ctx: Context, params: Params) -> Params:
        view = self._serving(ctx, params["EndpointName"])
        if not view.config.get("AsyncInferenceConfig"):
            raise invalid(f"Endpoint {view.name} is not asynchronous: its config has no AsyncInferenceConfig.")
        return self._queue.accept(view, params)

    def _serving(self, ctx: Context, name: str) -> EndpointView:
        view = self._dispatcher.view(ctx.account, ctx.region, name)
        if view is None or not view.serves:
            raise not_found(name, ctx.account)
        return view

    def _invoke(self, ctx: Context, params: Params) -> tuple[Answer, Route]:
        view = self._serving(ctx, params["EndpointName"])
        self._check(view, params)
        invocation = Invocation(
            params.get("Body") or b"",
            params.get("ContentType"),
            params.get("Accept"),
            params.get("CustomAttributes"),
            params.get("InferenceId"),
            params.get("EnableExplanations"),
            params.get("TargetModel"),
            params.get("TargetContainerHostname"),
        )
        if latency := self._world.settings.runtime.latency:
            time.sleep(latency)
        for shadow in self._router.shadows(view):
            self._shadows.copy(view, shadow, invocation)
        answer, route = self._dispatcher.send(view, invocation, params.get("TargetVariant"))
        if not answer.is_good:
            raise model_error(view, answer)
        if len(answer.body) > self._limit(view):
            answer.status, answer.body = 0, b""
            raise model_error(view, answer)
        self._capture.take(view, route.variant, invocation, answer)
        return answer, route

    def _limit(self, view: EndpointView) -> int:
        limit = self._world.settings.runtime.payload_bytes
        serverless = any("ServerlessConfig" in variant.spec for variant in view.variants)
        return min(limit, SERVERLESS_BYTES) if serverless else limit

    def _check(self, view: EndpointView, params: Params) -> None:
        if len(params.get("Body") or b"") > self._limit(view):
            raise too_large(self._limit(view))
        if view.config.get("AsyncInferenceConfig"):
            raise invalid(f"Endpoint {view.name} is asynchronous: use InvokeEndpointAsync.")
        if "InferenceComponentName" in params:
            raise invalid(
                "Inference Component Name header is not allowed for endpoints to which you dont plan to deploy "
                "inference components."
            )
        variant = params.get("TargetVariant")
        if variant is not None and not any(one.name == variant and not one.shadow for one in view.variants):
            raise invalid(f"Variant {variant} of endpoint {view.name} of account {view.account} not found.")
        if params.get("EnableExplanations") and not view.config.get("ExplainerConfig"):
            raise invalid(f"EnableExplanations needs an ExplainerConfig, which endpoint {view.name} does not have.")
