"""Every block of code in the documentation is run by a test, checked as what it is, or listed here with the reason.

A new block that is none of these fails: run it in a test and name that here, or say why it cannot be run.
"""

import doctest
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from smendpoints.api.experiment import SageMakerExperimentSpec
from smendpoints.api.kinds import KINDS
from smendpoints.api.spec import SageMakerEndpointSpec
from smendpoints.domain.reasons import Reason
from smsandbox import paths
from smsandbox.testing.documented import GUIDES, Block, blocks, pages
from smsandbox.testing.kubectl import printer_columns

ROOT = paths.repository()
BLOCKS = [block for page in pages() if page.parent.name != "decisions" for block in blocks(page)]
# Pages whose commands were recorded (`make recordings`), with what they printed.
RECORDED = {"docs/cli.md", "docs/states.md"}
COMMANDS = [block for block in BLOCKS if block.kind in {"sh", "bash", "console"} and block.page not in RECORDED]
MANIFESTS = [block for block in BLOCKS if block.kind == "yaml"]

UP = "tests/controlplane/test_world.py::test_up_can_be_called_twice_starts_again_what_died_and_down_ends_all"
GUIDES_TEST = "tests/integration/test_docs.py::test_the_commands_of_the_guides_print_what_the_guides_show"
MONITORING = "tests/client/test_guides.py::test_the_guide_to_monitoring_shows_what_is_seen_of_its_sample"
JUDGED = "tests/client/test_guides.py::test_the_guide_to_judged_rollouts_shows_its_sample_while_it_is_judged_and_undone"
EXPERIMENTS = "tests/client/test_guides.py::test_the_page_on_experiments_shows_its_sample_after_three_hours"
POLICY = "tests/integration/test_api_policy.py::test_the_page_on_policies_shows_what_kubectl_says"
MODELS = "tests/training/test_train_command.py::test_the_page_on_models_shows_what_training_prints"
# Pages of which a test runs every command as it stands there.
RUN_WHOLE = {
    **dict.fromkeys(GUIDES, GUIDES_TEST),
    "docs/recipe.md": "tests/integration/test_recipe.py::test_each_command_of_the_recipe_runs_as_it_stands_and_prints_what_it_shows",
    "docs/start.md": UP,
}
# Blocks whose commands a test runs, there with other names: the page, the first command, the test.
RUN = {
    ("README.md", "kubectl apply -f iris.yaml"): UP,
    ("README.md", "make up"): UP,
    (
        "README.md",
        "make demo",
    ): "tests/controlplane/test_world.py::test_the_story_is_told_to_its_end_and_leaves_nothing",
    ("docs/install.md", "sed"): "tests/simulator/test_iam.py",
    ("README.md", "kubectl smendpoint status iris -w"): "tests/integration/test_client.py",
    ("docs/policy.md", "kubectl apply -f manifests/samples/policy.yaml"): "tests/integration/test_api_policy.py",
    ("docs/console.md", "kubectl smendpoint console"): "tests/integration/test_console.py",
    (
        "docs/guides/from-ack.md",
        "kubectl smendpoint import --from-ack",
    ): "tests/client/test_ack.py::test_the_guide_shows_what_is_printed_for_its_sample",
    ("docs/experiments.md", "kubectl get smexperiment iris-boosting -o wide"): EXPERIMENTS,
    ("docs/guides/monitoring.md", "kubectl get smendpoint iris-monitored"): MONITORING,
    ("docs/guides/judged-rollouts.md", "kubectl get smendpoint iris-judged"): JUDGED,
    ("docs/guides/judged-rollouts.md", "kubectl smendpoint history iris-judged"): JUDGED,
    ("docs/images.md", "docker build -t smendpoints:0.1.0"): "tests/images/test_images.py",
    ("docs/install.md", "kubectl apply -k manifests/"): "tests/integration/test_api_install.py",
    ("docs/install.md", "kubectl delete deployment smendpoints"): "tests/chart/test_install.py",
    ("docs/models.md", "python -m smtraining train  "): MODELS,
    ("docs/models.md", "python -m smtraining train --model"): "tests/training/test_train_command.py",
    ("docs/models.md", "openssl genpkey -algorithm ed25519"): "tests/inference/test_artifact_signature.py",
    ("docs/policy.md", "kubectl apply -f iris.yaml"): POLICY,
}
ACCOUNT = "needs an AWS account; the same verbs are run on the sandbox"
DOCKER = "needs docker and a registry"
CLUSTER = "needs a cluster with a kubelet, where the operator is a Deployment"
PUBLISHED = "needs a release that is published"
HOURS = "takes minutes to hours, and measures"
SETUP = "is what was done before any test could run"
# Blocks that no test runs, and why. `test_site.py` still holds that each command of ours exists with its options.
NOT_RUN = {
    ("docs/account.md", "uv tool install ./client"): SETUP,
    ("docs/account.md", "kubectl smendpoint bootstrap --dry-run"): ACCOUNT,
    ("docs/account.md", "docker build -t iris:1.0"): DOCKER,
    ("docs/account.md", "aws eks create-pod-identity-association"): ACCOUNT,
    ("docs/account.md", "docker build -t REGISTRY/smendpoints:0.1.0"): DOCKER,
    ("docs/account.md", "kubectl apply -f iris.yaml"): ACCOUNT,
    ("docs/account.md", "kubectl delete smendpoint iris"): ACCOUNT,
    ("docs/e2e.md", "kind create cluster"): ACCOUNT,
    ("docs/e2e.md", "export SMENDPOINTS_E2E_ACCOUNT=123456789012 SMENDPOINTS_E2E_REGION=eu-west-1"): ACCOUNT,
    ("docs/e2e.md", "AWS_DEFAULT_REGION=eu-west-1 make e2e-clean"): ACCOUNT,
    ("docs/events.md", "aws cloudformation deploy"): ACCOUNT,
    ("docs/install.md", "aws cloudformation deploy"): ACCOUNT,
    ("docs/install.md", "docker build -t REGISTRY/smendpoints:0.1.0"): DOCKER,
    ("docs/install.md", "kubectl patch configmap argocd-cm"): "needs Argo CD",
    ("docs/operations.md", "kubectl delete smendpoints --all -A"): CLUSTER,
    ("docs/runbooks.md", "kubectl get smendpoints -A  "): CLUSTER,
    ("docs/runbooks.md", "kubectl get smendpoints -A |"): CLUSTER,
    ("docs/scale.md", "make bench-operator"): HOURS,
    ("docs/security.md", "cosign verify"): PUBLISHED,
    ("README.md", "docker build -t REGISTRY/smendpoints:0.1.0"): DOCKER,
}
ACK = "tests/client/test_ack.py::test_the_guide_shows_what_is_printed_for_its_sample"
# What is shown as output, by its page and first line, and the test that compares it with what is printed. Of the pages that
# are run whole all of it is.
COMPARED = {
    ("docs/models.md", "$ python -m smtraining train"): MODELS,
    ("docs/experiments.md", "$ kubectl get smexperiment iris-boosting"): EXPERIMENTS,
    ("docs/policy.md", "$ kubectl apply -f iris.yaml"): POLICY,
    ("docs/guides/from-ack.md", "$ kubectl smendpoint import --from-ack"): ACK,
    ("docs/guides/monitoring.md", "$ kubectl get smendpoint iris-monitored"): MONITORING,
    ("docs/guides/judged-rollouts.md", "$ kubectl get smendpoint iris-judged"): JUDGED,
    ("docs/guides/judged-rollouts.md", "$ kubectl smendpoint history iris-judged"): JUDGED,
    (
        "docs/guides/autoscaling.md",
        "iris-autoscaled   Updating",
    ): "tests/client/test_guides.py::test_the_guide_to_autoscaling_shows_its_sample_under_load",
}
# What is shown and compared with nothing, and why.
NOT_COMPARED = {
    ("docs/recipe.md", 'echo "$PASSWORD"'): "is typed where there is a registry for Docker",
    ("README.md", "$ kubectl apply -f iris.yaml"): "as that of docs/start.md, which is compared",
    ("docs/events.md", "SageMaker "): "is a drawing",
}
# Whose Python a test of its own runs, over what it asks.
ELSEWHERE = {"docs/python.md": "tests/client/test_promoting.py::test_the_examples_of_the_docs_run"}
# Pages with YAML that is no manifest of ours, and what it is.
VALUES = {"docs/install.md"}


