"""Requests for explanations wait their turn: what they take of a worker is bounded, and nobody else waits for them."""

import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sminference.waiting import Turns

GOOD = b'{"instances": [[5.1, 3.5, 1.4, 0.2]]}'


def rows(count: int) -> bytes:
    """Flowers of all kinds: those between two kinds take the longest answers."""
    X = np.random.default_rng(0).uniform((4, 2, 1, 0), (8, 4.5, 7, 2.5), (count, 4))
    return json.dumps({"instances": X.tolist()}).encode()


def asking(body: bytes, path: str = "/invocations?explain=all") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + body


def worker_of(server: Any) -> int:
    (worker,) = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    return int(worker)


def peak_kib(worker: int) -> int:
    lines = Path(f"/proc/{worker}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def at_once(
    server: Any, requests: list[bytes], whole_response: Callable[[socket.socket], bytes], parsed: Callable[[bytes], Any]
) -> list[Any]:
    """The replies to requests of a connection each, all of which are there when the worker looks."""
    worker = worker_of(server)
    with ExitStack() as stack:
        os.kill(worker, signal.SIGSTOP)
        try:
            sockets = [stack.enter_context(server.connect()) for _ in requests]
            for sock, request in zip(sockets, requests, strict=True):
                sock.sendall(request)
        finally:
            os.kill(worker, signal.SIGCONT)
        return [parsed(whole_response(sock)) for sock in sockets]


def test_sixteen_large_explanations_at_once_take_the_memory_of_a_few(
    start_server: Any, model_dir: Any, whole_response: Any, parsed: Any
) -> None:
    """They took the worker from 65 MB to 619, and it stayed there."""
    server = start_server(SM_MODEL_DIR=str(model_dir("random-forest")))
    server.post(rows(50), "/invocations?explain=all")
    before = peak_kib(worker_of(server))
    replies = at_once(server, [asking(rows(400))] * 16, whole_response, parsed)
    assert [reply.status for reply in replies] == [200] * 16
    assert all(len(reply.json["predictions"]) == 400 for reply in replies)
    assert peak_kib(worker_of(server)) - before < 60 * 1024


def test_who_comes_when_too_many_wait_is_told_and_others_are_served(
    start_server: Any, model_dir: Any, whole_response: Any, parsed: Any
) -> None:
    """In a server where none may wait, and that has no more threads than explanations take."""
    code = "from sminference import __main__, worker; worker._EXPLANATIONS_WAITING = 0; __main__.main(['serve'])"
    server = start_server(
        program=[sys.executable, "-c", code], SM_MODEL_DIR=str(model_dir("random-forest")), SMINFERENCE_THREADS="3"
    )
    body = rows(300)
    replies = at_once(server, [*[asking(body)] * 20, asking(GOOD, "/invocations")], whole_response, parsed)
    *explained, other = replies
    assert other.status == 200
    statuses = [reply.status for reply in explained]
    assert set(statuses) == {200, 503}
    assert statuses.count(200) >= 2
    refused = next(reply for reply in explained if reply.status == 503)
    assert refused.error == "explanations: too many are asked for at once; try again in a moment"
    assert server.post(body, "/invocations?explain=all").status == 200
    assert server.stop() == 0


def test_a_client_that_goes_while_it_waits_takes_nobodys_turn(
    start_server: Any, model_dir: Any, parsed: Any, until: Any
) -> None:
    server = start_server(SM_MODEL_DIR=str(model_dir("random-forest")), SMINFERENCE_MAX_CONNECTIONS="6")
    body = rows(200)
    for _ in range(3):
        sockets = [server.connect() for _ in range(12)]  # twice as many as may stay: the others are closed
        for sock in sockets:
            sock.sendall(asking(body))
        for sock in sockets:
            sock.close()
    assert server.post(body, "/invocations?explain=all").status == 200
    assert server.stop() == 0


def test_turns_come_in_order_and_are_bounded() -> None:
    turns = Turns(at_once=2, most_waiting=3, most_bytes=100)
    assert [turns.take() for _ in range(3)] == [True, True, False]
    assert turns.due() == []
    assert turns.wait(7, 60)
    assert not turns.wait(8, 60)
    assert turns.wait(9, 40)
    assert turns.done()
    assert not turns.take(), "who comes later does not go first"
    assert turns.due() == [7]
    assert turns.due() == []
    assert turns.done()
    assert turns.due() == [9]
    assert not turns.done()
    assert not turns.done()
    assert [turns.take(), turns.take()] == [True, True]
    assert [turns.wait(number, 1) for number in range(4)] == [True, True, True, False]


@pytest.mark.parametrize("form", ["application/json", "application/jsonlines"])
@pytest.mark.parametrize("count", [1, 32, 33, 100])
def test_explanations_are_written_block_by_block_without_a_seam(ask: Any, count: int, form: str) -> None:
    body = rows(count)
    whole = ask(body, path="/invocations?explain=all", headers={"Accept": form})
    read = (lambda data: json.loads(data)["predictions"]) if form == "application/json" else lines
    found = read(whole.body)
    assert len(found) == count
    plain = json.loads(ask(body).body)["predictions"]
    for explained, expected in zip(found, plain, strict=True):
        explanation = explained.pop("explanation")
        assert explained == expected
        sums = {
            name: explanation["shap"]["base_values"][name] + sum(shares.values())
            for name, shares in explanation["shap"]["values"].items()
        }
        assert all(abs(sums[name] - value) < 1e-9 for name, value in expected["probabilities"].items())


def lines(data: bytes) -> list[Any]:
    return [json.loads(line) for line in data.splitlines()]
