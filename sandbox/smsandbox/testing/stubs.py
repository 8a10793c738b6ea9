"""botocore's own stubs in the place of AWS: each answer is foretold, and what is not foretold fails."""

from collections.abc import Iterable
from typing import Any, Self

from botocore.stub import Stubber

from smendpoints.aws.calls.clients import Clients


class Stubs:
    """A stub for each service; the answers come in the order in which they are foretold."""

    def __init__(self, clients: Clients, services: Iterable[str]) -> None:
        self.stubs = {service: Stubber(clients(service)) for service in services}
        for stub in self.stubs.values():
            stub.activate()

    def answers(self, service: str, operation: str, response: dict[str, Any], params: Any = None) -> None:
        """The next call is to be this operation, with these parameters if given."""
        self.stubs[service].add_response(operation, response, params)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.deactivate()

    def all_asked(self) -> None:
        """Fail unless all that was foretold has been asked for."""
        for stub in self.stubs.values():
            stub.assert_no_pending_responses()

    def deactivate(self) -> None:
        """Let the clients go."""
        for stub in self.stubs.values():
            stub.deactivate()
