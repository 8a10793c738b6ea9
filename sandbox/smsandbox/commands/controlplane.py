"""`prepare` and `controlplane`: the Kubernetes half alone."""

import signal
import tarfile
import threading
from pathlib import Path

import click

from smsandbox import golang, paths
from smsandbox import tools as more
from smsandbox.controlplane import ControlPlane, binaries, build
from smsandbox.process import ServiceError


def ensure_binaries() -> binaries.Binaries:
    """kube-apiserver and etcd, with the progress on the terminal and failures as the command line shows them."""
    try:
        return binaries.ensure(click.echo)
    except (binaries.BinariesMissingError, build.BuildError, tarfile.TarError) as error:
        raise click.ClickException(str(error)) from error


@click.command()
@click.option("--tools", is_flag=True, help="Build Helm 3, Helm 4 and Lua, too, which the tests of charts need.")
def prepare(*, tools: bool) -> None:
    """Find, download or build kube-apiserver and etcd.

    Quick when they are in the cache.
    """
    found = ensure_binaries()
    click.echo(f"kube-apiserver and etcd: {found.kube_apiserver.parent} ({found.origin})")
    if tools:
        try:
            click.echo(f"helm3, helm4 and lua: {more.ensure(click.echo)}")
        except golang.BuildError as error:
            raise click.ClickException(str(error)) from error


@click.command()
@click.option(
    "--state-dir", type=click.Path(path_type=Path), help="etcd's data, keys and logs  [default: .sandbox/plane]"
)
def controlplane(state_dir: Path | None) -> None:
    """Run a control plane in the foreground until Ctrl-C."""
    ensure_binaries()
    asked_to_stop = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: asked_to_stop.set())
    try:
        plane = ControlPlane.start(state_dir or paths.state() / "plane")
    except ServiceError as error:
        raise click.ClickException(str(error)) from error
    try:
        click.echo(f"{plane.url} is ready; Ctrl-C ends it\nexport KUBECONFIG={plane.kubeconfig}")
        while plane.running and not asked_to_stop.wait(timeout=1):
            pass
    finally:
        plane.stop()
    if not asked_to_stop.is_set():
        raise click.ClickException(f"a program of the control plane ended; the logs are in {plane.state_dir}")
