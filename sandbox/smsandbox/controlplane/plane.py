"""One running control plane: etcd and kube-apiserver as child processes, with all their state in one folder."""

import base64
import json
import secrets
import ssl
import subprocess
from pathlib import Path
from typing import Self

from smsandbox import paths, ports, probe
from smsandbox.controlplane import binaries, pki
from smsandbox.process import Service, ServiceError, locked, wait_until, write_atomically

READY_SECONDS = (
    240.0  # 3 to 5 on an idle machine; a loaded one takes many times that, and one that ends is seen at once
)
ACCOUNT_ISSUER = "https://kubernetes.default.svc"


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
        return probe.answer(f"{self._url}/readyz", token=self._token, tls=self._tls, seconds=5) is not None


class ControlPlane:
    """A control plane made by `start`; attributes are for reading."""

    def __init__(
        self, state_dir: Path, etcd_port: int, apiserver_port: int, *, bound: bool, run_dir: Path | None = None
    ) -> None:
        self.state_dir = state_dir
        self.run_dir = run_dir or state_dir
        self._ports = (etcd_port, apiserver_port)
        self.url = f"https://127.0.0.1:{apiserver_port}"
        self.kubeconfig = state_dir / "kubeconfig"
        keys = pki.ensure(state_dir / "pki")
        self._ca_cert = keys.ca_cert
        tokens = state_dir / "pki" / "tokens.csv"
        if not tokens.exists():
            write_atomically(tokens, f'{secrets.token_hex(24)},admin,admin,"system:masters"\n', mode=0o600)
        token = tokens.read_text().partition(",")[0]
        write_atomically(self.kubeconfig, self.kubeconfig_text(token), mode=0o600)
        found = binaries.find()
        etcd_url = f"https://127.0.0.1:{etcd_port}"
        # One key for both sides: etcd believes whoever has a certificate of this CA, and the API server alone has one.
        # Without, any page in a browser could write to it: etcd answers every Host and Origin.
        cert, key, ca = str(keys.server_cert), str(keys.server_key), str(keys.ca_cert)
        self._etcd_tls = ssl.create_default_context(cafile=ca)
        self._etcd_tls.load_cert_chain(cert, key)
        self._etcd_health = f"{etcd_url}/health"
        self.etcd = Service(
            name="etcd",
            command=[
                str(found.etcd),
                f"--data-dir={state_dir / 'etcd'}",
                f"--listen-client-urls={etcd_url}",
                f"--advertise-client-urls={etcd_url}",
                "--listen-peer-urls=https://127.0.0.1:0",
                f"--cert-file={cert}",
                f"--key-file={key}",
                f"--trusted-ca-file={ca}",
                "--client-cert-auth",
                f"--peer-cert-file={cert}",
                f"--peer-key-file={key}",
                f"--peer-trusted-ca-file={ca}",
                "--peer-client-cert-auth",
                "--unsafe-no-fsync",  # a power cut may cost the sandbox's data, a kill does not
                "--log-level=warn",
            ],
            run_dir=self.run_dir,
            log=self.run_dir / "etcd.log",
            bound=bound,
        )
        server = Service(
            name="kube-apiserver",
            command=[
                str(found.kube_apiserver),
                f"--etcd-servers={etcd_url}",
                f"--etcd-cafile={ca}",
                f"--etcd-certfile={cert}",
                f"--etcd-keyfile={key}",
                "--bind-address=127.0.0.1",
                "--advertise-address=127.0.0.1",
                "--endpoint-reconciler-type=none",  # loopback may not be an Endpoints address
                f"--secure-port={apiserver_port}",
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
            log=self.run_dir / "kube-apiserver.log",
            bound=bound,
        )
        self.apiserver = ApiServer(server, self.url, token, keys.ca_cert)

    @classmethod
    def start(cls, state_dir: Path, *, bound: bool = True, run_dir: Path | None = None) -> Self:
        """Start what does not run yet, and return when the API server is ready.

        Ports are chosen at the first start and kept; a folder that was stopped (or killed) starts with its data.

        Args:
            state_dir: etcd's data, keys, kubeconfig and ports.
            bound: both programs end with this process; else they outlive it, until `stop`.
            run_dir: where pid files and logs are, `state_dir` if not given.

        Raises:
            ServiceError: a program did not get ready; the message has its log's tail.
        """
        state_dir = state_dir.absolute()
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(state_dir / ".lock"):
            plane = cls._at_stored_ports(state_dir, bound=bound, run_dir=run_dir)
            try:
                plane.ensure_running()
            except ServiceError:
                if plane.running:  # slow, or really broken: other ports would not help
                    raise
                plane.stop()
                (state_dir / "ports.json").unlink()  # somebody took a port since it was chosen
                plane = cls._at_stored_ports(state_dir, bound=bound, run_dir=run_dir)
                plane.ensure_running()
            return plane

    @classmethod
    def _at_stored_ports(cls, state_dir: Path, *, bound: bool, run_dir: Path | None) -> Self:
        chosen = ports.stored(state_dir / "ports.json", "etcd", "apiserver")
        return cls(state_dir, chosen["etcd"], chosen["apiserver"], bound=bound, run_dir=run_dir)

    @property
    def running(self) -> bool:
        return self.etcd.pid is not None and self.apiserver.pid is not None

    def ensure_running(self) -> None:
        """Start what died, and wait until both are ready."""
        with ports.held(*self._ports):
            self.etcd.ensure_running()
            self.etcd.wait_ready(self._etcd_ready, READY_SECONDS)
            self.apiserver.start()

    def stop(self) -> None:
        """End both; the state folder stays."""
        self.apiserver.stop()  # first: without etcd it hangs in its shutdown
        self.etcd.stop()

    def _etcd_ready(self) -> bool:
        return (body := probe.answer(self._etcd_health, tls=self._etcd_tls)) is not None and json.loads(body)[
            "health"
        ] == "true"

    def kubectl(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        """Run kubectl as admin and return what it printed.

        Raises:
            subprocess.CalledProcessError: it failed and `check` is set; its `stderr` says why.
        """
        command = [str(paths.tool("kubectl")), f"--kubeconfig={self.kubeconfig}", *arguments]
        try:
            return subprocess.run(command, input=stdin, check=check, capture_output=True, text=True, timeout=300).stdout
        except subprocess.CalledProcessError as error:
            error.add_note(error.stderr)  # its own message has the command alone
            raise

    def established(self, seconds: float = 240) -> None:
        """Wait until all custom resource definitions that were applied are served.

        Raises:
            ServiceError: one is not within these seconds; has what kubectl said.
        """
        wait = ("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        said = ""

        def served() -> bool | None:
            nonlocal said
            try:
                self.kubectl(*wait)
            except subprocess.CalledProcessError as error:
                said = error.stderr  # also of one that has no conditions at all yet: kubectl does not wait for those
                return None
            return True

        wait_until(served, seconds, lambda: f"not all kinds are served: {said}")

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
