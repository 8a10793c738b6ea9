"""The real process on real sockets: start, stop, slow and strange clients."""

import contextlib
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

GOOD = b'{"instances": [[5.1, 3.5, 1.4, 0.2]]}'
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def request(body: bytes = GOOD, more: str = "") -> bytes:
    head = f"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}{more}\r\n".encode() + body


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_loaded_model_answers_the_ping_with_nothing(server: Any) -> None:
    reply = server.get("/ping")
    assert (reply.status, reply.body) == (200, b"")


def test_it_predicts(server: Any) -> None:
    (prediction,) = server.post(GOOD).json["predictions"]
    assert prediction["predicted_class"] == "setosa"
    assert list(prediction["probabilities"]) == ["setosa", "versicolor", "virginica"]


def test_a_connection_serves_request_after_request(server: Any, whole_response: Any, parsed: Any) -> None:
    with server.connect() as sock:
        for _ in range(20):
            sock.sendall(request())
            reply = parsed(whole_response(sock))
            assert (reply.status, reply.headers["connection"]) == (200, "keep-alive")


def test_requests_sent_in_one_go_are_answered_in_order(server: Any) -> None:
    rows = [[5.1, 3.5, 1.4, 0.2], [6.9, 3.1, 5.4, 2.1]]
    bodies = [json.dumps([rows[number % 2]]).encode() for number in range(30)]
    received = b""
    with server.connect() as sock:
        sock.sendall(b"".join(map(request, bodies[:-1])) + request(bodies[-1], "Connection: close\r\n"))
        while more := sock.recv(1 << 16):
            received += more
    predicted = [json.loads(part.split(b"\r\n\r\n")[1]) for part in received.split(b"HTTP/1.1 200 OK")[1:]]
    assert [answer["predictions"][0]["predicted_class"] for answer in predicted] == ["setosa", "virginica"] * 15


