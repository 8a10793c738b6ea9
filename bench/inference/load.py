"""A load generator: keeps N keep-alive connections busy with one prepared request, from one thread over epoll.

`python load.py HOST PORT CONNECTIONS SECONDS PATH BODY_FILE` prints one JSON object: requests, seconds, errors, and the
percentiles of latency in milliseconds. The body file `-` means GET. Loopback only: it is a bench, not a weapon.
"""

from __future__ import annotations

import ipaddress
import json
import re
import select
import socket
import sys
import time
from pathlib import Path

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


class Client:
    """One connection with its request under way."""

    def __init__(self, address: tuple[str, int], message: bytes, poll: select.epoll) -> None:
        self._message = message
        self._poll = poll
        self._received = bytearray()
        self._rest = memoryview(b"")
        self._started = 0.0
        self.socket = socket.create_connection(address, timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        poll.register(self.socket, select.EPOLLIN)
        self.begin()

    def begin(self) -> None:
        """Sends the request again."""
        self._received.clear()
        self._started = time.perf_counter()
        self._rest = memoryview(self._message)
        self.send(waited=False)

    def send(self, *, waited: bool = True) -> None:
        """Sends what the socket takes, and waits for it to take the rest, if there is one."""
        try:
            sent = self.socket.send(self._rest)
        except BlockingIOError:
            sent = 0
        self._rest = self._rest[sent:]
        if self._rest or waited:
            self._poll.modify(self.socket, select.EPOLLOUT if self._rest else select.EPOLLIN)

    def receive(self) -> tuple[float | None, bool, bool] | None:
        """Latency in seconds, success, and whether the server closes, when the response is whole.

        Raises:
            ConnectionError: the server closed before.
        """
        data = self.socket.recv(1 << 20)
        if not data:
            raise ConnectionResetError
        self._received += data
        head = self._received.find(b"\r\n\r\n")
        if head < 0:
            return None
        length = _LENGTH.search(self._received, 0, head + 2)
        if len(self._received) < head + 4 + (int(length[1]) if length else 0):
            return None
        closes = _CLOSE.search(self._received, 0, head + 2) is not None
        return time.perf_counter() - self._started, self._received[9:12] == b"200", closes


def request(host: str, port: int, path: str, body: bytes) -> bytes:
    """The bytes of a GET (no body) or of a POST of JSON."""
    head = f"{'POST' if body else 'GET'} {path} HTTP/1.1\r\nHost: {host}:{port}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}\r\n".encode() + body


def run(  # noqa: C901 - one loop, and the events it tells apart
    address: tuple[str, int], connections: int, seconds: float, message: bytes
) -> dict[str, float]:
    """Sends `message` over and over for `seconds` from `connections` clients."""
    poll = select.epoll()
    latencies: list[float] = []
    errors = 0

    def connect() -> None:
        client = Client(address, message, poll)
        clients[client.socket.fileno()] = client

    def reconnect(descriptor: int) -> None:
        clients.pop(descriptor).socket.close()
        connect()

    clients: dict[int, Client] = {}
    start = time.perf_counter()
    for _ in range(connections):
        connect()
    until = start + seconds
    while (now := time.perf_counter()) < until:
        for descriptor, events in poll.poll(until - now):
            client = clients[descriptor]
            if events & select.EPOLLOUT:
                client.send()
                continue
            try:
                done = client.receive()
            except OSError:
                done = (None, False, True)
            if done is None:
                continue
            latency, good, closes = done
            latencies += [] if latency is None else [latency]
            errors += not good
            if closes:
                reconnect(descriptor)
            else:
                client.begin()
    elapsed = time.perf_counter() - start
    latencies.sort()

    def percentile(share: float) -> float:
        return round(latencies[min(len(latencies) - 1, int(share * len(latencies)))] * 1000, 3) if latencies else 0.0

    return {
        "requests": len(latencies),
        "seconds": round(elapsed, 3),
        "errors": errors,
        "p50": percentile(0.50),
        "p99": percentile(0.99),
    }


def main(arguments: list[str]) -> None:
    host, port, connections, seconds, path, body_file = arguments
    if not ipaddress.ip_address(host).is_loopback:
        sys.exit(f"expected a loopback address, got {host}")
    body = b"" if body_file == "-" else Path(body_file).read_bytes()
    message = request(host, int(port), path, body)
    print(json.dumps(run((host, int(port)), int(connections), float(seconds), message)))


if __name__ == "__main__":
    main(sys.argv[1:])
