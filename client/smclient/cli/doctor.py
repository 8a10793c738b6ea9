"""`doctor`: what is not well, and what to do."""

from typing import Any

import click

from smclient.cli.options import complete_name, connection_options, output_option

_STYLES = {"ok": "green", "bad": "red", "unknown": "yellow"}


@click.command()
@click.argument("name", required=False, shell_complete=complete_name)
@click.option(
    "--region", metavar="REGION", help="AWS region (default: that of the endpoint, or of your AWS configuration)."
)
@output_option("json", "yaml")
@connection_options
def doctor(name: str | None, *, region: str | None, output: str | None, **given: Any) -> int:
    """Check your permissions in Kubernetes and AWS, and what an endpoint needs: role, image, artifact, quota, network.

    Exits with code 1 if a check fails. What you have no permission to read is reported as unknown, not as a failure.

    \b
    Examples:
      kubectl smendpoint doctor
      kubectl smendpoint doctor iris
    """
    from smclient.checkup import all_of
    from smclient.cli import output as out
    from smclient.kube.cluster import Cluster
    from smclient.views.checks import worst

    before = click.get_current_context().find_object(dict) or {}
    chosen = {key: given.get(key) or before.get(key) for key in ("namespace", "context", "kubeconfig")}
    context = click.get_current_context()

    def connect() -> Cluster:
        cluster = Cluster.connect(chosen["kubeconfig"], chosen["context"])
        context.call_on_close(cluster.close)
        return cluster

    checks = all_of(connect, chosen["namespace"], name, region)
    if output is not None:
        out.data(output, checks)
    else:
        rows = [
            (
                out.text(each.outcome, _STYLES[each.outcome]),
                each.about,
                each.message + (f": {each.hint}" if each.hint and each.outcome != "ok" else ""),
            )
            for each in checks
        ]
        out.show(out.table(("", "CHECK", "FOUND"), rows, wrap="FOUND"))
    return 1 if worst(checks) == "bad" else 0
