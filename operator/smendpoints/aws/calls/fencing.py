"""The fence of calls to AWS: asked before each attempt of each call that may change something. Not what it asks."""

from collections.abc import Callable
from typing import Any

# What begins otherwise counts as a write: an operation that nobody knows yet is fenced rather than let through.
_READING = ("BatchGet", "Describe", "Filter", "Get", "Head", "List", "Lookup", "Search", "AssumeRole")


def writes(operation: str) -> bool:
    """Whether an operation, in AWS's words, may change something."""
    return not operation.startswith(_READING)


def put_up(client: Any, fence: Callable[[str], None]) -> None:
    """Let `fence` be asked, with the operation, before each attempt of each call of this client that writes.

    It is asked last, right before the request goes out: an attempt waits for its turn after a throttling, and between
    two attempts there is a wait as well; a lease may end meanwhile.
    """

    def ask(event_name: str, **_: Any) -> None:
        operation = event_name.rpartition(".")[2]
        if writes(operation):
            fence(operation)

    client.meta.events.register_last("before-send", ask)