def test_every_block_of_commands_is_run_by_a_test_or_listed_with_the_reason() -> None:
    listed = {**RUN, **NOT_RUN}
    unlisted = []
    for block in COMMANDS:
        found = [first for page, first in listed if page == block.page and block.commands[0].startswith(first)]
        if (block.page in RUN_WHOLE) + len(found) != 1:
            unlisted.append((block.page, block.commands[0], found))
    assert unlisted == [], "run it in a test, or say why not"


def test_every_output_that_is_shown_is_compared_or_listed_with_the_reason() -> None:
    shown = [
        block
        for block in BLOCKS
        if block.page not in {*RECORDED, "CONTRIBUTING.md"}
        and (block.kind in {"", "text"} or (block.kind == "console" and block.shows_output))
    ]
    listed = [*COMPARED, *NOT_COMPARED]
    found = {
        (block.page, block.first): [
            each for each in listed if each[0] == block.page and block.first.startswith(each[1])
        ]
        for block in shown
        if block.kind != "console" or block.page not in RUN_WHOLE
    }
    assert {block: entries for block, entries in found.items() if len(entries) != 1} == {}, "compare it, or say why not"
    assert {entry for entries in found.values() for entry in entries} == {*listed}


def test_every_entry_of_the_tables_is_for_a_block_that_is_there() -> None:
    there = [(block.page, block.commands[0]) for block in COMMANDS]
    entries = [*RUN, *NOT_RUN, *((page, "") for page in RUN_WHOLE)]
    stale = [
        (page, first) for page, first in entries if not any(page == on and line.startswith(first) for on, line in there)
    ]
    assert stale == []


