"""The command line as a whole: help, documentation, completion, the wheel."""

import contextlib
import io
import os
import pty
import re
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from smclient.cli.completion import completions
from smclient.cli.docs import document
from smclient.cli.main import VERBS
from smclient.cli.output import table
from smsandbox import paths
from smsandbox.testing.json_server import JsonServer

HERE = "/apis/smendpoints.dev/v1alpha1/namespaces/ml/sagemakerendpoints"
BIN = Path(sys.executable).parent


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_each_verb_says_kubectl_and_has_examples(verb: str, smendpoint: Any) -> None:
    for flag in ("-h", "--help"):
        ran = smendpoint(verb, flag)
        assert ran.code == 0
        assert ran.out.startswith(f"Usage: kubectl smendpoint {verb}")
        assert "Examples:\n" in ran.out
        assert f"kubectl smendpoint {verb}" in ran.out.partition("Examples:")[2]


def test_the_documentation_is_the_help() -> None:
    docs = paths.repository() / "docs"
    assert all((docs / "recordings" / f"{verb}.txt").exists() for verb in VERBS), "run `make recordings`"
    assert (docs / "cli.md").read_text(encoding="utf-8") == document(docs / "recordings"), "run `make docs`"


def test_verbs_options_and_names_are_completed_as_cobra_reads_it(
    server: JsonServer, endpoint: Any, smendpoint: Any
) -> None:
    server.answers["GET", HERE] = {"items": [endpoint("iris"), endpoint("irises"), endpoint("other")], "metadata": {}}
    verb, directive = completions([], "hist")
    assert verb.startswith("history\tShow the revisions of an endpoint")
    assert directive == ":4"
    assert completions(["status"], "iri") == ["iris", "irises", ":4"]
    assert [each.partition("\t")[0] for each in completions(["status"], "--out")] == ["--output", ":4"]
    assert completions(["status", "-o"], "w") == ["wide", ":4"]


def test_completion_says_nothing_when_the_cluster_is_away(smendpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/absent")
    assert completions(["status"], "") == [":4"]


def test_the_script_for_a_shell_asks_the_executable(smendpoint: Any) -> None:
    assert "_KUBECTL_SMENDPOINT_COMPLETE=bash_complete" in smendpoint("completion", "bash").out
    answer = subprocess.run(
        [BIN / "kubectl-smendpoint"],
        env={
            **os.environ,
            "_KUBECTL_SMENDPOINT_COMPLETE": "bash_complete",
            "COMP_WORDS": "kubectl-smendpoint hist",
            "COMP_CWORD": "1",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert answer.stdout == "plain,history\n"


def test_a_reader_that_has_had_enough_is_no_error(server: JsonServer, endpoint: Any, smendpoint: Any) -> None:
    items = [endpoint(f"iris-{number}") for number in range(3000)]
    server.answers["GET", HERE] = {"items": items, "metadata": {}}
    piped = f"{BIN / 'kubectl-smendpoint'} status -o json | head -1; echo ${{PIPESTATUS[0]}}"
    ran = subprocess.run(
        ["bash", "-c", piped], capture_output=True, text=True, check=False, timeout=120, env=dict(os.environ)
    )
    assert (ran.stdout, ran.stderr) == ("[\n0\n", "")


def test_looking_needs_neither_aws_nor_the_kubernetes_library_nor_the_types(
    server: JsonServer, endpoint: Any, smendpoint: Any
) -> None:
    server.answers["GET", f"{HERE}/iris"] = endpoint()
    server.answers["GET", "/api/v1/namespaces/ml/events"] = {"items": [], "metadata": {}}
    code = (
        "import sys; from smclient.cli.main import run; code = run(['status', 'iris']);"
        "sys.exit(code or bool({'boto3', 'botocore', 'kubernetes', 'kopf', 'pydantic'} & sys.modules.keys()))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, env=dict(os.environ), capture_output=True)


def test_the_wheel_holds_the_client_and_the_pure_layers_alone(tmp_path: Path) -> None:
    build = [f"{BIN / 'uv'}", "build", "--quiet", "--offline", "--wheel", "--no-build-isolation"]
    where = ["--python", sys.executable, "--out-dir", str(tmp_path), str(paths.repository() / "client")]
    subprocess.run([*build, *where], check=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "unpacked")
    found = {path.name for path in (tmp_path / "unpacked" / "smendpoints").iterdir()}
    assert found == {"__init__.py", "py.typed", "api", "domain", "statistics"}
    code = (
        "import smclient, smendpoints, sys; from smclient.cli.main import run; print(smendpoints.__file__); run(['-h'])"
    )
    for verb in VERBS:
        code += f"; run(['{verb}', '-h'])"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "unpacked")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith(str(tmp_path / "unpacked"))


def on_a_terminal(*arguments: str, **environment: str) -> str:
    """What a terminal gets."""
    leader, follower = pty.openpty()
    clean = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    command = [str(BIN / "kubectl-smendpoint"), *arguments]
    with subprocess.Popen(command, stdout=follower, env={**clean, "TERM": "xterm", **environment}) as ran:
        os.close(follower)
        shown = b""
        with contextlib.suppress(OSError):  # how a terminal says that its other side is gone
            while part := os.read(leader, 65536):
                shown += part
    os.close(leader)
    assert ran.returncode == 0
    return shown.decode()


def test_colour_is_for_terminals_and_no_color_turns_it_off(server: JsonServer, endpoint: Any, smendpoint: Any) -> None:
    hostile = endpoint(failure={"reason": "\x1b[2Jgone", "logTail": []})
    server.answers["GET", f"{HERE}/iris"] = hostile
    server.answers["GET", "/api/v1/namespaces/ml/events"] = {"items": [], "metadata": {}}
    coloured = on_a_terminal("status", "iris")
    assert "32mReady" in coloured
    assert "\\x1b[2Jgone" in coloured
    assert "\x1b[2J" not in coloured
    plain = on_a_terminal("status", "iris", NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", plain)
    assert "\x1b[" not in smendpoint("status", "iris").out


def test_control_c_ends_a_watch_at_once_and_quietly(server: JsonServer, endpoint: Any, smendpoint: Any) -> None:
    server.answers["GET", f"{HERE}/iris"] = endpoint()
    server.answers["GET", HERE] = b""
    command = [str(BIN / "kubectl-smendpoint"), "status", "iris", "-w"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        assert watching.stdout.readline().startswith("Ready")
        watching.send_signal(signal.SIGINT)
        out, err = watching.communicate(timeout=60)
    assert (watching.returncode, out, err.strip()) == (130, "", "")


def test_what_has_no_room_on_a_terminal_is_folded_and_not_cut() -> None:
    """Values of `diff`, which are as long as they are."""
    heads = ("FIELD", "AWS", "SPEC", "TAKES")
    row = (
        "variants[a].modelArtifact",
        "s3://models-of-a-team/iris/forest.tar.gz",
        "s3://models/boosting.tar.gz",
        "new fleet",
    )
    seen = io.StringIO()
    Console(file=seen, width=80).print(table(heads, [row], heads[:3]))
    head, *lines = seen.getvalue().splitlines()
    ends = [*(head.index(each) for each in heads), len(head)]
    assert len(lines) > 1
    for value, begin, end in zip(row, ends, ends[1:], strict=False):
        assert "".join(each[begin:end].strip() for each in lines) == value
