"""Argo CD's scripts on its own engine, gopher-lua: the same as on the one of the quick tests, case by case."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from smsandbox.testing import argo


def objects(folder: Path) -> list[dict[str, Any]]:
    """Every object of the kind's test data."""
    paths = [*folder.glob("testdata/*.yaml"), *folder.glob("actions/testdata/*.yaml")]
    return [yaml.load(path.read_text(), yaml.CSafeLoader) for path in sorted(paths)]


@pytest.mark.parametrize("folder", argo.customizations(), ids=lambda folder: folder.name)
def test_both_engines_say_the_same_of_each_object(folder: Path) -> None:
    scripts = [path.read_text() for path in sorted(folder.rglob("*.lua")) if "os.date" not in path.read_text()]
    runs = [(script, obj) for obj in objects(folder) for script in scripts]
    assert len(runs) >= 6
    assert argo.on_gopher(runs) == [argo.run(script, obj) for script, obj in runs]


def test_what_depends_on_the_time_works_there_too() -> None:
    script = (argo.FOLDER / "SageMakerEndpoint" / "actions" / "redeploy" / "action.lua").read_text()
    (found,) = argo.on_gopher([(script, {"metadata": {"name": "iris"}})])
    assert found["metadata"]["annotations"]["smendpoints.dev/redeployedAt"].endswith("Z")


def test_neither_has_strings_or_math() -> None:
    (found,) = argo.on_gopher([("return {string == nil, math == nil, io == nil, os.execute == nil}", {})])
    assert found == [True, True, True, True]


def test_a_script_that_never_ends_is_stopped() -> None:
    with pytest.raises(RuntimeError, match="deadline exceeded"):
        argo.on_gopher([("while true do end", {})])
