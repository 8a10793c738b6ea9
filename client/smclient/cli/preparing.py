"""`bootstrap`: what an account needs before its first endpoint."""

from typing import Any

import click

from smclient.cli.agreeing import agree
from smclient.cli.changing import Changing, begins
from smclient.cli.options import connection_options, where
from smclient.views.text import plain


@click.command(cls=Changing)
@click.option("--dry-run", is_flag=True, help="Print the AWS calls that would change something, without making them.")
@click.option("--delete", is_flag=True, help="Delete what bootstrap created, including the images and models in it.")
@click.option("-y", "--yes", is_flag=True, help="With --delete: do not ask for confirmation.")
@click.option(
    "--repository", default="smendpoints/sklearn-inference", show_default=True, help="Name of the ECR repository."
)
@click.option(
    "--bucket", metavar="NAME", help="Bucket for models and responses (default: sagemaker-<region>-<account>)."
)
@click.option("--role", default="sagemaker-execution", show_default=True, help="Name of the execution role.")
@click.option("--policy", default="smendpoints-operator", show_default=True, help="Name of the operator policy.")
@click.option(
    "--cluster-id", metavar="ID", help="Cluster id that the policy is limited to (default: read from the cluster)."
)
@click.option("--region", metavar="REGION", help="AWS region (default: that of your AWS configuration).")
@connection_options
def bootstrap(
    *,
    dry_run: bool,
    delete: bool,
    yes: bool,
    repository: str,
    bucket: str | None,
    role: str,
    policy: str,
    cluster_id: str | None,
    region: str | None,
    **given: Any,
) -> None:
    """Prepare an AWS account: ECR repository, S3 bucket, execution role, operator policy.

    Resources that already exist and were not created by bootstrap are used as they are; they are never changed, nor
    removed by --delete. Running it again corrects what differs and changes nothing else. The operator policy is
    created, but not attached to anything.

    \b
    Examples:
      kubectl smendpoint bootstrap --dry-run
      kubectl smendpoint bootstrap --bucket my-models
      kubectl smendpoint bootstrap --delete
    """
    from smclient.aws.session import Aws
    from smclient.preparing.calls import Names
    from smclient.preparing.preparation import Preparation

    if cluster_id is None:
        cluster_id = str(where(given).cluster.get("/api/v1/namespaces/kube-system")["metadata"]["uid"])
    aws = Aws(region)
    preparation = Preparation(
        aws, Names(repository, "", role, policy, cluster_id), lambda said: click.echo(plain(said))
    )
    names = Names(repository, bucket or f"sagemaker-{aws.region}-{preparation.account}", role, policy, cluster_id)
    preparation.names, preparation.dry_run = names, dry_run
    if not delete:
        if not dry_run:
            begins("run it again: what is there stays, and what is missing is made")
        preparation.make()
        return
    if not dry_run and not yes:
        what = f"Remove {names.bucket}, {repository}, {role} and {policy} from account {preparation.account}, where"
        agree(f"{what} bootstrap made them, with all that is in them?", "nothing was removed")
    if not dry_run:
        begins("run it again: what is left is removed")
    preparation.remove()
