"""A client of the simulator's own HTTP interface: settings, faults, held answers, calls."""

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

READING = ("List", "Describe", "Get", "Head", "BatchGet", "Search", "Invoke")


@dataclass(frozen=True)
class Call:
    """One API call; `code` is OK or the error's code, `target` the names in the request.

    It came in when it `began` and was answered `when`, in epoch seconds, by the client that says `user_agent`.
    """

    when: float
    service: str
    operation: str
    code: str
    target: str
    user_agent: str = ""
    began: float = 0.0
    principal: str | None = None

    @property
    def changes(self) -> bool:
        """Whether it changes something in AWS."""
        return not self.operation.startswith(READING)


class Simulator:
    """The simulator at `url`, which was started with `token`."""

    def __init__(self, url: str, token: str) -> None:
        self._url = f"{url}/_sandbox"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._url}/{path}", method=method, data=data, headers=self._headers)
        with self._opener.open(request, timeout=90) as response:
            return json.load(response)

    def settings(self) -> dict[str, Any]:
        found: dict[str, Any] = self._ask("GET", "settings")
        return found

    def set(self, settings: Mapping[str, Any]) -> None:
        """Replace all settings."""
        self._ask("PUT", "settings", dict(settings))

    def change(self, **settings: Any) -> None:
        """Change some settings; sections member by member."""
        self._ask("PATCH", "settings", settings)

    def fault(self, kind: str, **rule: Any) -> str:
        """Put a fault in force; its id."""
        return str(self._ask("POST", "faults", {"kind": kind, **rule})["id"])

    def release(self, fault: str) -> None:
        """Take a fault out of force, and let go what it holds back."""
        self._ask("DELETE", f"faults/{fault}")

    def release_all(self) -> None:
        """No fault is in force any more."""
        self._ask("DELETE", "faults")

    def idle(self) -> dict[str, str]:
        """The faults, in force or not any more, that have never struck: what they were to do, by id."""
        return {each["id"]: f"{each['kind']} {each['operation']}" for each in self._ask("GET", "faults")["idle"]}

    def held(self, fault: str, seconds: float = 0.0) -> int:
        """How many answers the fault holds back; waits for the first as long as `seconds` (at most 60)."""
        return int(self._ask("GET", f"held/{fault}?seconds={seconds}")["held"])

    def calls(self, containing: str = "", latest: int = 5000) -> list[Call]:
        """Of so many latest calls those in which a name contains this, oldest first; no more than 5,000 are kept."""
        made = [
            Call(
                each["when"],
                each["service"],
                each["operation"],
                each["code"],
                " ".join(map(str, names.values())),
                each["user_agent"],
                each["began"],
                each["principal"],
            )
            for each in self._ask("GET", f"calls?recent={latest}")["recent"]
            if (names := each["summary"]) is not None
        ]
        return [call for call in made if containing in call.target]

    def counts(self) -> dict[str, dict[str, dict[str, int]]]:
        """Service -> operation -> code -> number."""
        found: dict[str, dict[str, dict[str, int]]] = self._ask("GET", "calls")["calls"]
        return found

    def count(self, operation: str) -> int:
        """How many calls of an operation there were, whatever their result."""
        return sum(sum(operations.get(operation, {}).values()) for operations in self.counts().values())

    def forget_calls(self) -> None:
        self._ask("DELETE", "calls")
