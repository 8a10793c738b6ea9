"""Ports: remembered, all different, and nobody else's between the choice and the program that listens."""

import socket
from pathlib import Path

import pytest

from smsandbox import ports


def listening(port: int) -> socket.socket:
    """As servers do it."""
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", port))
    server.listen()
    return server


def test_ports_are_remembered(tmp_path: Path) -> None:
    first = ports.stored(tmp_path / "ports.json", "a", "b")
    assert first.keys() == {"a", "b"}
    assert ports.stored(tmp_path / "ports.json", "a", "b") == first


def test_free_ports_are_all_different_and_none_that_the_kernel_gives_to_whoever_asks_for_any() -> None:
    low, high = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    found = ports.free(100)
    assert len(set(found)) == 100
    assert not any(low <= port <= high for port in found)


def test_where_the_kernel_gives_all_ports_away_it_chooses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given_away = tmp_path / "range"
    given_away.write_text("1024\t65535\n")
    monkeypatch.setattr(ports, "_GIVEN_AWAY", given_away)
    assert len(set(ports.free(3))) == 3


def test_a_held_port_is_given_to_nobody_and_a_server_may_listen_on_it() -> None:
    (port,) = ports.free(1)
    with ports.held(port):
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))
        with listening(port) as server, socket.create_connection(server.getsockname(), timeout=60):
            pass


def test_a_port_that_is_in_use_is_left_alone() -> None:
    (port,) = ports.free(1)
    with listening(port) as server, ports.held(port), socket.create_connection(server.getsockname(), timeout=60):
        pass
    with listening(port):
        pass
