"""Argo CD's customizations in its own repository's layout: each case of their `health_test.yaml` and `action_test.yaml`."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from smsandbox.testing import argo

DATED = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(path.read_text(), yaml.CSafeLoader)
    return found


def cases(file: str, key: str) -> list[Any]:
    """Kind and case of each test of that sort."""
    found = [
        (folder, case)
        for folder in argo.customizations()
        if (folder / file).exists()
        for case in read(folder / file)[key]
    ]
    assert found
    return [pytest.param(folder, case, id=f"{folder.name}-{case['inputPath']}") for folder, case in found]


@pytest.mark.parametrize(("folder", "case"), cases("health_test.yaml", "tests"))
def test_health(folder: Path, case: dict[str, Any]) -> None:
    obj = read(folder / case["inputPath"])
    assert argo.health(obj, folder.name) == case["healthStatus"]


@pytest.mark.parametrize(("folder", "case"), cases("actions/action_test.yaml", "discoveryTests"))
def test_the_actions_that_are_offered(folder: Path, case: dict[str, Any]) -> None:
    found = argo.actions(read(folder / "actions" / case["inputPath"]), folder.name)
    assert [{"name": name, **found[name]} for name in sorted(found)] == case["result"]
    assert {path.parent.name for path in (folder / "actions").glob("*/action.lua")} == found.keys()


@pytest.mark.parametrize(("folder", "case"), cases("actions/action_test.yaml", "actionTests"))
def test_action(folder: Path, case: dict[str, Any]) -> None:
    found = argo.action(case["action"], read(folder / "actions" / case["inputPath"]), folder.name)
    for key, value in found["metadata"].get("annotations", {}).items():
        assert DATED.match(value)
        found["metadata"]["annotations"][key] = "2001-01-01T00:00:00Z"
    assert found == read(folder / "actions" / case["expectedOutputPath"])


def test_a_script_has_no_library_that_argo_cd_has_not() -> None:
    for name in ("string", "math", "io", "debug", "os.execute", "loadstring", "dofile", "collectgarbage"):
        head = name.partition(".")[0]
        assert argo.run(f"return ({head} ~= nil) and ({name} ~= nil)", {}) is False, name
    assert argo.run("return type(os.date) .. type(table.insert) .. type(ipairs)", {}) == "functionfunctionfunction"
    assert argo.run("return obj.count == 2 and obj.nothing == nil", {"count": 2, "nothing": None}) is True


def test_a_health_that_argo_cd_does_not_know_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Kind").mkdir()
    (tmp_path / "Kind" / "health.lua").write_text('return {status = "Fine"}')
    monkeypatch.setattr(argo, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match="Fine"):
        argo.health({}, "Kind")


SETTINGS = Path(argo.FOLDER).parents[1] / "argocd-cm.yaml"


def test_the_settings_of_argo_cd_hold_the_same_scripts() -> None:
    data = read(SETTINGS)["data"]
    for folder in argo.customizations():
        name = f"smendpoints.dev_{folder.name}"
        assert data[f"resource.customizations.health.{name}"].strip() == (folder / "health.lua").read_text().strip()
        if (folder / "actions").exists():
            told = yaml.safe_load(data[f"resource.customizations.actions.{name}"])
            assert told["discovery.lua"].strip() == (folder / "actions" / "discovery.lua").read_text().strip()
            scripts = {each["name"]: each["action.lua"].strip() for each in told["definitions"]}
            assert scripts == {
                path.parent.name: path.read_text().strip() for path in (folder / "actions").glob("*/action.lua")
            }