@pytest.mark.parametrize("test", sorted({*RUN_WHOLE.values(), *RUN.values(), *COMPARED.values(), *ELSEWHERE.values()}))
def test_each_test_that_the_tables_name_is_there(test: str) -> None:
    path, _, name = test.partition("::")
    text = (ROOT / path).read_text(encoding="utf-8")
    assert f"def {name}(" in text if name else "def test_" in text


def test_a_page_that_is_run_as_a_whole_is_named_by_what_runs_it() -> None:
    for page, test in RUN_WHOLE.items():
        text = (ROOT / test.partition("::")[0]).read_text(encoding="utf-8")
        assert "GUIDES" in text if page in GUIDES else Path(page).name in text, page


def test_what_looks_like_a_command_is_marked_as_one() -> None:
    assert [
        (block.page, block.first)
        for block in BLOCKS
        if block.kind in {"", "text"} and re.search(r"^\$ ", block.text, re.MULTILINE)
    ] == []


def test_each_kind_of_block_is_known() -> None:
    """`text` is what is seen and not typed; JSON and CSV are data; of HCL `test_iam_roles.py` tests each module."""
    kinds = {"", "text", "sh", "bash", "console", "yaml", "python", "json", "csv", "hcl"}
    assert {block.kind for block in BLOCKS} <= kinds


REASONS = {*map(str, Reason), "RolloutStep"}
SPACES = re.compile(r" {2,}")


def _columns(command: str) -> list[str] | None:
    """The heads of the table that a command prints; None of one that prints none, or that another test looks at."""
    if re.match(r"kubectl get smendpoints?\b", command) and not re.search(r"\||-o (json|yaml)|-A", command):
        wide = 1 if "-o wide" in command else 0
        columns = printer_columns("smendpoint")
        return ["NAME", *(each["name"].upper() for each in columns if each.get("priority", 0) <= wide)]
    if command.startswith("kubectl events"):
        return ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    if verb := re.match(r"kubectl smendpoint (history|events)\b", command):
        recorded = (ROOT / f"docs/recordings/{verb[1]}.txt").read_text(encoding="utf-8").splitlines()
        return next(SPACES.split(line.strip()) for line in recorded if re.match(r"[A-Z]+ {2,}[A-Z]+", line))
    return None


