"""The whole sandbox as one thing: control plane, AWS simulator and operator, each a process with its pid in one folder.

`World.start` brings up what does not run; what a user needs to talk to it is `World.environment`.
"""

import contextlib
import json
import shlex
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from smsandbox import events, paths, ports, probe, secret
from smsandbox.controlplane import ControlPlane
from smsandbox.process import Service, inherited, locked, write_atomically

REGION = "us-east-1"
ACCOUNT = "123456789012"  # the simulator's
# As manifests/aws/events.yaml names it.
EVENTS_QUEUE = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/smendpoints-events"
NAMESPACE, SERVICE_ACCOUNT, LEASE = "smendpoints-system", "smendpoints", "smendpoints"
ACCESS_DURATION = "8760h"
READY_SECONDS = 240.0
LOOPBACK = "127.0.0.1,localhost"
PROXY_EXCEPTIONS = ("NO_PROXY", "no_proxy")
SERVICES = ("operator", "aws", "kube-apiserver", "etcd")  # in the order of ending

# AWS's minutes take seconds here, so what looks at it has to look more often than the defaults say.
AWS_SETTINGS: Mapping[str, Any] = {"time_scale": 15}
OPERATOR_SETTINGS: Mapping[str, str] = {
    "POLL_SECONDS": "2",
    "WATCH_SECONDS": "2",
    "PRICES": "table",
    "ANALYSIS_PERIOD_SECONDS": "1",  # metrics come at once here, so rollouts of seconds can be judged
}


