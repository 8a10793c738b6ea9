"""What `--help` says: all of it, with the values that an option or a setting may have."""

import re

import click
import pytest
from click.testing import CliRunner

from smendpoints.__main__ import main as operator
from smsandbox.__main__ import main as sandbox
from smsandbox.aws.__main__ import main as simulator
from smsandbox.aws.fleet.commands import NAMES
from smtraining.__main__ import main as training

GROUPS: dict[str, click.Group] = {
    "smendpoints": operator,
    "smsandbox": sandbox,
    "smsandbox.aws": simulator,
    "smtraining": training,
}
COMMANDS = [(name, *path) for name, group in GROUPS.items() for path in ((), *((each,) for each in group.commands))]
CUT = re.compile(r"\w\.\.\.$", re.MULTILINE)


def told(name: str, *path: str) -> str:
    result = CliRunner().invoke(GROUPS[name], [*path, "--help"], terminal_width=80)
    assert result.exit_code == 0
    return result.output


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_is_not_cut(command: tuple[str, ...]) -> None:
    assert CUT.search(told(*command)) is None


@pytest.mark.parametrize("command", [each for each in COMMANDS if len(each) > 1], ids=" ".join)
def test_each_option_says_what_it_is(command: tuple[str, ...]) -> None:
    name, path = command
    assert not [
        each.name for each in GROUPS[name].commands[path].params if isinstance(each, click.Option) and not each.help
    ]


def test_settings_tell_the_values_they_may_have() -> None:
    text = told("smendpoints", "run")
    assert "Log format. [json or plain, default plain]" in text
    assert "Log level. [debug or info or warning, default info]" in text
    assert re.search(r"SMENDPOINTS_LEADER_ELECTION: .* \[true or false, default true\]", text)
    assert re.search(r"SMENDPOINTS_THREADS: .* \[at least 1, at most 256, default 16\]", text)
    assert re.search(r"SMENDPOINTS_LIVENESS_PORT: .* \[at least 1, at most 65535\]", text)


def test_an_option_of_few_values_lists_them() -> None:
    assert f"[{'|'.join(NAMES)}]" in " ".join(told("smsandbox.aws", "push").split())
    assert "[random-forest|gradient-boosting]" in told("smtraining", "train")