def test_a_chunked_body_is_taken(server: Any, parsed: Any) -> None:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(GOOD[i : i + 7]), GOOD[i : i + 7]) for i in range(0, len(GOOD), 7))
    head = (
        b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    reply = parsed(server.send(head + chunks + b"0\r\n\r\n"))
    assert reply.json == server.post(GOOD).json


def test_a_client_that_waits_for_permission_gets_it(server: Any, whole_response: Any, parsed: Any) -> None:
    head, _, body = request(more="Expect: 100-continue\r\n").partition(b"\r\n\r\n")
    with server.connect() as sock:
        sock.sendall(head + b"\r\n\r\n")
        assert sock.recv(25) == CONTINUE
        sock.sendall(body)
        assert parsed(whole_response(sock)).status == 200


@pytest.mark.parametrize("declared", [6 * 1024 * 1024 + 1, 10 * 1000**3])
def test_a_body_declared_too_long_is_refused_before_it_comes(server: Any, parsed: Any, declared: int) -> None:
    head = (
        f"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {declared}\r\n\r\n"
    )
    reply = parsed(server.send(head.encode()))
    assert (reply.status, reply.error) == (
        413,
        "body: expected at most 6291456 bytes, got more by its Content-Length",
    )
    assert reply.headers["connection"] == "close"


def test_a_client_that_sends_on_after_its_refusal_still_reads_it(server: Any, parsed: Any) -> None:
    head = b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n"
    assert parsed(server.send(head + b" " * 300_000)).status == 413


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /ping\r\n\r\n", 400),
        (b"GET /ping HTTP/3.0\r\n\r\n", 400),
        (b"g\xc3t /ping HTTP/1.1\r\n\r\n", 400),
        (b"GET /ping HTTP/1.1\r\n\r\n", 400),
        (b"GET /ping HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400),
        (b"GET /ping HTTP/1.0\r\nHost: x\r\nhost: y\r\n\r\n", 400),
        (b"GET /ping HTTP/1.1\r\nHost: x y\r\n\r\n", 400),
        (b"GET /ping HTTP/1.1\r\nHost: http://x/\r\n\r\n", 400),
        (b"GET /ping HTTP/1.1\r\nbad header\r\n\r\n", 400),
        (b"GET /ping HTTP/1.1\r\nx: a\x00b\r\n\r\n", 400),
        (b"GET /ping HTTP/1.1\r\n folded: x\r\n\r\n", 400),
        (b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET /ping HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", 431),
        (b"GET /ping HTTP/1.1\r\nx: " + b"y" * 70_000, 431),
        (b"GET /ping HTTP/1.1\r\nExpect: a-gift\r\n\r\n", 417),
        (b"POST /invocations HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /invocations HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
        (b"POST /invocations HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400),
        (b"POST /invocations HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n", 400),
        (b"POST /invocations HTTP/1.1\r\nTransfer-Encoding: brotli, chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /invocations HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET /ping HTTP/1.1\nHost: x\n\n", 400),
    ],
)
def test_what_is_no_http_is_refused_in_json(server: Any, parsed: Any, data: bytes, status: int) -> None:
    reply = parsed(server.send(data))
    assert reply.status == status
    assert ": expected " in reply.error
    assert server.get("/ping").status == 200


STARTS = [
    b"POST /invocations HTTP/1.1\r\nHost",
    request()[:-5],
    b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5",
]


def test_sixty_four_slow_clients_hold_up_nobody(server: Any) -> None:
    with contextlib.ExitStack() as stack:
        for number in range(64):
            stack.enter_context(server.connect()).sendall([b"", *STARTS][number % 4])
        for _ in range(20):
            assert server.get("/ping").status == 200
            assert server.post(GOOD).status == 200


def test_slow_clients_are_told_their_deadline(hasty: Any, parsed: Any) -> None:
    with ThreadPoolExecutor(48) as pool:
        for answer in pool.map(hasty.send, STARTS * 16):
            reply = parsed(answer)
            assert (reply.status, reply.error) == (408, "expected the whole request within 1.5 s")


def test_dripping_bytes_does_not_move_the_deadline(hasty: Any, parsed: Any) -> None:
    with hasty.connect() as sock:
        sock.settimeout(0.05)
        received = b""
        for byte in request(b" " * 2000):
            sock.sendall(bytes([byte]))
            try:
                received = sock.recv(1 << 16)
            except TimeoutError:
                continue
            break
    assert parsed(received).status == 408


def test_time_in_which_the_server_stood_still_is_not_the_clients(hasty: Any, parsed: Any, whole_response: Any) -> None:
    (worker,) = children(hasty.process.pid)
    with hasty.connect() as sock:
        sock.sendall(request(more="Expect: 100-continue\r\n").removesuffix(GOOD))
        assert sock.recv(25) == CONTINUE
        os.kill(worker, signal.SIGSTOP)
        try:
            sock.sendall(GOOD)
            time.sleep(2)  # longer than the deadline
        finally:
            os.kill(worker, signal.SIGCONT)
        assert parsed(whole_response(sock)).status == 200


def test_clients_that_never_read_their_answers_hold_up_nobody(start_server: Any, model_dir: Any, until: Any) -> None:
    server = start_server(SM_MODEL_DIR=str(model_dir("random-forest")), SMINFERENCE_WRITE_TIMEOUT_SECONDS="1.5")
    rows = json.dumps([[5.1, 3.5, 1.4, 0.2]] * 100_000, separators=(",", ":")).encode()
    pid = children(server.process.pid)[0]
    before = sockets(pid)
    deaf = []
    for _ in range(4):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(120)
        sock.connect(("127.0.0.1", server.port))
        sock.sendall(request(rows))
        deaf.append(sock)
    try:
        assert server.post(GOOD).status == 200
        # The server gives up on them: its end of the connections goes away.
        until(lambda: sockets(pid) <= before)
        assert server.post(GOOD).status == 200
    finally:
        for sock in deaf:
            sock.close()


def sockets(pid: int) -> int:
    """How many sockets a process has open."""
    count = 0
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            count += str(link.readlink()).startswith("socket:")
    return count


def test_a_client_that_leaves_disturbs_nobody(server: Any) -> None:
    for data in (b"", b"POST", request()[:-3], request()):
        with server.connect() as sock:
            sock.sendall(data)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    assert server.post(GOOD).status == 200


def test_a_short_body_at_the_end_of_a_connection_is_no_request(server: Any) -> None:
    assert server.send(request()[:-3], end=True) == b""


def test_a_log_line_names_the_request_and_never_its_payload(server: Any, until: Any) -> None:
    server.post(b'[[5.187654321, 3.5, "a secret", 0.2]]', more="X-Amzn-SageMaker-Inference-Id: order-66\r\n")
    server.post(GOOD, more="X-Amzn-SageMaker-Inference-Id: order-67\r\n")

    def lines() -> Any:
        found = {line.get("id"): line for line in server.logged()}
        return found if {"order-66", "order-67"} <= set(found) else None

    found = until(lines)
    assert found["order-67"] | {"time": "", "ms": 0, "model": ""} == {
        "time": "",
        "id": "order-67",
        "variant": "primary",
        "model": "",
        "path": "/invocations",
        "status": 200,
        "ms": 0,
        "rows": 1,
    }
    assert found["order-67"]["model"].startswith("random-forest@")
    assert found["order-66"]["error"] == "instances[0][2]: expected a number"
    assert "secret" not in server.log.read_text()
    assert "5.187654321" not in server.log.read_text()


def test_many_connections_do_not_lock_new_ones_out(start_server: Any, model_dir: Any) -> None:
    server = start_server(SM_MODEL_DIR=str(model_dir("random-forest")), SMINFERENCE_MAX_CONNECTIONS="10")
    idle = [server.connect() for _ in range(30)]
    try:
        assert server.post(GOOD).status == 200
    finally:
        for sock in idle:
            sock.close()


def test_without_keep_alive_a_connection_is_for_one_request(start_server: Any, model_dir: Any, parsed: Any) -> None:
    server = start_server(SM_MODEL_DIR=str(model_dir("random-forest")), SMINFERENCE_KEEPALIVE_SECONDS="0")
    with server.connect() as sock:
        sock.sendall(request() * 2)
        received = b""
        while more := sock.recv(1 << 16):
            received += more
    assert received.count(b"HTTP/1.1 200 OK") == 1
    assert parsed(received).headers["connection"] == "close"


def test_unfinished_bodies_together_are_bounded(start_server: Any, model_dir: Any, until: Any) -> None:
    server = start_server(SM_MODEL_DIR=str(model_dir("random-forest")), SMINFERENCE_MAX_BODY_BYTES="1000000")
    head = b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
    (pid,) = children(server.process.pid)
    before = sockets(pid)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(server.connect()) for _ in range(40)]
        for sock in clients:
            with contextlib.suppress(ConnectionError):
                sock.sendall(head + b" " * 900_000)
        until(lambda: sockets(pid) <= before + 18)
        assert server.post(GOOD).status == 200


def test_an_explanation_holds_up_nobody(server: Any, whole_response: Any, parsed: Any, until: Any) -> None:
    for _ in range(60):
        # So many quick ones, and the leading thread answers by itself.
        assert server.post(GOOD).status == 200
    rows = json.dumps(np.random.default_rng(1).uniform(0, 8, (1000, 4)).round(1).tolist()).encode()
    (worker,) = children(server.process.pid)
    with server.connect() as busy, server.connect() as quick:
        os.kill(worker, signal.SIGSTOP)  # it finds both requests there, the explanation first
        try:
            busy.sendall(request(rows, "X-Amzn-SageMaker-Inference-Id: long\r\n").replace(b"ions H", b"ions?explain H"))
            quick.sendall(request(more="X-Amzn-SageMaker-Inference-Id: short\r\n"))
        finally:
            os.kill(worker, signal.SIGCONT)
        assert parsed(whole_response(quick)).status == 200
        assert len(parsed(whole_response(busy)).json["predictions"]) == 1000

    def answered() -> Any:
        found = [line["id"] for line in server.logged() if line.get("id") in {"long", "short"}]
        return found if len(found) == 2 else None

    assert until(answered) == ["short", "long"]


def test_sigterm_lets_a_request_finish_and_ends_well(
    start_server: Any, model_dir: Any, until: Any, whole_response: Any, parsed: Any
) -> None:
    server = start_server(SM_MODEL_DIR=str(model_dir("random-forest")), SMINFERENCE_WORKERS="2")
    workers = until(lambda: found if len(found := children(server.process.pid)) == 2 else None)
    big = json.dumps([[5.1, 3.5, 1.4, 0.2]] * 50_000).encode()
    with server.connect() as busy, server.connect() as half, server.connect():
        for sock, body in ((busy, big), (half, GOOD)):
            head = request(body, more="Expect: 100-continue\r\n").removesuffix(body)
            sock.sendall(head)
            assert sock.recv(25) == CONTINUE  # a worker has it
        half.sendall(GOOD[:-10])
        busy.sendall(big)
        answers: list[Any] = []
        reader = threading.Thread(target=lambda: answers.append(parsed(whole_response(busy))))
        server.process.send_signal(signal.SIGTERM)
        reader.start()
        half.sendall(GOOD[-10:])
        assert parsed(whole_response(half)).status == 200
        reader.join()
        assert len(answers[0].json["predictions"]) == 50_000
        assert server.process.wait(120) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


def test_a_dead_worker_is_replaced(start_server: Any, model_dir: Any, until: Any) -> None:
    server = start_server(SM_MODEL_DIR=str(model_dir("random-forest")))
    (first,) = children(server.process.pid)
    os.kill(first, signal.SIGKILL)
    until(lambda: [pid for pid in children(server.process.pid) if pid != first])
    assert server.post(GOOD).status == 200


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda folder: (folder / "trees.npz").unlink(), "trees.npz"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "manifest.json is not JSON"),
        (lambda folder: (folder / "manifest.json").unlink(), "without manifest.json"),
        (lambda folder: (folder / "trees.npz").write_bytes(b"PK"), "trees.npz has 2 bytes"),
    ],
)
def test_without_a_model_the_ping_says_why(
    start_server: Any, model_dir: Any, until: Any, tmp_path: Path, damage: Callable[[Path], object], reason: str
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for file in model_dir("random-forest").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    damage(folder)
    server = start_server(SM_MODEL_DIR=str(folder))
    ping, invocation = server.get("/ping"), server.post(GOOD)
    assert (ping.status, invocation.status) == (404, 503)
    assert reason in ping.error
    assert invocation.error == ping.error
    until(lambda: any(reason in line["message"] for line in server.logged() if line.get("level") == "error"))
    assert server.stop() == 0


def test_four_workers_stay_small_under_large_requests(start_server: Any, model_dir: Any, until: Any) -> None:
    """Proportional set size, so that what the workers share with their parent counts once: at most 170 MB."""
    server = start_server(SM_MODEL_DIR=str(model_dir("random-forest")), SMINFERENCE_WORKERS="4")
    workers = until(lambda: found if len(found := children(server.process.pid)) == 4 else None)
    rows = json.dumps([[5.1, 3.5, 1.4, 0.2], [6.9, 3.1, 5.4, 2.1]] * 500).encode()

    def load() -> None:
        for _ in range(15):
            assert server.post(rows).status == 200

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = 0
    for pid in [server.process.pid, *workers]:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    assert total < 170 * 1024
