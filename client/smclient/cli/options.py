"""The options that verbs share, named as kubectl names them, and what they mean."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

PROGRAM = "kubectl smendpoint"
Command = TypeVar("Command", bound=Callable[..., Any])
_WHERE = ("namespace", "context", "kubeconfig")


def connection_options(command: Command) -> Command:
    """`-n`, `--context`, `--kubeconfig`: before the verb or behind it, as kubectl takes them."""
    for option in (
        click.option("--kubeconfig", metavar="PATH", help="Kubeconfig file to use instead of $KUBECONFIG."),
        click.option("--context", metavar="NAME", help="Context of the kubeconfig (default: the current context)."),
        click.option("-n", "--namespace", metavar="NAME", help="Namespace (default: that of the context)."),
    ):
        command = option(command)
    return command


def remembered(where: dict[str, Any]) -> None:
    """Keep what was said before the verb."""
    click.get_current_context().obj = where


@dataclass(frozen=True)
class Where:
    """Which cluster and namespace a verb is about."""

    namespace: str
    cluster: Any


def given_where(given: dict[str, Any]) -> dict[str, Any]:
    """What the options say, before the verb or behind it, None where they say nothing; takes them out of `given`."""
    before = click.get_current_context().find_object(dict) or {}
    return {key: given.pop(key, None) or before.get(key) for key in _WHERE}


def where(given: dict[str, Any]) -> Where:
    """The cluster that the options name; takes them out of `given`. Nothing is asked of it yet."""
    from smclient.kube.cluster import Cluster  # `--help` needs none

    chosen = given_where(given)
    cluster = Cluster.connect(chosen["kubeconfig"], chosen["context"])
    click.get_current_context().call_on_close(cluster.close)
    return Where(chosen["namespace"] or cluster.access.namespace, cluster)


def output_option(*forms: str) -> Callable[[Command], Command]:
    """`-o` with the forms that the verb has."""
    return click.option("-o", "--output", type=click.Choice(forms), help="Output format (default: human-readable).")


selector_option = click.option(
    "-l", "--selector", default="", metavar="QUERY", help="Label selector, for example team=a."
)
all_option = click.option("-A", "--all-namespaces", is_flag=True, help="All namespaces.")


def complete_name(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Names of SageMakerEndpoints, for the shell."""
    return _names(ctx, incomplete, lambda cluster, namespace: cluster.endpoints(namespace))


def complete_experiment(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Names of SageMakerExperiments, for the shell."""
    return _names(ctx, incomplete, lambda cluster, namespace: cluster.experiments(namespace))


def _names(ctx: click.Context, incomplete: str, listed: Callable[[Any, str], list[Any]]) -> list[str]:
    from smclient.errors import ClientError
    from smclient.kube.cluster import Cluster

    given = {key: ctx.params.get(key) or (ctx.find_root().params.get(key)) for key in _WHERE}
    try:
        cluster = Cluster.connect(given["kubeconfig"], given["context"])
        found = listed(cluster, given["namespace"] or cluster.access.namespace)
        cluster.close()
    except ClientError:
        return []
    names = [str(each["metadata"]["name"]) for each in found]
    return sorted(name for name in names if name.startswith(incomplete))


name_argument = click.argument("name", shell_complete=complete_name)
