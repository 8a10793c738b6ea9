"""`export` and `import`: manifests of objects, and of endpoints that somebody else made."""

from collections.abc import Iterator, Sequence
from typing import IO, Any

import click

from smclient.cli.options import all_option, complete_name, connection_options, output_option, selector_option, where
from smclient.cli.writing import as_yaml
from smclient.errors import AWSError, ClientError
from smclient.views.text import line


@click.command()
@click.argument("names", nargs=-1, shell_complete=complete_name)
@all_option
@selector_option
@output_option("json", "yaml")
@connection_options
def export(names: tuple[str, ...], *, all_namespaces: bool, selector: str, output: str | None, **given: Any) -> None:
    """Print manifests without cluster-specific fields, for Git or another cluster.

    \b
    Examples:
      kubectl smendpoint export iris > iris.yaml
      kubectl smendpoint export -A
      kubectl smendpoint export iris -o json
    """
    from smclient.cli import output as out
    from smclient.specs.manifest import exported

    if names and (all_namespaces or selector):
        raise click.UsageError("give NAMES, or -A or -l")
    place = where(given)
    if names:
        found = [place.cluster.endpoint(place.namespace, name) for name in names]
    else:
        found = place.cluster.endpoints(None if all_namespaces else place.namespace, selector)
    if not found:
        raise ClientError("there is nothing to export", "look with `kubectl smendpoint status -A`")
    manifests = [exported(each) for each in found]
    if output == "json":  # one document, as kubectl writes it
        out.data(output, manifests[0] if len(names) == 1 else {"apiVersion": "v1", "kind": "List", "items": manifests})
        return
    click.echo("---\n".join(map(as_yaml, manifests)), nl=False)


@click.command("import")
@click.argument("endpoints", nargs=-1, metavar="[ENDPOINTS]...")
@click.option("--all", "every", is_flag=True, help="Import all endpoints of the region that no object manages.")
@click.option(
    "--contains", default="", metavar="TEXT", help="With --all: only endpoints whose names contain this text."
)
@click.option(
    "--from-ack",
    "ack",
    type=click.File(encoding="utf-8"),
    metavar="FILE",
    help="YAML file with ACK's Endpoints, EndpointConfigs, Models and scaling; - reads standard input.",
)
@click.option("--name", metavar="NAME", help="Name of the object (default: made from the endpoint's name).")
@click.option("--region", metavar="REGION", help="AWS region (default: that of your AWS configuration).")
@click.option("-n", "--namespace", metavar="NAME", help="Namespace to write into the manifests (default: none).")
def import_(
    endpoints: tuple[str, ...],
    *,
    every: bool,
    contains: str,
    ack: IO[str] | None,
    name: str | None,
    region: str | None,
    namespace: str | None,
) -> int:
    """Print a manifest that adopts an existing endpoint without replacing its fleet.

    Review it, then apply it; `spec.adoptExisting` is set. With `suspend: true` added, the operator only reports what it
    would do. What a spec cannot express, or what would replace the fleet, is listed in comments, and the exit code is
    1.

    With --from-ack, the manifest is made from objects of AWS Controllers for Kubernetes (ACK). Delete those before
    applying it, with ACK's deletion policy `retain` so that the endpoint is kept; comments in the manifest say how.

    \b
    Examples:
      kubectl smendpoint import churn-prod > churn-prod.yaml
      kubectl smendpoint import --all --contains prod -n ml | kubectl apply --dry-run=server -f -
      kubectl smendpoint import --from-ack churn-of-ack.yaml > churn.yaml
    """
    if [bool(endpoints), every, ack is not None].count(True) != 1:
        raise click.UsageError("give ENDPOINTS, --all or --from-ack")
    if name is not None and (every or len(endpoints) > 1):
        raise click.UsageError("--name can only be used with one endpoint")
    how = {"name": name, "namespace": namespace, "region": region}
    perfect = True
    for document in _of_ack(ack, how) if ack is not None else _of_aws(region, endpoints, contains, how):
        click.echo(document.text, nl=False)
        perfect = perfect and document.perfect
    return 0 if perfect else 1


class _Document:
    def __init__(self, text: str, *, perfect: bool) -> None:
        self.text = text
        self.perfect = perfect


def _of_aws(region: str | None, endpoints: Sequence[str], contains: str, how: dict[str, Any]) -> Iterator[_Document]:
    from smclient.aws.reading import endpoint_names, live
    from smclient.aws.session import Aws
    from smclient.specs.manifest import imported
    from smendpoints.domain.desired.ownership import is_owned

    aws = Aws(region)
    for endpoint in endpoints or endpoint_names(aws, contains):
        try:
            found = live(aws, endpoint)
        except AWSError as error:
            if endpoints:
                hint = error.hint or f"`aws sagemaker list-endpoints --region {aws.region}` lists what there is"
                raise AWSError(error.message, hint, error.code) from error
            click.echo(f"left out: {line(error)}", err=True)
            continue
        if is_owned(found.tags):
            if endpoints:
                raise ClientError(f"{endpoint} has an object already", "print it with `kubectl smendpoint export`")
            continue
        yield _document(imported(found, **how))


def _of_ack(file: IO[str], how: dict[str, Any]) -> Iterator[_Document]:
    import yaml

    from smclient.aws.shapes import as_called
    from smclient.specs.ack import from_ack
    from smclient.specs.manifest import imported

    try:
        objects = [each for each in yaml.safe_load_all(file) if each is not None]
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ClientError("it is no YAML", "give manifests as `kubectl get -o yaml` prints them") from error
    found = from_ack(objects, as_called)
    if how["name"] is not None and len(found) > 1:
        raise ClientError(f"there are {len(found)} Endpoints in it, and --name is for one", "leave --name out")
    for each in found:
        own = {"name": each.name, "namespace": each.namespace, "region": each.region}
        made = imported(each.found, **{key: value if value is not None else own[key] for key, value in how.items()})
        yield _document(made, each.unsaid, (_ACK_FIRST,))


_ACK_FIRST = (
    "before this is applied, take the endpoint from ACK without deleting it: annotate ACK's Endpoint, EndpointConfig,"
    " Models and what scales it with services.k8s.aws/deletion-policy=retain, then delete these objects"
)


def _document(made: Any, unsaid: Sequence[str] = (), first: Sequence[str] = ()) -> _Document:
    notes = [f"not in the spec: {each}" for each in (*unsaid, *made.unsaid)]
    if not made.as_it_is:
        notes.append("applying this rolls out a new fleet, as the spec cannot say all that serves")
    comments = "".join(f"# {line(note)}\n" for note in (*first, *notes))
    return _Document(f"---\n{comments}{as_yaml(made.manifest)}", perfect=not notes)
