"""A client of the API server that costs little: the machine that is measured is the one that asks."""

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import urllib3

from smendpoints.api.group import GROUP, KIND, PLURAL, VERSION
from smsandbox.controlplane import ControlPlane

OBJECTS = f"/apis/{GROUP}/{VERSION}/{PLURAL}"
_AT_ONCE = 16


class Api:
    """As admin. Thread-safe."""

    def __init__(self, plane: ControlPlane) -> None:
        told = json.loads(plane.kubeconfig.read_text())
        self._headers = {
            "Authorization": f"Bearer {told['users'][0]['user']['token']}",
            "Accept": "application/json",
            "User-Agent": "bench",
        }
        self._url = plane.url
        authority = plane.state_dir / "pki" / "ca.crt"
        self._pool = urllib3.PoolManager(maxsize=_AT_ONCE + 8, ca_certs=str(authority), retries=False)

    def request(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, kind: str = "application/json"
    ) -> dict[str, Any]:
        """One request; the answer.

        Raises:
            ValueError: the API server refused; has its words.
        """
        answer = self._send(method, path, body, kind)
        if answer.status >= 300:
            raise ValueError(f"{method} {path}: {answer.status} {answer.data.decode(errors='replace')[:500]}")
        found: dict[str, Any] = answer.json()
        return found

    def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, kind: str = "application/json"
    ) -> urllib3.BaseHTTPResponse:
        data = None if body is None else json.dumps(body).encode()
        headers = {**self._headers, "Content-Type": kind}
        return self._pool.request(method, f"{self._url}{path}", body=data, headers=headers, timeout=60.0)

    def stream(self, path: str) -> AbstractContextManager[urllib3.BaseHTTPResponse]:
        """An answer to be read as it comes."""
        return self._pool.request("GET", f"{self._url}{path}", headers=self._headers, preload_content=False)

    def metrics(self) -> str:
        """What the API server tells of itself."""
        return self._send("GET", "/metrics").data.decode()

    def create(self, namespace: str, names: Iterable[str], spec: Mapping[str, Any]) -> None:
        """Create objects of one spec, many at once."""

        def one(name: str) -> None:
            made = {"apiVersion": f"{GROUP}/{VERSION}", "kind": KIND, "metadata": {"name": name}, "spec": dict(spec)}
            self.request("POST", of(namespace), made)

        self._each(one, names)

    def patch(self, namespace: str, names: Iterable[str], spec: Mapping[str, Any]) -> None:
        """Change the spec of objects, many at once."""

        def one(name: str) -> None:
            self.request("PATCH", f"{of(namespace)}/{name}", {"spec": dict(spec)}, "application/merge-patch+json")

        self._each(one, names)

    def delete(self, namespace: str, names: Iterable[str]) -> None:
        """Ask for the end of objects, of many at once."""
        self._each(lambda name: self.request("DELETE", f"{of(namespace)}/{name}"), names)

    @staticmethod
    def _each(work: Any, names: Iterable[str]) -> None:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(work, names))


def of(namespace: str) -> str:
    """The path of a namespace's objects."""
    return f"/apis/{GROUP}/{VERSION}/namespaces/{namespace}/{PLURAL}"
