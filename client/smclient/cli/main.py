"""`kubectl smendpoint`: the verbs by name, each imported when it is asked for; errors as one sentence."""

import importlib
import os
import sys
from typing import Any

import click

from smclient.cli.changing import StoppedError
from smclient.cli.options import PROGRAM, connection_options, remembered
from smclient.errors import ClientError
from smclient.views.text import plain

# Where each verb stands, in the order of the help.
VERBS = {
    "status": "smclient.cli.looking",
    "wait": "smclient.cli.waiting",
    "history": "smclient.cli.looking",
    "events": "smclient.cli.looking",
    "invoke": "smclient.cli.invoking",
    "diff": "smclient.cli.revising",
    "undo": "smclient.cli.revising",
    "retry": "smclient.cli.asking",
    "redeploy": "smclient.cli.asking",
    "abort": "smclient.cli.asking",
    "experiments": "smclient.cli.experimenting",
    "experiment": "smclient.cli.experimenting",
    "promote": "smclient.cli.experimenting",
    "outcomes": "smclient.cli.outcomes",
    "answers": "smclient.cli.answers",
    "suspend": "smclient.cli.asking",
    "resume": "smclient.cli.asking",
    "stop": "smclient.cli.asking",
    "start": "smclient.cli.asking",
    "logs": "smclient.cli.measuring",
    "metrics": "smclient.cli.measuring",
    "cost": "smclient.cli.costing",
    "doctor": "smclient.cli.doctor",
    "export": "smclient.cli.moving",
    "import": "smclient.cli.moving",
    "upload": "smclient.cli.shipping",
    "push": "smclient.cli.shipping",
    "bootstrap": "smclient.cli.preparing",
    "console": "smclient.cli.console",
    "completion": "smclient.cli.completion",
}
INTERRUPTED = 130


class Verbs(click.Group):
    """The verbs, imported late: what is not asked for costs no time."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as the base class has it
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - likewise
        module = VERBS.get(cmd_name)
        if module is None:
            return None
        found: click.Command = getattr(importlib.import_module(module), {"import": "import_"}.get(cmd_name, cmd_name))
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each verb with the whole of its sentence."""
        found = [(verb, self.get_command(ctx, verb)) for verb in VERBS]
        with formatter.section("Commands"):
            formatter.write_dl([(verb, each.get_short_help_str(200)) for verb, each in found if each is not None])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[Any, Any, list[str]]:
        known = args[0] if args else ""
        if known and known not in VERBS and not known.startswith("-"):
            near = _near(known)
            ctx.fail(f"unknown command {plain(known)!r}" + (f"; did you mean {near}?" if near else ""))
        return super().resolve_command(ctx, args)


def _near(word: str) -> str:
    import difflib  # for mistakes alone

    return " or ".join(difflib.get_close_matches(word, VERBS, n=2))


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@connection_options
@click.version_option(None, "--version", package_name="kubectl-smendpoint", message="%(version)s")
def root(**where: Any) -> None:
    """Inspect, invoke, change and diagnose SageMakerEndpoints, with your own permissions in Kubernetes and AWS.

    \b
    Examples:
      kubectl smendpoint status iris -w
      kubectl smendpoint invoke iris --row 5.1,3.5,1.4,0.2
      kubectl smendpoint undo iris
    """
    remembered(where)


def main() -> None:
    """The executable. Exit codes: 0 done, 1 refused or not so, 2 wrong usage, 130 interrupted."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line; the exit code."""
    asked = os.environ.get("_KUBECTL_SMENDPOINT_COMPLETE")
    if asked is not None:
        from click.shell_completion import shell_complete

        return shell_complete(root, {}, "kubectl-smendpoint", "_KUBECTL_SMENDPOINT_COMPLETE", asked)
    try:
        answer = root.main(arguments, prog_name=PROGRAM, standalone_mode=False)
        sys.stdout.flush()
        return answer if isinstance(answer, int) else 0
    except click.exceptions.Exit as exiting:
        return exiting.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except StoppedError as stopped:
        if sys.stderr.isatty():
            click.echo(err=True)  # behind the terminal's ^C
        click.echo(plain(str(stopped)), err=True)
        return INTERRUPTED
    except ClientError as error:
        click.echo(f"error: {plain(error.message)}", err=True)
        if error.hint:
            click.echo(plain(error.hint[:1].upper() + error.hint[1:]), err=True)
        return 1
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read has had enough. Nothing more goes there, not even what Python flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
