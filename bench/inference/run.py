"""Measures containers side by side: the recipe's, ours, and what HTTP alone costs; other servers with `--peers`.

All servers are up at once; slices of load alternate between them, in an order that turns round every time, and medians
are shown, so that what else the machine does hits all alike. CPU is that of the server's whole process tree, which is
steadier than the clock. Everything is on loopback.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from bench.inference.peers import PEERS, install

HERE = Path(__file__).parent
HOST = "127.0.0.1"
WORKERS = 2
TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")
RECIPE = "recipe"


@dataclass
class Server:
    """A server under load, with one slice of measurements after the other by cell."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    slices: dict[tuple[int, str], list[dict[str, float]]] = field(default_factory=dict)

    def tree(self) -> list[int]:
        """The process and all below it."""
        found, waiting = [], [self.process.pid]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                waiting += [int(child) for child in task.read_text().split()]
        return found

    def cpu_seconds(self) -> float:
        total = 0
        for pid in self.tree():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total * TICK_SECONDS

    def memory_megabytes(self) -> float:
        """Proportional set size: what is shared among processes counts once."""
        lines = [line for pid in self.tree() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()]
        return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024

    def measure(self, clients: int, seconds: float, path: str, body: str) -> dict[str, float]:
        before = self.cpu_seconds()
        command = [sys.executable, str(HERE / "load.py"), HOST, str(self.port), str(clients), str(seconds), path, body]
        found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        used = self.cpu_seconds() - before
        requests = max(found["requests"], 1)
        return found | {"rate": found["requests"] / found["seconds"], "cpu": used / requests * 1e6}

    def median(self, cell: tuple[int, str], what: str) -> float:
        return statistics.median(found[what] for found in self.slices[cell])


def free_ports() -> int:
    """The first of three free ports in a row: some servers want more than one."""
    while True:
        with ExitStack() as stack:
            first = stack.enter_context(socket.socket())
            first.bind((HOST, 0))
            port: int = first.getsockname()[1]
            try:
                for more in (1, 2):
                    stack.enter_context(socket.socket()).bind((HOST, port + more))
            except OSError:
                continue
            return port


def start(stack: ExitStack, name: str, port: int, command: list[str], ready: str = "/ping", **env: str) -> Server:
    """A running server that answers; it ends with the stack."""
    log = tempfile.NamedTemporaryFile(prefix="bench-", suffix=".log", delete=False)  # noqa: SIM115 - the server's, for long
    process = subprocess.Popen(command, env=os.environ | env, stdout=log, stderr=subprocess.STDOUT, cwd=HERE)
    stack.callback(end, process)
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://{HOST}:{port}{ready}", timeout=5).close()
        except (OSError, urllib.error.URLError):
            time.sleep(0.1)
            continue
        return Server(name, port, process)
    raise SystemExit(f"{name} did not start; its log is {log.name}")


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def start_all(stack: ExitStack, folder: Path, *, peers: bool) -> list[Server]:
    """The recipe's container first, then ours and the floors, then the peers."""
    train = [sys.executable, "-m", "smtraining", "train", "--output", str(folder / "model")]
    subprocess.run(train, check=True, stdout=subprocess.DEVNULL)
    python, port = sys.executable, free_ports()
    recipe = ["-w", str(WORKERS), "-b", f"{HOST}:{port}", "--no-control-socket", "--log-level", "error", "recipe:app"]
    servers = [start(stack, RECIPE, port, [python, "-m", "gunicorn", *recipe], MODEL=str(folder / "model/model.pkl"))]
    port = free_ports()
    own = {
        "SM_MODEL_DIR": str(folder / "model"),
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "SMINFERENCE_HOST": HOST,
        "SMINFERENCE_WORKERS": str(WORKERS),
    }
    servers.append(start(stack, "ours", port, [python, "-m", "sminference", "serve"], **own))
    for name, kind in (("echo, gunicorn's gthread", "gthread"), ("echo, our worker", "ours")):
        port = free_ports()
        servers.append(start(stack, name, port, [python, "echo.py", kind, str(port), str(WORKERS)]))
    for peer in PEERS if peers else ():
        where, its_python = install(peer, HERE.parents[1] / "build/bench-peers")
        port = free_ports()
        peer.prepare(where, port)
        command = peer.command(where, its_python, port)
        servers.append(
            start(stack, peer.name, port, command, peer.ready, **own | {"SAGEMAKER_BIND_TO_PORT": str(port)})
        )
    return servers


def bodies(folder: Path, counts: list[int]) -> dict[str, str]:
    """Files with requests of so many rows, spread over the ranges of iris; the same ones every time."""
    generator = np.random.default_rng(42)
    found = {}
    for count in counts:
        rows = generator.uniform([4.3, 2.0, 1.0, 0.1], [7.9, 4.4, 6.9, 2.5], (count, 4)).round(1)
        path = folder / f"{count}.json"
        path.write_text(json.dumps({"instances": rows.tolist()}))
        found[f"{count} row{'s' * (count > 1)}"] = str(path)
    return found


def table(servers: list[Server], cells: list[tuple[int, str]]) -> str:
    """A line for each cell and server; ratios are to the recipe's container, higher being better."""
    recipe = next(server for server in servers if server.name == RECIPE)
    form = "{:<9} {:>7}  {:<25} {:>8} {:>7} {:>8} {:>8} {:>7} {:>9} {:>6}"
    lines = [form.format("request", "clients", "server", "req/s", "x", "p50 ms", "p99 ms", "p99 x", "CPU us", "CPU x")]
    for clients, label in cells:
        for server in servers:
            if (clients, label) not in server.slices:
                continue
            rate, p50, p99, cpu = (server.median((clients, label), what) for what in ("rate", "p50", "p99", "cpu"))
            base = {what: recipe.median((clients, label), what) for what in ("rate", "p99", "cpu")}
            lines.append(
                form.format(
                    label,
                    clients,
                    server.name,
                    f"{rate:.0f}",
                    f"{rate / base['rate']:.1f}",
                    f"{p50:.2f}",
                    f"{p99:.2f}",
                    f"{base['p99'] / p99:.1f}",
                    f"{cpu:.0f}",
                    f"{base['cpu'] / cpu:.1f}",
                )
            )
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--peers", action="store_true", help="also granian, MLServer and LitServe, installed under build/"
    )
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 3, 1000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="length of one slice")
    chosen = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-inference-")))
        files = bodies(folder, chosen.rows)
        servers = start_all(stack, folder, peers=chosen.peers)
        first = next(iter(files.values()))
        for server in servers:
            warm = server.measure(8, 1, "/invocations", first)
            assert not warm["errors"], f"{server.name} answers with errors"
        requests = [(label, "/invocations", file) for label, file in files.items()] + [("/ping", "/ping", "-")]
        cells = [(clients, label) for label, _, _ in requests for clients in chosen.clients]
        for turn in range(chosen.rounds):
            print(f"round {turn + 1} of {chosen.rounds}, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
            for label, path, file in requests:
                for clients in chosen.clients:
                    for server in servers[:: 1 if turn % 2 else -1]:
                        if label == "/ping" and "empty" in server.name:
                            continue
                        found = server.measure(clients, chosen.seconds, path, file)
                        server.slices.setdefault((clients, label), []).append(found)
        print(table(servers, cells))
        for server in servers:
            print(f"{server.name:<25} {server.memory_megabytes():6.0f} MB (PSS of {len(server.tree())} processes)")
        failed = sum(found["errors"] for server in servers for each in server.slices.values() for found in each)
        print(f"{failed:.0f} failed requests; load of the machine at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
