"""`invoke`: ask the model."""

import base64
import json
import sys
from pathlib import Path
from typing import Any

import click

from smclient.cli.options import connection_options, name_argument, output_option, where
from smclient.errors import ClientError
from smclient.views.text import line, plain

_MOST_SHOWN = 1_000_000


@click.command()
@name_argument
@click.option(
    "-f",
    "--file",
    "path",
    metavar="PATH",
    type=click.Path(),
    help="File with the request body; `-` reads standard input.",
)
@click.option(
    "-r", "--row", "rows", multiple=True, metavar="VALUES", help="A CSV row, for example 5.1,3.5; can be repeated."
)
@click.option(
    "--s3", "location", metavar="S3_URI", help="Asynchronous endpoints: a request body that is already in S3."
)
@click.option(
    "--content-type", metavar="TYPE", help="Content type of the body (default: detected from file name and content)."
)
@click.option("--accept", metavar="TYPE", help="Content type to ask for in the response.")
@click.option(
    "--target-variant", metavar="NAME", help="Send the request to this variant instead of one chosen by weight."
)
@click.option("--target-model", metavar="FILE", help="Send the request to this model of a multi-model variant.")
@click.option(
    "--target-container",
    metavar="HOSTNAME",
    help="Send the request to this container, if containers are called directly.",
)
@click.option("--inference-id", metavar="ID", help="Inference id, which is also stored with captured data.")
@click.option("--custom-attributes", metavar="TEXT", help="Custom attributes, passed to the container unchanged.")
@click.option("--explain", is_flag=True, help="Also ask for an explanation (this project's container only).")
@click.option("--explain-parts", metavar="NAMES", help="Only these parts of the explanation, for example set,shap.")
@click.option("--stream", is_flag=True, help="Print the response as it arrives.")
@click.option("--no-wait", is_flag=True, help="Asynchronous endpoints: print where the response will be, and return.")
@click.option(
    "--timeout",
    type=click.FloatRange(0),
    default=900.0,
    show_default=True,
    help="Asynchronous endpoints: seconds to wait for the response.",
)
@output_option("json", "yaml")
@connection_options
def invoke(name: str, *, output: str | None, stream: bool, no_wait: bool, timeout: float, **given: Any) -> None:
    """Send a request to an endpoint and print the response.

    Without --file or --row, the request body is read from standard input. The response body goes to standard output
    unchanged; the variant that answered and the latency go to standard error. With -o, both are printed as one
    document.

    \b
    Examples:
      kubectl smendpoint invoke iris --row 5.1,3.5,1.4,0.2 --explain
      kubectl smendpoint invoke iris -f rows.csv --target-variant gradient-boosting
      echo '{"instances": [[5.1, 3.5, 1.4, 0.2]]}' | kubectl smendpoint invoke iris
      kubectl smendpoint invoke iris-async -f rows.csv --timeout 1800
    """
    from smclient.aws.invoking import Asking
    from smclient.endpoint import invoker_of, output_path_of
    from smclient.views.fields import names_of

    if stream and output is not None:
        raise click.UsageError("--stream cannot be combined with -o")
    explain, parts = given.pop("explain"), given.pop("explain_parts")
    asked = tuple(parts.split(",")) if parts else () if explain else None
    location = given.pop("location")
    body = _body(given)
    asking = Asking(explain=asked, **{key: given.pop(key) for key in _ASKING})
    place = where(given)
    found = place.cluster.endpoint(place.namespace, name)
    if asking.target_variant is not None:
        names_of(found, asking.target_variant)
    invoker, output_path = invoker_of(found), output_path_of(found)
    if output_path is None:
        if location or no_wait:
            raise ClientError(f"{name} is not asynchronous", "leave out --s3 and --no-wait, which are for `spec.async`")
        if stream:
            for part in invoker.stream(body(), asking):
                _print(part)
            return
        _show(invoker.invoke(body(), asking), output)
        return
    if stream:
        raise ClientError(f"{name} is asynchronous and cannot stream", "leave out --stream")
    if asking.target_variant or asking.target_model or asking.target_container:
        raise ClientError(f"{name} is asynchronous: AWS does not accept a target there", "leave out the target")
    pending = invoker.submit(location or body(), asking, output_path)
    if no_wait:
        click.echo(pending.output)
        return
    click.echo(f"queued; the response will be at {line(pending.output)}", err=True)
    _show(invoker.answer(pending, timeout), output)


_ASKING = ("accept", "target_variant", "target_model", "target_container", "inference_id", "custom_attributes")


def _body(given: dict[str, Any]) -> Any:
    """What reads the body when it is needed."""
    from smclient.payload import Payload, content_type, csv_rows

    path, rows, kind = given.pop("path"), given.pop("rows"), given.pop("content_type")
    if path is not None and rows:
        raise click.UsageError("give --file or --row, not both")

    def read() -> Payload:
        if rows:
            typed = csv_rows(rows)
            return Payload(typed.body, kind or typed.content_type)
        if path is None and sys.stdin.isatty():
            raise click.UsageError("give the body by --row, --file or standard input")
        try:
            body = sys.stdin.buffer.read() if path in (None, "-") else Path(path).read_bytes()
        except OSError as error:
            raise ClientError(f"cannot read {path}: {error.strerror}") from error
        return Payload(body, kind or content_type(body, path or ""))

    return read


def _show(answer: Any, form: str | None) -> None:
    if form is not None:
        from smclient.cli import output

        output.data(form, _document(answer))
        return
    by = f"by the variant {line(answer.variant)} " if answer.variant else ""
    note = f"answered {by}in {answer.seconds * 1000:.0f} ms ({line(answer.content_type)})"
    if sys.stdout.isatty():
        _print(answer.body)
        if not answer.body.endswith(b"\n"):
            click.echo()
        click.echo(note, err=True)
    else:
        # Whoever reads the pipe may write to the same terminal, and a body need not end its last line.
        click.echo(note, err=True)
        _print(answer.body)


def _document(answer: Any) -> dict[str, Any]:
    try:
        body: Any = json.loads(answer.body)
        kind = "json"
    except ValueError:
        try:
            body, kind = answer.body.decode(), "text"
        except UnicodeDecodeError:
            body, kind = base64.b64encode(answer.body).decode(), "base64"
    found = {
        "variant": answer.variant,
        "contentType": answer.content_type,
        "milliseconds": round(answer.seconds * 1000, 1),
        "location": answer.location,
        "encoding": kind,
        "body": body,
    }
    return {key: value for key, value in found.items() if value is not None}


def _print(body: bytes) -> None:
    """As it is into a pipe; on a terminal what would move its cursor is written out."""
    if sys.stdout.isatty():
        click.echo(plain(body[:_MOST_SHOWN].decode(errors="backslashreplace")), nl=False)
    else:
        sys.stdout.buffer.write(body)
    sys.stdout.flush()