class World:
    """One sandbox in `folder`. `bound`: everything ends with this process; else it outlives it, until `end(folder)`."""

    def __init__(
        self,
        folder: Path,
        *,
        bound: bool,
        aws_settings: Mapping[str, Any] = AWS_SETTINGS,
        operator_settings: Mapping[str, str] = OPERATOR_SETTINGS,
    ) -> None:
        self.folder = folder.absolute()
        self._bound = bound
        self._aws_settings = aws_settings
        self._operator_settings = operator_settings
        self._ports = ports.stored(self.folder / "ports.json", "aws", "liveness", "metrics")
        self.aws_url = f"http://127.0.0.1:{self._ports['aws']}"
        self.metrics_url = f"http://127.0.0.1:{self._ports['metrics']}/metrics"  # the operator's own
        self.kubeconfig = self.folder / "plane" / "kubeconfig"
        self._operator_kubeconfig = self.folder / "operator.kubeconfig"

    @property
    def environment(self) -> dict[str, str]:
        """Variables for kubectl as admin and for every AWS client, none of which reaches a real account."""
        return {"KUBECONFIG": str(self.kubeconfig), "SMSANDBOX_TOKEN": self.token, **self.aws_environment}

    @property
    def token(self) -> str:
        """What opens the simulator's own interface, under `/_sandbox/`."""
        return secret.kept(self.folder / "aws" / secret.FILE)

    @property
    def aws_environment(self) -> dict[str, str]:
        """Variables with which every AWS client talks to the simulator, whatever the user's own profile says."""
        return {
            "AWS_ENDPOINT_URL": self.aws_url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",  # the AWS documentation's example, valid nowhere
            "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
            **dict.fromkeys(PROXY_EXCEPTIONS, LOOPBACK),
        }

    @property
    def aws(self) -> Service:
        settings = self.folder / "aws-settings.json"
        arguments = ["--host", "127.0.0.1", "--port", str(self._ports["aws"]), "--state-dir", str(self.folder / "aws")]
        return self._service("aws", "smsandbox.aws", "serve", *arguments, "--settings", str(settings))

    @property
    def operator(self) -> Service:
        settings = {
            "EVENTS_QUEUE_URL": EVENTS_QUEUE,
            **self._operator_settings,
            "LIVENESS_PORT": str(self._ports["liveness"]),
            "METRICS_PORT": str(self._ports["metrics"]),
            "BIND_ADDRESS": "127.0.0.1",
        }
        environment = {f"SMENDPOINTS_{name}": value for name, value in settings.items()}
        return self._service(
            "operator",
            "smendpoints",
            "run",
            environment={**environment, **self.aws_environment, "KUBECONFIG": str(self._operator_kubeconfig)},
        )

    def _service(
        self, name: str, module: str, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> Service:
        return Service(
            name=name,
            command=[sys.executable, "-m", module, *arguments],
            run_dir=self.folder,
            log=self.folder / f"{name}.log",
            environment=environment or {},
            bound=self._bound,
        )

    def start(self, say: Callable[[str], None], furnish: Callable[[], object] = lambda: None) -> ControlPlane:
        """Start what does not run and wait until all of it works; the control plane, for kubectl as admin.

        `furnish` puts into AWS what endpoints need, before an operator looks for it.

        Raises:
            ServiceError: a program did not get ready; the message has its log's tail.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o700)  # logs, and etcd's data with Secrets in it, are nobody else's
        with ports.held(*self._ports.values()):
            return self._start(say, furnish)

    def _start(self, say: Callable[[str], None], furnish: Callable[[], object]) -> ControlPlane:
        write_atomically(self.folder / "aws-settings.json", json.dumps(dict(self._aws_settings)))
        aws = self.aws
        anew = aws.ensure_running()  # comes up while the control plane does
        plane = ControlPlane.start(self.folder / "plane", bound=self._bound, run_dir=self.folder)
        say(f"Kubernetes API server at {plane.url}")
        aws.wait_ready(lambda: probe.answer(f"{self.aws_url}/_sandbox/health") is not None, READY_SECONDS)
        say(f"AWS simulator at {self.aws_url}{'' if anew else ' (was running)'}")
        events.ensure_at(self.aws_environment)
        apply = ("apply", "--server-side", "--force-conflicts", "-k")
        for manifests in ("crds", "manifests/rbac"):
            plane.kubectl(*apply, str(paths.repository() / manifests))
        plane.established()
        plane.kubectl(*apply, str(paths.repository() / "manifests/policy"))  # without its CRD it would refuse all
        operator = self.operator
        if anew:
            operator.stop()  # it would find its endpoints gone and nothing there yet to make them of
        furnish()
        if operator.pid is None:  # one that runs has its token
            plane.account_kubeconfig(NAMESPACE, SERVICE_ACCOUNT, self._operator_kubeconfig, duration=ACCESS_DURATION)
        started = operator.ensure_running()
        healthz = f"http://127.0.0.1:{self._ports['liveness']}/healthz"
        operator.wait_ready(lambda: b"leader" in (probe.answer(healthz) or b""), READY_SECONDS)
        say(f"operator with the rights of {NAMESPACE}/{SERVICE_ACCOUNT}{'' if started else ' (was running)'}")
        return plane

    def write_environment(self, more: Mapping[str, str]) -> Path:
        """Write `<folder>/env`, to be sourced by a shell: `environment`, `more`, and our tools on the PATH."""
        # All of the user's own: AWS_CA_BUNDLE alone stops clients written in Go.
        own = r"env | sed -n 's/^\(AWS_[A-Za-z0-9_]*\)=.*/\1/p'"
        lines = [f'for name in $({own}); do unset "$name"; done; unset name']
        for name, value in {**self.environment, **more}.items():
            others = f'"${{{name}:+,${name}}}"' if name in PROXY_EXCEPTIONS else ""  # the shell's own stay
            lines.append(f"export {name}={shlex.quote(value)}{others}")
        lines.append(f'export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"')
        path = self.folder / "env"
        write_atomically(path, "\n".join(lines) + "\n", mode=0o600)
        return path

    def client_environment(self) -> dict[str, str]:
        """A whole environment for a command that a user would type after sourcing `env`."""
        inner = inherited()
        return {**inner, **self.environment, "PATH": f"{Path(sys.executable).parent}:{inner.get('PATH', '')}"}


@contextlib.contextmanager
def all_or_nothing(folder: Path) -> Iterator[None]:
    """A block alone in `folder`: when it fails or is interrupted, the programs that it started are ended again."""
    with locked(folder / ".lock"):
        before = {service.name for service in services(folder) if service.pid is not None}
        try:
            yield
        except BaseException:
            end(folder, besides=before)
            if not before:
                (folder / "ports.json").unlink(missing_ok=True)  # perhaps one of them was taken meanwhile
            raise


def services(folder: Path) -> list[Service]:
    """The sandbox's programs in `folder` as their pid files tell, in the order of ending; not to be started."""
    return [Service(name=name, command=[], run_dir=folder, log=folder / f"{name}.log") for name in SERVICES]


def end(folder: Path, besides: Collection[str] = ()) -> list[str]:
    """End the programs of `folder`, except those of `besides`; the names of those that ran."""
    return [service.name for service in services(folder) if service.name not in besides and service.stop(seconds=5)]
