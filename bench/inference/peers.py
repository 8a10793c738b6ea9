"""Other servers, each in an environment of its own: below our application, or empty for what they cost alone."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_LITSERVE = """\
import sys
import litserve

class Empty(litserve.LitAPI):
    def setup(self, device):
        pass
    def decode_request(self, request):
        return request
    def predict(self, request):
        return request
    def encode_response(self, output):
        return output

if __name__ == "__main__":
    server = litserve.LitServer(Empty(api_path="/invocations"), accelerator="cpu", workers_per_device=2)
    port = int(sys.argv[1])
    server.run(host="127.0.0.1", port=port, num_api_servers=2, log_level="error", generate_client_file=False)
"""
_MLSERVER = """\
from mlserver import MLModel
from mlserver.handlers import custom_handler

class Empty(MLModel):
    async def load(self) -> bool:
        return True
    @custom_handler(rest_path="/invocations")
    async def invocations(self, payload: dict) -> dict:
        return payload
"""


@dataclass(frozen=True)
class Peer:
    """How to install and start a server. `command` takes its folder, its Python and the port."""

    name: str
    packages: tuple[str, ...]
    prepare: Callable[[Path, int], None]
    command: Callable[[Path, Path, int], list[str]]
    ready: str


def _prepare_litserve(folder: Path, _port: int) -> None:
    (folder / "server.py").write_text(_LITSERVE)


def _prepare_mlserver(folder: Path, port: int) -> None:
    (folder / "empty.py").write_text(_MLSERVER)
    (folder / "model-settings.json").write_text(json.dumps({"name": "empty", "implementation": "empty.Empty"}))
    settings = {"host": "127.0.0.1", "http_port": port, "grpc_port": port + 1, "metrics_port": port + 2}
    (folder / "settings.json").write_text(json.dumps({**settings, "parallel_workers": 0, "debug": False}))


PEERS = (
    Peer(
        "granian, our application",
        # As docs/decisions/0039 measured it.
        ("granian==2.8.7",),
        lambda _folder, _port: None,
        lambda _folder, python, _port: [sys.executable, str(Path(__file__).with_name("on_granian.py")), site(python)],
        "/ping",
    ),
    Peer(
        "LitServe, empty",
        ("litserve",),
        _prepare_litserve,
        lambda folder, python, port: [str(python), str(folder / "server.py"), str(port)],
        "/health",
    ),
    Peer(
        "MLServer, empty",
        # A newer uvloop ends every one of its workers at the start.
        ("mlserver", "uvloop<0.22"),
        _prepare_mlserver,
        lambda folder, python, _port: [str(python.with_name("mlserver")), "start", str(folder)],
        "/v2/health/ready",
    ),
)


def site(python: Path) -> str:
    """Where the packages of an environment are."""
    (found,) = python.parents[1].glob("lib/python*/site-packages")
    return str(found)


def install(peer: Peer, root: Path) -> tuple[Path, Path]:
    """The peer's folder and its Python, installed there if it is not yet."""
    folder = root / peer.name.partition(",")[0].lower()
    python = folder / "venv/bin/python"
    if not (folder / "installed").exists():
        print(f"installing {', '.join(peer.packages)} into {folder}", flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *peer.packages], check=True)
        (folder / "installed").touch()
    return folder, python
