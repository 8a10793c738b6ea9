"""`bootstrap`: what an account needs before its first endpoint."""

from typing import Any

import click

from smclient.cli.agreeing import agree
from smclient.cli.changing import Changing, begins
from smclient.cli.options import connection_options, where
from smclient.views.text import plain


@click.command(cls=Changing)
@click.option("--dry-run", is_flag=True, help="Print each call that would change something; change nothing.")
@click.option("--delete", is_flag=True, help="Remove what bootstrap made, with the images and models in it.")
@click.option("-y", "--yes", is_flag=True, help="With --delete: do not ask.")
@click.option(
    "--repository", default="smendpoints/sklearn-inference", show_default=True, help="Repository in Amazon ECR."
)
@click.option("--bucket", metavar="NAME", help="Bucket of models and answers; sagemaker-<region>-<account> if unset.")
@click.option("--role", default="sagemaker-execution", show_default=True, help="Role of the models.")
@click.option("--policy", default="smendpoints-operator", show_default=True, help="Policy of the operator.")
@click.option(
    "--cluster-id", metavar="ID", help="The cluster that the policy is bound to; asked of the cluster if unset."
)
@click.option("--region", metavar="REGION", help="AWS region; that of your AWS settings if unset.")
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
    """Prepare an account: an ECR repository, a bucket, the models' role, the operator's policy.

    What is there already and was not made by bootstrap is used as it is: neither changed, nor removed by --delete. Once
    more changes nothing, or fixes what differs. The policy is attached to nothing: that is for who runs the operator.

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
