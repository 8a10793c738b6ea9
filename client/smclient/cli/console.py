"""`console`: the same in a browser, on this machine alone."""

import importlib.util
from typing import Any

import click

from smclient.cli.options import connection_options, given_where
from smclient.errors import ClientError

PORT = 3100


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    help="Local port to listen on; 0 chooses a free one.",
)
@click.option("--no-browser", is_flag=True, help="Print the link without opening a browser.")
@connection_options
def console(*, port: int, no_browser: bool, **given: Any) -> None:
    """Open the console in the browser: endpoints live, with your own permissions.

    It listens on 127.0.0.1 only and runs until Ctrl-C. The link can be used once. All namespaces are shown unless -n is
    given.

    \b
    Examples:
      kubectl smendpoint console
      kubectl smendpoint console -n ml --port 3200 --no-browser
    """
    if importlib.util.find_spec("flask") is None:
        raise ClientError("the console needs Flask", "install it with `pipx install 'kubectl-smendpoint[console]'`")
    from smclient.console.app import create_app
    from smclient.console.backend import Backend
    from smclient.console.server import listening, open_browser
    from smclient.kube.kubeconfig import load

    chosen = given_where(given)
    backend = Backend(lambda: load(chosen["kubeconfig"], chosen["context"]), chosen["namespace"])
    app, tickets = create_app(backend)
    with listening(app, port) as server:
        address = f"http://{server.host}:{server.port}/?token="
        backend.start()
        try:
            opened = not no_browser and open_browser(address + tickets.issue())
            click.echo(f"{'Opening the console; its link, for another browser' if opened else 'The console'}:")
            click.echo(f"  {address}{tickets.issue()}")
            click.echo("The link works once. Press Ctrl-C to stop the console.")
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo()
        finally:
            backend.stop()
