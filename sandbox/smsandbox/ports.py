"""Ports of 127.0.0.1 for programs: remembered so that a restart listens where clients expect it, and kept from others.

Between the choice of a port and a program that listens on it pass seconds, in which the kernel may give the port to
anybody who asks for any. Hence they are chosen outside the range of which the kernel gives, and held meanwhile.
"""

import contextlib
import json
import random
import socket
from collections.abc import Iterator
from pathlib import Path

from smsandbox.process import write_atomically

LOWEST = 10_000  # below are the well-known ones
_GIVEN_AWAY = Path("/proc/sys/net/ipv4/ip_local_port_range")


def stored(path: Path, *names: str) -> dict[str, int]:
    """A port for each name, as chosen when `path` was first asked for."""
    if path.exists():
        ports: dict[str, int] = json.loads(path.read_text())
        return ports
    ports = dict(zip(names, free(len(names)), strict=True))
    write_atomically(path, json.dumps(ports))
    return ports


def free(count: int) -> list[int]:
    """Ports that nobody has or holds now, all different."""
    low, high = map(int, _GIVEN_AWAY.read_text().split())
    ours = [*range(LOWEST, low), *range(high + 1, 1 << 16)]
    random.SystemRandom().shuffle(ours)
    found: list[int] = []
    with contextlib.ExitStack() as stack:
        for port in [*ours, *[0] * count]:  # where the kernel gives all of them away, it may choose
            if len(found) == count:
                break
            each = stack.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                each.bind(("127.0.0.1", port))
                found.append(each.getsockname()[1])
    return found


@contextlib.contextmanager
def held(*ports: int) -> Iterator[None]:
    """Let nobody have these ports but a program that listens with SO_REUSEADDR, as servers do.

    A port that somebody has already is not held.
    """
    with contextlib.ExitStack() as stack:
        for port in ports:
            each = stack.enter_context(socket.socket())
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                each.bind(("127.0.0.1", port))
        yield
