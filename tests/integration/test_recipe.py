"""docs/recipe.md as it stands: each of its commands in one shell, from an account without it and back to one."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import botocore
import pytest

from smsandbox import assets, paths
from smsandbox.terminal import typed
from smsandbox.testing.documented import Block, Step, blocks
from smsandbox.testing.stage import Stage
from smsandbox.testing.transcript import MARK, Transcript

DOCUMENT = paths.repository() / "docs" / "recipe.md"
WAITERS = Path("sagemaker", "2017-07-24", "waiters-2.json")
LISTINGS = {
    "sagemaker": ("list_models", "list_endpoint_configs", "list_endpoints"),
    "cloudwatch": ("describe_alarms",),
    "ecr": ("describe_repositories",),
    "iam": ("list_roles", "list_policies"),
    "s3": ("list_buckets",),
}
FLOWERS = ["setosa", "versicolor"]


def account(stage: Stage) -> dict[str, Any]:
    """What the account holds, by listing."""
    found = {}
    for service, listings in LISTINGS.items():
        for listing in listings:
            how = {"Scope": "Local"} if listing == "list_policies" else {}
            answer = getattr(stage.cloud.aws(service), listing)(**how)
            found[listing] = {
                str(next(value for key, value in each.items() if key.endswith(("Name", "repositoryName"))))
                for named in answer.values()
                if isinstance(named, list)
                for each in named
            }
    return found


@pytest.fixture
def shell(stage: Stage, tmp_path: Path) -> dict[str, str]:
    """The environment of `.sandbox/env` in the stage's namespace, where the CLI's waiters look each second.

    They look each half minute elsewhere, and all of AWS's minutes take seconds here.
    """
    environment = stage.cloud.world.client_environment()
    assets.run(assets.push_command(), environment)
    stage.cloud.simulator.change(containers=True)
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_bytes(stage.cloud.world.kubeconfig.read_bytes())
    namespaced = ["kubectl", "config", "set-context", "--current", "--namespace", stage.namespace]
    assets.run(namespaced, {**environment, "KUBECONFIG": str(kubeconfig)})

    waiters = json.loads((Path(botocore.__file__).parent / "data" / WAITERS).read_text())
    for each in waiters["waiters"].values():
        each["maxAttempts"], each["delay"] = each["maxAttempts"] * each["delay"], 1
    (tmp_path / "data" / WAITERS).parent.mkdir(parents=True)
    (tmp_path / "data" / WAITERS).write_text(json.dumps(waiters))
    made = assets.Assets(assets.IMAGE, "", assets.ROLE_ARN).environment()
    return {
        **environment,
        **made,
        "KUBECONFIG": str(kubeconfig),
        "AWS_DATA_PATH": str(tmp_path / "data"),
        "AWS_PAGER": "",
        "NO_COLOR": "1",
    }


def unanswered(stage: Stage) -> int:
    """How many calls the simulator has no answer to."""
    counts = stage.cloud.simulator.counts()
    return sum(codes.get("NotImplemented", 0) for operations in counts.values() for codes in operations.values())


def predicted(answer: Path) -> list[str]:
    return [each["predicted_class"] for each in json.loads(answer.read_text())["predictions"]]


def script(page: Sequence[Block]) -> tuple[str, list[tuple[Block, Step]]]:
    """What a reader types, with a mark before each command whose output is shown and after its end; and those commands."""
    lines = ["set -euo pipefail"]
    shown: list[tuple[Block, Step]] = []
    for block in page:
        if block.kind == "sh":
            lines += [f"printf '{MARK}'", block.text]
        for step in block.steps:
            lines += [f"printf '{MARK}{len(shown)}{MARK}'", step.command]
            shown.append((block, step))
    return "\n".join(lines), shown


def seen(printed: str, shown: Sequence[tuple[Block, Step]]) -> Transcript:
    """The output of each command that is shown."""
    parts = re.findall(rf"{MARK}(\d+){MARK}([^{MARK}]*)", printed)
    assert [int(number) for number, _ in parts] == [*range(len(shown))]
    return Transcript([(block, step, output) for (block, step), (_, output) in zip(shown, parts, strict=True)])


@pytest.mark.timeout(1200)
def test_each_command_of_the_recipe_runs_as_it_stands_and_prints_what_it_shows(
    stage: Stage, shell: dict[str, str], tmp_path: Path
) -> None:
    page = [*blocks(DOCUMENT)]
    docker = "".join(block.text for block in page if block.kind == "text")  # the one that does not run
    assert [line for line in docker.splitlines() if "docker" not in line] == []
    typed_in, shown = script(page)
    assert len(re.findall(r"(?m)^aws |=\"\$\(aws ", typed_in)) == 50  # as the document says
    before, unknown = account(stage), unanswered(stage)
    printed, code = typed(typed_in, shell, tmp_path, columns=1000, seconds=1100)
    assert code == 0, printed[-6000:]
    assert unanswered(stage) == unknown

    made = tmp_path / "recipe"
    # The bare pickle names its classes as SMINFERENCE_CLASSES says, and both ways lead to the same answers.
    for answer in ("answer", "by-object", "boosting-answer", "boosting-by-object"):
        assert predicted(made / f"{answer}.json") == FLOWERS, answer
    (explained,) = json.loads((made / "explained.json").read_text())["predictions"]
    assert {"prediction_set", "tree_disagreement", "shap"} <= explained["explanation"].keys()
    assert '"status": "COMPLETE"' in printed  # the scan on push
    assert '"Sum": 1.0' in printed  # the one request to the endpoint by hand before its metrics are read
    assert "iris-errors" in printed
    assert '"message"' in printed  # of the containers' log
    assert account(stage) == before
    different = seen(printed, shown).replaced(stage.namespace, "default").differences()
    assert not different, different
