"""The simulator's command line: serve it, push an image to it."""

from __future__ import annotations

import json
import logging
import os
import signal
import threading
from pathlib import Path

import click

from smsandbox import secret
from smsandbox.aws.assembly.simulator import assemble
from smsandbox.aws.core.context import DEFAULT_REGION
from smsandbox.aws.core.settings import Settings
from smsandbox.aws.fleet.commands import DEFAULT, NAMES
from smsandbox.aws.http.server import Server
from smsandbox.aws.moto.images import ImageReference, push


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """An AWS simulator: SageMaker hosting and what it needs, at one URL for AWS_ENDPOINT_URL."""


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=0, show_default=True, help="Port to listen on; 0 takes a free one.")
@click.option(
    "--state-dir",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder for the files of containers, for `token`, and for aws.url, which holds the URL once it serves.",
)
@click.option("--settings", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Settings, as JSON.")
def serve(host: str, port: int, state_dir: Path, settings: Path | None) -> None:
    """Serve until SIGTERM or Ctrl-C, then end all containers."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # moto takes the region and the account from requests; a profile of the user's must not come into play.
    os.environ.pop("AWS_PROFILE", None)
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    chosen = Settings.model_validate(json.loads(settings.read_text())) if settings else Settings()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    simulator = assemble(settings=chosen, state_dir=state_dir)
    server = Server(simulator.gateway, host, port, secret.kept(state_dir / secret.FILE))
    server.start()
    (state_dir / "aws.url").write_text(f"{server.url}\n")
    click.echo(f"AWS simulator at {server.url}")
    try:
        stop.wait()
    finally:
        server.stop()
        simulator.close()
        (state_dir / "aws.url").unlink(missing_ok=True)


@main.command("push")
@click.option("--image-uri", required=True, help="<account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>")
@click.option(
    "--program",
    type=click.Choice(NAMES),
    default=DEFAULT,
    show_default=True,
    help="The program that instances run for it.",
)
@click.option("--endpoint-url", help="The simulator; default AWS_ENDPOINT_URL.")
def push_image(image_uri: str, program: str, endpoint_url: str | None) -> None:
    """Put an image into the simulator's ECR and print its digest."""
    import boto3  # noqa: PLC0415 - takes half a second, which `serve --help` need not wait for

    reference = ImageReference.parse(image_uri)
    region = reference.region if reference is not None else DEFAULT_REGION
    try:
        click.echo(push(boto3.client("ecr", endpoint_url=endpoint_url, region_name=region), image_uri, program))
    except ValueError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
