"""What reached AWS: each request that changes something, as it came over the wire. Not here: whether it was right."""

from collections.abc import Callable
from typing import Any

from smsandbox.aws.core.context import Request
from smsandbox.aws.core.world import World

READS = ("List", "Describe", "Get", "Head", "Batch")


class Recorder:
    """The requests that an AWS took for a change, in order.

    What AWS made up and a later request names (the ARN of a scaling policy) stands there as `<PolicyARN of its name>`.
    """

    def __init__(self, world: World) -> None:
        self.requests: list[Request] = []
        self._made_up: dict[str, str] = {}
        call: Callable[[Request], dict[str, Any]] = world.call

        def recorded(request: Request) -> dict[str, Any]:
            answer = call(request)
            if not request.operation.startswith(READS):
                self.requests.append(request)
            if "PolicyARN" in answer:
                self._made_up[answer["PolicyARN"]] = f"<PolicyARN of {request.params['PolicyName']}>"
            return answer

        setattr(world, "call", recorded)  # noqa: B010 - an instance's own, which a type checker takes for the method

    def take(self) -> list[dict[str, Any]]:
        """What came since the last time: each a dictionary of the operation and its parameters."""
        taken, self.requests = self.requests, []
        return [{each.operation: self._plain(each.params)} for each in taken]

    def _plain(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._plain(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self._plain(each) for each in value]
        return self._made_up.get(value, value) if isinstance(value, str) else value
