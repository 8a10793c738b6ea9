"""`upload` and `push`: a model and an image, brought to where an endpoint finds them."""

import re
import sys
from pathlib import Path

import click

from smclient.aws.shipping import TOOLS
from smclient.cli.changing import Changing, begins
from smclient.errors import ClientError

# As CreateRepository of the ECR API reference has it.
_REPOSITORY = re.compile(r"(?=.{2,256}$)([a-z0-9]+([._-]+[a-z0-9]+)*/)*[a-z0-9]+([._-]+[a-z0-9]+)*")

region_option = click.option("--region", metavar="REGION", help="AWS region (default: that of your AWS configuration).")


@click.command(cls=Changing)
@click.argument("file", type=click.Path())
@click.argument("prefix", metavar="S3_URI")
@region_option
def upload(file: str, prefix: str, region: str | None) -> None:
    """Upload a model to S3 under a key made from its content, and print its URI for `modelArtifact`.

    The key is <prefix>/<12 digits of the SHA-256>/<file name>: a new model never overwrites the one in service, and the
    same model is not uploaded twice.

    \b
    Examples:
      kubectl smendpoint upload model.tar.gz s3://models/iris
    """
    from smclient.aws.session import Aws
    from smclient.aws.shipping import upload as ship
    from smclient.aws.stored import parts

    begins("run it again: what is there is not uploaded twice")
    shipped = ship(Aws(region), Path(file), *parts(prefix), _waits)
    click.echo("already there" if shipped.existed else "uploaded", err=True)
    click.echo(shipped.uri)


def _waits() -> None:
    """A network that is gone is given up after a minute: who watches a terminal is told why nothing happens."""
    if sys.stderr.isatty():
        click.echo("\nstopping: waiting for S3 to answer", err=True)


@click.command(cls=Changing)
@click.argument("image")
@click.argument("repository", metavar="REPOSITORY[:TAG]")
@click.option("--create", is_flag=True, help="Create the repository, with scan on push, if it does not exist.")
@click.option("--tool", type=click.Choice(TOOLS), help="Tool to push with (default: the first that is installed).")
@region_option
def push(image: str, repository: str, create: bool, tool: str | None, region: str | None) -> None:  # noqa: FBT001
    """Push a local image to Amazon ECR in your account, and print its URI for `image`.

    Logs in to ECR with your AWS credentials, and logs out afterwards.

    \b
    Examples:
      kubectl smendpoint push iris:dev iris:1.1
      kubectl smendpoint push iris:dev iris:1.1 --create --tool podman
    """
    from smclient.aws.session import Aws
    from smclient.aws.shipping import push as ship
    from smclient.aws.shipping import tool_of

    name, _, tag = repository.partition(":")
    if "/" in name and "." in name.partition("/")[0]:
        raise ClientError(f"{name} names a registry", "give the repository's name alone: it is in your account's ECR")
    if not _REPOSITORY.fullmatch(name):
        raise ClientError(
            f"{name!r} cannot be a repository's name",
            "write 2 to 256 lower-case letters, digits and ._-/, beginning and ending with a letter or a digit",
        )
    pushes = tool_of(tool)
    begins("run it again: what is there is not pushed twice")
    click.echo(ship(Aws(region), pushes, image, name, tag or "latest", create=create).uri)
