"""Free ports of 127.0.0.1, remembered so that a restart listens where clients expect it."""

import contextlib
import json
import socket
from pathlib import Path

from smsandbox.process import write_atomically


def stored(path: Path, *names: str) -> dict[str, int]:
    """A port for each name, as chosen when `path` was first asked for."""
    if path.exists():
        ports: dict[str, int] = json.loads(path.read_text())
        return ports
    ports = dict(zip(names, free(len(names)), strict=True))
    write_atomically(path, json.dumps(ports))
    return ports


def free(count: int) -> list[int]:
    """Ports on which nobody listens now, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
