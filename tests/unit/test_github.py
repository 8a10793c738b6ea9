"""The project on GitHub: what its workflows may do and run, and that the files beside them say what is there."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from smsandbox.images.dockerfiles import IMAGES
from smsandbox.testing import actionlint

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
PINNED = re.compile(r"^\s*(?:- )?uses: (?P<action>[\w./-]+)@(?P<commit>[0-9a-f]{40}) # v\d+\.\d+\.\d+$")
IMAGE = re.compile(r"python:[\w.-]+@sha256:[0-9a-f]{64}")


def read(path: Path) -> dict[Any, Any]:
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def jobs(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from read(path)["jobs"].items()


def ids(path: Path) -> str:
    return path.stem


def test_the_lanes_are_there() -> None:
    assert {path.stem for path in WORKFLOWS} == {"fast", "full", "images", "nightly", "pages", "pins", "release"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=ids)
def test_an_action_is_named_by_its_commit_and_says_which_release_that_is(path: Path) -> None:
    used = [line for line in path.read_text().splitlines() if re.search(r"\buses:", line)]
    loose = [line for line in used if not PINNED.match(line) and "uses: ./" not in line]
    assert (loose, bool(used)) == ([], True)


def linted(*workflows: Path) -> subprocess.CompletedProcess[str]:
    """What actionlint says; without the linters of shells and Python, which may be installed or not."""
    command = [str(actionlint.ensure(print)), "-shellcheck=", "-pyflakes=", "-no-color", *map(str, workflows)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


def test_actionlint_has_nothing_to_say_of_the_workflows_and_notices_a_wrong_one(tmp_path: Path) -> None:
    found = linted(*WORKFLOWS)
    assert (found.returncode, found.stdout) == (0, "")
    wrong = tmp_path / "wrong.yml"
    text = (GITHUB / "workflows/fast.yml").read_text()
    wrong.write_text(text.replace("matrix.python", "matrix.pyhton"))
    assert 'property "pyhton" is not defined' in linted(wrong).stdout


def test_an_action_has_one_commit_in_all_workflows() -> None:
    lines = [line for path in WORKFLOWS for line in path.read_text().splitlines()]
    found = {(match["action"], match["commit"]) for line in lines if (match := PINNED.match(line))}
    assert len({action for action, _ in found}) == len(found) >= 10


@pytest.mark.parametrize("path", WORKFLOWS, ids=ids)
def test_a_workflow_may_read_and_a_job_that_may_more_says_what(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["group"]
    writes = {
        name: sorted(k for k, v in job.get("permissions", {}).items() if v == "write") for name, job in jobs(path)
    }
    allowed = {
        "deploy": ["id-token", "pages"],
        "raise": ["actions", "contents", "pull-requests"],
        "image": ["attestations", "id-token", "packages"],
        "chart": ["attestations", "id-token", "packages"],
        "release": ["contents"],
    }
    assert {name: found for name, found in writes.items() if found} == {
        name: allowed[name] for name in writes if name in allowed
    }


@pytest.mark.parametrize("path", WORKFLOWS, ids=ids)
def test_a_job_ends_and_keeps_no_credentials_and_no_value_of_an_event_is_part_of_a_script(path: Path) -> None:
    for name, job in jobs(path):
        assert "timeout-minutes" in job or str(job.get("uses", "")).startswith("./"), name
        for step in job.get("steps", ()):
            assert "${{" not in step.get("run", ""), f"{name}: hand it over by env"
            if "actions/checkout@" in step.get("uses", ""):
                pushes = any("git push" in each.get("run", "") for each in job["steps"])
                assert step.get("with", {}).get("persist-credentials", True) is pushes, name


@pytest.mark.parametrize("path", WORKFLOWS, ids=ids)
def test_what_a_workflow_makes_is_a_target_of_the_makefile(path: Path) -> None:
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    lines = [
        line for _, job in jobs(path) for step in job.get("steps", ()) for line in step.get("run", "").splitlines()
    ]
    made = [word for line in lines if line.startswith("make ") for word in shlex.split(line)[1:] if "=" not in word]
    assert set(made) <= targets


def test_the_image_of_the_tests_is_that_of_the_dockerfiles() -> None:
    files = [
        "Dockerfile",
        "inference_container/Dockerfile",
        ".github/workflows/full.yml",
        ".devcontainer/devcontainer.json",
    ]
    assert len({found for name in files for found in IMAGE.findall((ROOT / name).read_text())}) == 1
    assert all(IMAGE.search((ROOT / name).read_text()) for name in files)


def test_files_that_say_where_things_are_say_what_is_there() -> None:
    folders = [
        folder
        for entry in read(GITHUB / "dependabot.yml")["updates"]
        for folder in entry.get("directories", [entry.get("directory")])
    ]
    owned = [line.split()[0] for line in (GITHUB / "CODEOWNERS").read_text().splitlines() if line.startswith("/")]
    assert [each for each in [*folders, *owned] if not (ROOT / each.lstrip("/")).exists()] == []


def test_a_release_is_verified_as_the_site_says() -> None:
    said = (ROOT / "docs/security.md").read_text()
    assert r"/\.github/workflows/release\.yml@refs/tags/v" in said
    names = [step.get("name") for _, job in jobs(GITHUB / "workflows/release.yml") for step in job.get("steps", ())]
    assert names.count("Sign by digest") == 2


def test_a_release_attests_and_shows_the_bills_of_materials_that_make_sbom_writes() -> None:
    release = dict(jobs(GITHUB / "workflows/release.yml"))
    image = release["image"]
    assert {each["bill"] for each in image["strategy"]["matrix"]["include"]} == {each.name for each in IMAGES}
    assert {each["file"] for each in image["strategy"]["matrix"]["include"]} == {each.dockerfile for each in IMAGES}
    assert image["env"]["BILL"] == "build/images/${{ matrix.bill }}.cdx.json"
    steps = image["steps"]
    (attested,) = (step["with"]["sbom-path"] for step in steps if "attest-sbom@" in step.get("uses", ""))
    assert attested == "${{ env.BILL }}"
    runs = [step.get("run", "") for step in steps]
    made, built = (next(i for i, run in enumerate(runs) if words in run) for words in ("make sbom", "buildx build"))
    assert made < built
    assert any('cp "$BILL" "out/' in run for run in runs)
    assert "out/*.cdx.json" in release["release"]["steps"][-1]["run"]


def test_hooks_run_what_is_installed_here() -> None:
    (local,) = read(ROOT / ".pre-commit-config.yaml")["repos"]
    assert local["repo"] == "local"
    programs = {hook["entry"].split()[0] for hook in local["hooks"]}
    assert {hook["language"] for hook in local["hooks"]} == {"system"}
    assert all((ROOT / program).exists() or program.startswith(".venv/bin/") for program in programs)


@pytest.mark.parametrize("path", sorted((GITHUB / "ISSUE_TEMPLATE").glob("[!c]*.yml")), ids=ids)
def test_a_form_asks_for_something_and_each_field_has_an_id_of_its_own(path: Path) -> None:
    form = read(path)
    assert {"name", "description", "body"} <= form.keys()
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert len({field["id"] for field in fields}) == len(fields)
    assert all(field["attributes"]["label"] for field in fields)
    assert any(field.get("validations", {}).get("required") for field in fields)


def test_the_devcontainer_is_read() -> None:
    text = (ROOT / ".devcontainer/devcontainer.json").read_text()
    assert json.loads(re.sub(r"^//.*$", "", text, flags=re.MULTILINE))["postCreateCommand"] == "make setup"