def _tables() -> Iterator[tuple[str, list[str], list[str]]]:
    """Command, heads and lines of each table that a page shows below its command."""
    for block in BLOCKS:
        if block.kind != "console" or block.page == "docs/cli.md":  # whose output is recorded
            continue
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            if output.strip() and (heads := _columns(command)) is not None:
                yield command, heads, output.splitlines()


def test_a_table_of_a_page_has_the_columns_that_are_printed_today_and_reasons_that_there_are() -> None:
    tables = list(_tables())
    assert len(tables) > 8
    for command, heads, (first, *rows) in tables:
        assert SPACES.split(first.strip()) == heads, command
        if "REASON" in heads:
            where = first.index("REASON")
            assert {row[where:].split()[0] for row in rows if row != "…"} <= REASONS, command


def _documents(block: Block) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all(block.text) if each]


@pytest.mark.parametrize("block", MANIFESTS, ids=lambda block: f"{block.page}: {block.first[:40]}")
def test_each_yaml_is_what_the_types_or_the_chart_take(block: Block) -> None:
    if block.file is not None:
        assert (ROOT / block.file).read_text(encoding="utf-8").rstrip() == block.text.rstrip()
        return
    if block.page in VALUES:
        chart = yaml.safe_load((ROOT / "charts/smendpoints/values.yaml").read_text(encoding="utf-8"))
        assert [each for each in _documents(block) if not _known(each, chart)] == []
        return
    for each in _documents(block):
        if "kind" in each:
            next(kind for kind in KINDS if kind.name == each["kind"]).spec.model_validate(each["spec"])
        else:
            base, spec = (
                (_sample("experiment"), SageMakerExperimentSpec)
                if "metrics" in each
                else (_sample("canary"), SageMakerEndpointSpec)
            )
            spec.model_validate({**base, **each})


def _known(given: Any, chart: Any) -> bool:
    """Whether the chart has each of the values; an empty map of the chart's takes any."""
    if not isinstance(given, dict) or chart == {}:
        return True
    return all(key in chart and _known(value, chart[key]) for key, value in given.items())


def _sample(name: str) -> dict[str, Any]:
    """The spec of a sample, which a part of one on a page fits into."""
    return dict(yaml.safe_load((ROOT / f"manifests/samples/{name}.yaml").read_text(encoding="utf-8"))["spec"])


GIVEN: dict[str, Any] = {
    "control": {
        "conversions": ([9000] * 10, [900] * 10),
        "errors": ([9000] * 10, [9] * 10),
        "slow": ([9000] * 10, [90] * 10),
    },
    "challenger": {
        "conversions": ([1000] * 10, [150] * 10),
        "errors": ([1000] * 10, [1] * 10),
        "slow": ([1000] * 10, [10] * 10),
    },
    "requests_of_control": [9000] * 10,
    "requests_of_challenger": [1000] * 10,
    "seconds": 600.0,
}
"""What the example of docs/statistics.md takes as given."""


@pytest.mark.parametrize(
    "block",
    [each for each in BLOCKS if each.kind == "python" and each.page not in ELSEWHERE],
    ids=lambda block: block.first,
)
def test_each_example_in_python_runs_and_says_what_the_page_says(
    block: Block, capsys: pytest.CaptureFixture[str]
) -> None:
    if ">>>" in block.text:
        runner = doctest.DocTestRunner()
        runner.run(doctest.DocTestParser().get_doctest(block.text, {}, block.page, block.page, 0))
        assert runner.summarize(verbose=False).failed == 0
        return
    exec(compile(block.text, block.page, "exec"), {**GIVEN})  # noqa: S102 - the documentation is ours
    assert capsys.readouterr().out.strip()
