"""Clients that mean harm, on real sockets: nobody else is held up, and each is told what is wrong. And where to listen."""

import os
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from sminference.config import Settings
from sminference.serve import gunicorn_options

GOOD = b'{"instances": [[5.1, 3.5, 1.4, 0.2]]}'


def request(name: str) -> bytes:
    head = f"POST /invocations HTTP/1.1\r\nHost: x\r\nX-Amzn-SageMaker-Inference-Id: {name}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(GOOD)}\r\n\r\n".encode() + GOOD


def test_a_client_that_sends_hundreds_of_requests_at_once_takes_turns_with_others(server: Any, until: Any) -> None:
    for _ in range(60):
        # So many quick ones, and the leading thread answers by itself.
        assert server.post(GOOD).status == 200
    (worker,) = map(int, Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split())
    with server.connect() as greedy, server.connect() as other:
        # It sees both at once when it goes on.
        os.kill(worker, signal.SIGSTOP)
        try:
            greedy.sendall(request("greedy") * 400)
            other.sendall(request("other"))
        finally:
            os.kill(worker, signal.SIGCONT)

        def logged() -> Any:
            ids = [line.get("id") for line in server.logged()]
            return ids if ids.count("greedy") == 400 and "other" in ids else None

        ids = until(logged)
    assert ids[: ids.index("other")].count("greedy") < 100


def test_a_client_that_has_nothing_more_to_say_still_gets_all_its_answers(server: Any) -> None:
    received = b""
    with server.connect() as sock:
        sock.sendall(request("last") * 300)
        sock.shutdown(socket.SHUT_WR)
        while more := sock.recv(1 << 16):
            received += more
    assert received.count(b"HTTP/1.1 200 OK") == 300


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\n\r\n", "request line: expected at most 4094 bytes"),
        (
            b"GET /ping HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n",
            "head: expected at most 100 headers of at most 8190 bytes",
        ),
        (b"GET /ping HTTP/1.1\r\nExpect: a-gift\r\n\r\n", "Expect: expected 100-continue"),
        (b"GET /ping HTTP/3.0\r\n\r\n", 'request line: expected one such as "POST /invocations HTTP/1.1", got '),
        (b"get /ping HTTP/1.1\r\n\r\n", 'request line: expected one such as "POST /invocations HTTP/1.1", got '),
        (b"hello\r\n\r\n", "request line: expected one such as \"POST /invocations HTTP/1.1\", got 'hello'"),
        (
            b"POST /invocations HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n[1]",
            'head: expected headers such as "Content-Type: application/json", none',
        ),
        (
            b"POST /invocations HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
            "Transfer-Encoding: expected chunked, got 'gzip'",
        ),
    ],
)
def test_what_is_wrong_with_a_head_is_said(server: Any, parsed: Any, data: bytes, error: str) -> None:
    assert parsed(server.send(data)).error.startswith(error)


@pytest.mark.parametrize(("host", "bound"), [("::1", "[::1]:8080"), ("127.0.0.1", "127.0.0.1:8080")])
def test_an_address_of_either_kind_can_be_listened_on(host: str, bound: str) -> None:
    assert gunicorn_options(Settings(host=host))["bind"] == [bound]
