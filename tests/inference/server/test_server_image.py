"""The image: what its Dockerfile says is run with this machine's Python; it is built and run by `make images`."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
DOCKERFILE = ROOT / "inference_container/Dockerfile"
GOOD = b'{"instances": [[5.1, 3.5, 1.4, 0.2]]}'


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of every stage, as pairs of word and rest; comments and line ends are gone."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    found: list[list[tuple[str, str]]] = []
    for line in filter(str.strip, joined.splitlines()):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest.strip()))
    return found


def final(word: str) -> list[str]:
    return [rest for found, rest in stages()[-1] if found == word]


def environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for rest in final("ENV") for pair in shlex.split(rest))


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image's files below a folder, copied as the Dockerfile says; Python and its packages are this machine's."""
    root = tmp_path_factory.mktemp("image")
    for stage in stages():
        for word, rest in stage:
            if word != "COPY" or rest.startswith("--from"):
                continue
            source, target = rest.split()
            put = root / target.lstrip("/")
            put.parent.mkdir(parents=True, exist_ok=True)
            found = ROOT / source
            if found.is_dir():
                shutil.copytree(found, put, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(found, put)
    copied = {rest.split()[-1] for rest in final("COPY")}
    assert {"/opt/venv", "/opt/inference"} == copied
    for path in [root, *root.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    return root


def test_what_the_dockerfile_starts_serves(image: Path, start_server: Any, model_dir: Any) -> None:
    """Entry point, command, environment and files are the Dockerfile's; the files are read-only, as an image is."""
    (entrypoint,), (command,) = final("ENTRYPOINT"), final("CMD")
    program = json.loads(entrypoint) + json.loads(command)
    assert program[0] == "python"
    given = {key: value.replace("/opt/inference", str(image / "opt/inference")) for key, value in environment().items()}
    given["PATH"] = f"{Path(sys.executable).parent}:{given['PATH']}"
    server = start_server(program=[sys.executable, *program[1:]], SM_MODEL_DIR=str(model_dir("random-forest")), **given)
    assert server.get("/ping").status == 200
    assert server.post(GOOD).json["predictions"][0]["predicted_class"] == "setosa"
    maps = Path(f"/proc/{server.process.pid}/environ").read_text()
    assert f"PYTHONPATH={image}/opt/inference" in maps
    assert server.stop() == 0
    assert not list(image.rglob("__pycache__"))


def test_the_code_comes_from_the_image_alone(image: Path) -> None:
    program = "import sminference, sminference.serve; print(sminference.__file__)"
    given = {"PYTHONPATH": str(image / "opt/inference"), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", program], env=given, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(image / "opt/inference/sminference/__init__.py")


def test_the_image_is_pinned_unprivileged_and_small() -> None:
    bases = [dict(stage)["FROM"].partition(" AS ")[0] for stage in stages()]
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:[\d.]+-slim-\w+@sha256:[0-9a-f]{64}", bases[0])
    assert final("USER") == ["65532:65532"]
    assert not final("RUN")
    assert not final("ADD")
    (install,) = [rest for word, rest in stages()[0] if word == "RUN" and "pip" in rest]
    assert "--require-hashes" in install
    assert "--only-binary :all:" in install


def test_sagemaker_finds_what_it_looks_for() -> None:
    labels = dict(pair.split("=", 1) for rest in final("LABEL") for pair in shlex.split(rest))
    assert labels["com.amazonaws.sagemaker.capabilities.multi-models"] == "true"
    assert labels["com.amazonaws.sagemaker.capabilities.accept-bind-to-port"] == "true"
    assert final("EXPOSE") == ["8080"]
    # `docker run IMAGE serve` replaces CMD and must come out as the same command.
    assert json.loads(final("CMD")[0]) == ["serve"]


def test_the_linter_of_dockerfiles_has_nothing_to_say() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, DOCKERFILE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_what_the_image_installs_is_all_that_the_package_imports() -> None:
    """Third-party imports of the package, from its source, are in the image's requirements."""
    named = {
        found[1]
        for file in (ROOT / "inference_container/sminference").rglob("*.py")
        for found in re.finditer(r"^\s*(?:from|import) (\w+)", file.read_text(), re.MULTILINE)
    }
    third_party = named - set(sys.stdlib_module_names) - {"sminference"}
    pinned = set(re.findall(r"^([\w-]+)==", (ROOT / "requirements/inference.txt").read_text(), re.MULTILINE))
    assert {"sklearn": "scikit-learn"}.keys() & third_party
    assert {{"sklearn": "scikit-learn"}.get(name, name) for name in third_party} <= pinned
