"""The tree: nothing shadows the standard library, and modules stay small."""

import operator
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ("operator", "sandbox", "training", "inference_container", "website", "bench")
MANY_LINES, TOO_MANY_LINES = 250, 400


def modules() -> dict[str, int]:
    """Lines by module, without what git does not know; tests are tables, and as long as their cases."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}  # a hook's repository
    listed = subprocess.run(
        [
            "git",
            "-c",
            "safe.directory=*",
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "--",
            *(f"{each}/**.py" for each in SOURCES),
        ],
        cwd=ROOT,
        env=own,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    return {name: len((ROOT / name).read_text().splitlines()) for name in listed if (ROOT / name).exists()}


def test_the_folder_of_the_operator_is_no_package() -> None:
    """`operator/__init__.py` would take the place of the standard library's `operator` in every program run here."""
    assert not (ROOT / "operator" / "__init__.py").exists()
    assert "site-packages" not in str(operator.__file__)
    assert operator.eq(1, 1)


@pytest.mark.parametrize("arguments", [["-c"], ["-I", "-c"]])
def test_the_standard_librarys_operator_is_found_from_the_root(arguments: list[str]) -> None:
    program = "import operator; print(operator.itemgetter(0)([7]))"
    done = subprocess.run([sys.executable, *arguments, program], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout == "7\n"


def test_test_folders_are_no_packages() -> None:
    assert [str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("__init__.py")] == []


def test_modules_are_small() -> None:
    sizes = modules()
    assert "operator/smendpoints/domain/plan/plan.py" in sizes
    many = sorted((lines, name) for name, lines in sizes.items() if lines > MANY_LINES)
    print("\n".join(f"{lines} lines: {name}" for lines, name in many))  # seen with `pytest -rP`
    assert [(lines, name) for lines, name in many if lines > TOO_MANY_LINES] == []


def test_source_modules_say_what_they_are() -> None:
    silent = [
        name
        for name, lines in modules().items()
        if lines and not (ROOT / name).read_text().lstrip().startswith(('"""', "#!", "#"))
    ]
    assert silent == []
