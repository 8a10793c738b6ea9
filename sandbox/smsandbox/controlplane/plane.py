"""One running control plane: etcd and kube-apiserver as child processes, with all their state in one folder."""

import base64
import contextlib
import json
import secrets
import socket
import ssl
import subprocess
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from smsandbox import paths
from smsandbox.controlplane import binaries, pki
from smsandbox.process import Service, ServiceError, locked, write_atomically

READY_SECONDS = 90.0  # 3 to 5 on an idle machine; a loaded CI machine takes many times that
ACCOUNT_ISSUER = "https://kubernetes.default.svc"


@dataclass(frozen=True)
class Ports:
    """TCP ports on 127.0.0.1."""

    etcd: int
    apiserver: int


class ApiServer:
    """The API server alone, for tests of its absence: `kill()` and `start()` keep port, certificate and data."""

    def __init__(self, service: Service, url: str, token: str, ca_cert: Path) -> None:
        self.service = service
        self._url, self._token = url, token
        self._tls = ssl.create_default_context(cafile=str(ca_cert))

    @property
    def pid(self) -> int | None:
        return self.service.pid

    def start(self) -> None:
        """Start it unless it runs, and wait until it is ready."""
        self.service.ensure_running()
        self.service.wait_ready(self.ready, READY_SECONDS)

    def stop(self) -> None:
        self.service.stop(seconds=5)

    def kill(self) -> None:
        self.service.kill()

    def ready(self) -> bool:
        """What `/readyz` says."""
        request = urllib.request.Request(f"{self._url}/readyz", headers={"Authorization": f"Bearer {self._token}"})
        try:
            with urllib.request.urlopen(request, timeout=5, context=self._tls) as response:
                return bool(response.status == 200)
        except OSError:
            return False


