"""`up`, `down` and `status`: the whole sandbox in the background."""

import os
import sys
from pathlib import Path

import click

from smsandbox import assets, paths
from smsandbox.commands.controlplane import ensure_binaries
from smsandbox.process import ServiceError
from smsandbox.world import World, all_or_nothing, end, services

USAGE = """
  source {env}
  kubectl apply -f manifests/samples/ab-test.yaml
  kubectl wait --for=condition=Ready smendpoint/iris-ab --timeout=5m
  kubectl get smendpoints -o wide
  aws sagemaker list-endpoints

`make console` opens all of it in a browser. Logs are in {folder}; `make down` ends it."""


@click.command()
def up() -> None:
    """Start the sandbox, and leave it running.

    That is control plane, AWS simulator and operator, as far as they do not run yet.
    """
    ensure_binaries()
    try:
        with all_or_nothing(paths.state()):
            world = World(paths.state(), bound=False)
            world.start(click.echo, lambda: assets.ensure(world))
            made = assets.ensure(world)
            assets.ensure_samples(world)
            env = world.write_environment(made.environment())
    except (ServiceError, assets.CommandError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"model {made.model_data_url}\nimage {made.ecr_image_uri}\nrole {made.role_arn}")
    click.echo(USAGE.format(env=env, folder=world.folder))


@click.command()
def down() -> None:
    """End the sandbox; etcd's data stays for the next time."""
    ended = end(paths.state())
    click.echo(f"ended {', '.join(ended)}" if ended else "nothing was running")


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1)
def console(arguments: tuple[str, ...]) -> None:
    """Open the console on the sandbox that is up.

    As `kubectl smendpoint console` after `source .sandbox/env`; takes the same options.
    """
    if not all(service.pid for service in services(paths.state())):
        raise click.ClickException("the sandbox is not up: run `make up` first")
    environment = World(paths.state(), bound=False).client_environment()
    # In the place of this process, so that Ctrl-C is the console's alone.
    program = str(Path(sys.executable).parent / "kubectl-smendpoint")
    os.execve(program, [program, "console", *arguments], environment)  # noqa: S606 - our own program


@click.command()
def status() -> None:
    """Show each program, its pid and its log.

    Exits with 1 unless all of them run.
    """
    found = services(paths.state())
    for service in found:
        click.echo(f"{service.name:15} {service.pid or 'not running':<12} {service.log}")
    sys.exit(0 if all(service.pid for service in found) else 1)
