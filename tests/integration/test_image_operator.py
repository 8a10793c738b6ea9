"""The operator's Dockerfile, read as Docker reads it: what it copies is there, and what it starts runs.

Nothing is built: the programs of the image are this Python's, its files are copied as the Dockerfile says. `make images`
builds it, and starts it with a Pod's restrictions.
"""

import importlib.metadata
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import smendpoints
from smsandbox import paths, ports
from smsandbox.controlplane import ControlPlane
from smsandbox.testing.shipped import Shipped

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "Dockerfile"
VENV = "/opt/venv"


def instructions() -> list[tuple[str, str]]:
    """The instructions in order, each a word and its arguments."""
    text = re.sub(r"^\s*#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line)]


def stages() -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    for word, rest in instructions():
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest))
    return found


def only(word: str) -> str:
    """The one instruction of that word in the last stage."""
    (found,) = [rest for each, rest in stages()[-1] if each == word]
    return found


def environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in shlex.split(only("ENV")))


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the last stage below a folder; the virtual environment is left out."""
    folder = tmp_path_factory.mktemp("image")
    named: dict[str, Path] = {}
    for number, stage in enumerate(stages()):
        root = folder / str(number)
        root.mkdir()
        _, _, name = stage[0][1].partition(" AS ")
        named[name] = root
        for word, rest in stage:
            if word != "COPY":
                continue
            *options, source, target = rest.split()
            if target == VENV:
                continue
            origin = named[options[0].removeprefix("--from=")] if options else ROOT
            found, put = origin / source.lstrip("/"), root / target.lstrip("/")
            put.parent.mkdir(parents=True, exist_ok=True)
            if found.is_dir():
                shutil.copytree(found, put, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(found, put)
    return root


def start(image: Path, *arguments: str) -> str:
    """Run the image's entry point with these arguments, as Docker would, and return what it prints."""
    command = json.loads(only("ENTRYPOINT"))
    assert command[0] == "python"
    variables = environment()
    variables["PYTHONPATH"] = str(image / variables["PYTHONPATH"].lstrip("/"))
    variables["PATH"] = os.environ["PATH"]
    done = subprocess.run(
        [sys.executable, *command[1:], *arguments],
        cwd=image / only("WORKDIR").lstrip("/"),
        env=variables,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_hadolint_finds_nothing() -> None:
    done = subprocess.run([str(paths.tool("hadolint")), str(DOCKERFILE)], check=False, capture_output=True, text=True)
    assert done.stdout + done.stderr == ""


def test_the_base_is_one_and_pinned_by_tag_and_digest() -> None:
    bases = {stage[0][1].partition(" AS ")[0] for stage in stages()}
    assert len(stages()) == 2
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+@sha256:[0-9a-f]{64}", bases.pop())


def test_what_is_copied_from_the_repository_is_let_through_by_dockerignore() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    let_through = [line.removeprefix("!") for line in lines if line.startswith("!")]
    for word, rest in instructions():
        if word == "COPY" and "--from" not in rest:
            source = Path(rest.split()[0])
            assert (ROOT / source).exists()
            assert any(source.match(pattern) for pattern in let_through), source


def test_packages_are_those_of_the_hashed_requirements_and_nothing_is_compiled() -> None:
    (install,) = [rest for word, rest in stages()[0] if word == "RUN" and "pip" in rest]
    assert "--require-hashes" in install
    assert "--only-binary :all:" in install
    assert "operator.txt" in install


def test_it_runs_as_nobody_in_particular_and_without_a_shell() -> None:
    assert only("USER") == "65532:65532"
    assert json.loads(only("ENTRYPOINT")) == ["python", "-m", "smendpoints"]
    assert json.loads(only("CMD")) == ["run"]
    assert environment()["PATH"].startswith(f"{VENV}/bin:")


def test_what_it_would_start_starts(image: Path) -> None:
    assert start(image, "--version").strip() == f"smendpoints, version {smendpoints.__version__}"
    assert "SMENDPOINTS_CLUSTER_ID" in start(image, *json.loads(only("CMD")), "--help")


# Hides what this Python has installed beside the packages of the image.
HIDE = """
import importlib, json, pkgutil, runpy, sys

absent = set(json.loads(sys.argv.pop(1)))

class Without:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            return None
        return self.finder.find_spec(name, path, target)

sys.meta_path[:] = map(Without, sys.meta_path)
"""
IMPORT_ALL = """
import smendpoints
for each in pkgutil.walk_packages(smendpoints.__path__, "smendpoints."):
    importlib.import_module(each.name)
print(json.dumps([smendpoints.__file__, sorted(sys.modules)]))
"""
RUN = """
runpy.run_module("smendpoints", run_name="__main__", alter_sys=True)
"""


def hidden() -> list[str]:
    """The top-level modules that no package pinned for the image brings."""
    pinned = {
        _canonical(line.partition("==")[0])
        for line in (ROOT / "requirements" / "operator.txt").read_text().splitlines()
        if "==" in line and not line.startswith((" ", "#"))
    }
    owners = importlib.metadata.packages_distributions()
    return [module for module, names in owners.items() if not {*map(_canonical, names)} & {"smendpoints", *pinned}]


def python_path(image: Path) -> str:
    return str(image / environment()["PYTHONPATH"].lstrip("/"))


def test_all_that_the_operator_imports_is_in_its_requirements(image: Path) -> None:
    """Every module is imported from the image's files, with no other package than those pinned for the image."""
    absent = hidden()
    done = subprocess.run(
        [sys.executable, "-c", HIDE + IMPORT_ALL, json.dumps(absent)],
        env={"PYTHONPATH": python_path(image), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    origin, modules = json.loads(done.stdout)
    assert origin.startswith(python_path(image))
    assert {"smendpoints.startup", "smendpoints.__main__", "kopf", "boto3", "pydantic"} <= set(modules)
    assert {"kubernetes", "flask", "sklearn"} <= set(absent)


def test_it_serves_with_the_rights_of_its_account_and_stops_when_told(
    image: Path, control_plane: ControlPlane, tmp_path: Path
) -> None:
    """The image's files, packages and command, with the settings of manifests/, and no AWS within reach."""
    shipped = Shipped.installed(control_plane, tmp_path)
    log = tmp_path / "log"
    variables = shipped.environment(str(shipped.kubeconfig)) | {
        "PYTHONPATH": python_path(image),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
    }
    command = [sys.executable, "-c", HIDE + RUN, json.dumps(hidden()), *json.loads(only("CMD"))]
    with (
        ports.held(shipped.health, shipped.metrics, shipped.nobody),
        log.open("w") as output,
        subprocess.Popen(command, env=variables, stdout=output, stderr=output) as operator,
    ):
        try:
            with shipped.tried(lambda: operator.poll() is None, log.read_text):
                operator.terminate()
                assert operator.wait(timeout=120) == 0, log.read_text()
        finally:
            operator.kill()


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