class ControlPlane:
    """A control plane made by `start`; attributes are for reading."""

    def __init__(self, state_dir: Path, ports: Ports, *, bound: bool, run_dir: Path | None = None) -> None:
        self.state_dir = state_dir
        self.run_dir = run_dir or state_dir
        self.url = f"https://127.0.0.1:{ports.apiserver}"
        self.kubeconfig = state_dir / "kubeconfig"
        keys = pki.ensure(state_dir / "pki")
        self._ca_cert = keys.ca_cert
        tokens = state_dir / "pki" / "tokens.csv"
        if not tokens.exists():
            write_atomically(tokens, f'{secrets.token_hex(24)},admin,admin,"system:masters"\n', mode=0o600)
        token = tokens.read_text().partition(",")[0]
        write_atomically(self.kubeconfig, self.kubeconfig_text(token), mode=0o600)
        found = binaries.find()
        etcd_url = f"http://127.0.0.1:{ports.etcd}"
        self._etcd_health = f"{etcd_url}/health"
        self.etcd = Service(
            name="etcd",
            command=[
                str(found.etcd),
                f"--data-dir={state_dir / 'etcd'}",
                f"--listen-client-urls={etcd_url}",
                f"--advertise-client-urls={etcd_url}",
                "--listen-peer-urls=http://127.0.0.1:0",
                "--unsafe-no-fsync",  # a power cut may cost the sandbox's data, a kill does not
                "--log-level=warn",
            ],
            run_dir=self.run_dir,
            log=state_dir / "etcd.log",
            bound=bound,
        )
        server = Service(
            name="kube-apiserver",
            command=[
                str(found.kube_apiserver),
                f"--etcd-servers={etcd_url}",
                "--bind-address=127.0.0.1",
                "--advertise-address=127.0.0.1",
                "--endpoint-reconciler-type=none",  # loopback may not be an Endpoints address
                f"--secure-port={ports.apiserver}",
                f"--tls-cert-file={keys.server_cert}",
                f"--tls-private-key-file={keys.server_key}",
                f"--token-auth-file={tokens}",
                "--authorization-mode=RBAC",
                f"--service-account-issuer={ACCOUNT_ISSUER}",
                f"--service-account-key-file={keys.account_public_key}",
                f"--service-account-signing-key-file={keys.account_key}",
                "--service-cluster-ip-range=10.0.0.0/24",
                "--disable-admission-plugins=ServiceAccount",  # no controller makes the `default` accounts it asks for
            ],
            run_dir=self.run_dir,
            log=state_dir / "kube-apiserver.log",
            bound=bound,
        )
        self.apiserver = ApiServer(server, self.url, token, keys.ca_cert)

    @classmethod
    def start(cls, state_dir: Path, *, bound: bool = True, run_dir: Path | None = None) -> Self:
        """Start what does not run yet, and return when the API server is ready.

        Ports are chosen at the first start and kept; a folder that was stopped (or killed) starts with its data.

        Args:
            state_dir: etcd's data, keys, kubeconfig, ports and logs.
            bound: both programs end with this process; else they outlive it, until `stop`.
            run_dir: where the pid files are, `state_dir` if not given.

        Raises:
            ServiceError: a program did not get ready; the message has its log's tail.
        """
        state_dir = state_dir.absolute()
        state_dir.mkdir(parents=True, exist_ok=True)
        with locked(state_dir / ".lock"):
            plane = cls(state_dir, _ports(state_dir / "ports.json"), bound=bound, run_dir=run_dir)
            try:
                plane.ensure_running()
            except ServiceError:
                if plane.running:  # slow, or really broken: other ports would not help
                    raise
                plane.stop()
                (state_dir / "ports.json").unlink()  # somebody took a port between choosing and listening, or meanwhile
                plane = cls(state_dir, _ports(state_dir / "ports.json"), bound=bound, run_dir=run_dir)
                plane.ensure_running()
            return plane

    @property
    def running(self) -> bool:
        return self.etcd.pid is not None and self.apiserver.pid is not None

    def ensure_running(self) -> None:
        """Start what died, and wait until both are ready."""
        self.etcd.ensure_running()
        self.etcd.wait_ready(self._etcd_ready, READY_SECONDS)
        self.apiserver.start()

    def stop(self) -> None:
        """End both; the state folder stays."""
        self.apiserver.stop()  # first: without etcd it hangs in its shutdown
        self.etcd.stop()

    def _etcd_ready(self) -> bool:
        try:
            with urllib.request.urlopen(self._etcd_health, timeout=2) as response:
                return bool(json.load(response)["health"] == "true")
        except OSError:
            return False

    def kubectl(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        """Run kubectl as admin and return what it printed.

        Raises:
            subprocess.CalledProcessError: it failed and `check` is set; its `stderr` says why.
        """
        command = [str(paths.tool("kubectl")), f"--kubeconfig={self.kubeconfig}", *arguments]
        return subprocess.run(command, input=stdin, check=check, capture_output=True, text=True, timeout=120).stdout

    def account_kubeconfig(self, namespace: str, account: str, path: Path, *, duration: str = "24h") -> Path:
        """Write a kubeconfig that acts as the service account `account`, with a token the API server issued."""
        token = self.kubectl("create", "token", account, f"--namespace={namespace}", f"--duration={duration}").strip()
        write_atomically(path, self.kubeconfig_text(token, namespace), mode=0o600)
        return path

    def kubeconfig_text(self, token: str, namespace: str = "default") -> str:
        """A kubeconfig (JSON, which is YAML) for this server and a bearer token."""
        ca = base64.b64encode(self._ca_cert.read_bytes()).decode()
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "sandbox", "cluster": {"server": self.url, "certificate-authority-data": ca}}],
            "users": [{"name": "sandbox", "user": {"token": token}}],
            "contexts": [
                {"name": "sandbox", "context": {"cluster": "sandbox", "user": "sandbox", "namespace": namespace}}
            ],
            "current-context": "sandbox",
        }
        return json.dumps(config, indent=2) + "\n"


def _ports(path: Path) -> Ports:
    if path.exists():
        return Ports(**json.loads(path.read_text()))
    etcd, apiserver = free_ports(2)
    write_atomically(path, json.dumps({"etcd": etcd, "apiserver": apiserver}))
    return Ports(etcd, apiserver)


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 on which nobody listens now, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
