"""The count of API calls by service, operation and result, and a log of the latest."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any

RECENT = 5000
NAME_MEMBERS = (
    "EndpointName",
    "EndpointConfigName",
    "ModelName",
    "ResourceId",
    "ResourceIds",
    "NameContains",
    "AlarmNamePrefix",
    "ResourceArn",
    "PolicyName",
    "AlarmName",
    "AlarmNames",
    "RoleName",
    "Bucket",
    "Key",
    "repositoryName",
    "RoleArn",
    "RoleSessionName",
    "ExternalId",
    "NextToken",
)


@dataclass(frozen=True)
class Call:
    """One API call; `code` is OK or the error's code, `began` and `when` (it was answered) are epoch seconds.

    `principal` is the caller's ARN, which names role and session of one that assumed a role; None for the root.
    """

    when: float
    service: str
    operation: str
    code: str
    region: str
    account: str
    summary: dict[str, Any]
    user_agent: str = ""
    began: float = 0.0
    principal: str | None = None


def summarize(params: dict[str, Any]) -> dict[str, Any]:
    """The names in a request: enough to tell calls apart, never a payload."""
    return {name: params[name] for name in NAME_MEMBERS if name in params}


class CallLog:
    """Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._recent: deque[Call] = deque(maxlen=RECENT)

    def add(self, call: Call) -> None:
        with self._lock:
            self._counts[call.service, call.operation, call.code] += 1
            self._recent.append(call)

    def reset(self) -> None:
        with self._lock:
            self._counts.clear()
            self._recent.clear()

    def count(self, operation: str | None = None, service: str | None = None, code: str | None = None) -> int:
        """How many calls match what is given."""
        with self._lock:
            return sum(
                number
                for (one_service, one_operation, one_code), number in self._counts.items()
                if operation in (None, one_operation) and service in (None, one_service) and code in (None, one_code)
            )

    def counts(self) -> dict[str, dict[str, dict[str, int]]]:
        """Service -> operation -> code -> number."""
        tree: dict[str, dict[str, dict[str, int]]] = {}
        with self._lock:
            for (service, operation, code), number in sorted(self._counts.items()):
                tree.setdefault(service, {}).setdefault(operation, {})[code] = number
        return tree

    def recent(self, limit: int = RECENT) -> list[dict[str, Any]]:
        """The latest calls, oldest first."""
        with self._lock:
            return [asdict(call) for call in list(self._recent)[-limit:]] if limit > 0 else []
