"""Argo CD's customizations of our kinds, run as Argo CD runs them: Lua 5.1 with the base, table and package libraries.

Of `os` there are time and date, of strings and math there is nothing. A script sees the object as the global `obj`;
numbers are floats. The same on the engine that Argo CD has, gopher-lua, by `on_gopher`. Not here: what is expected.
"""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lupa.lua51 import LuaRuntime, lua_type

from smendpoints.api.group import GROUP
from smsandbox import paths, tools

FOLDER = paths.repository() / "manifests" / "argocd" / "resource_customizations" / GROUP
HEALTHS = ("Healthy", "Progressing", "Degraded", "Suspended", "Missing", "Unknown")
_NARROW = """
local kept = {
  "_G", "_VERSION", "assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "rawequal", "rawget",
  "rawset", "select", "setmetatable", "table", "tonumber", "tostring", "type", "unpack", "os",
}
local known = {}
for _, name in ipairs(kept) do known[name] = true end
os = {time = os.time, date = os.date}
for name in pairs(_G) do
  if not known[name] then _G[name] = nil end
end
"""


def health(obj: Mapping[str, Any], kind: str = "SageMakerEndpoint") -> dict[str, Any]:
    """What Argo CD shows of the object: status and message.

    Raises:
        ValueError: the script returned what Argo CD does not take.
    """
    found = run((FOLDER / kind / "health.lua").read_text(), obj)
    if not isinstance(found, dict) or found.get("status") not in HEALTHS:
        raise ValueError(f"no health that Argo CD knows: {found}")
    return found


def action(name: str, obj: Mapping[str, Any], kind: str = "SageMakerEndpoint") -> dict[str, Any]:
    """The object as the action leaves it."""
    found: dict[str, Any] = run((FOLDER / kind / "actions" / name / "action.lua").read_text(), obj)
    return found


def actions(obj: Mapping[str, Any], kind: str = "SageMakerEndpoint") -> dict[str, dict[str, Any]]:
    """The actions that the object offers."""
    found: dict[str, dict[str, Any]] = run((FOLDER / kind / "actions" / "discovery.lua").read_text(), obj)
    return found


def run(script: str, obj: Mapping[str, Any]) -> Any:
    """What a script returns for an object."""
    lua = LuaRuntime(register_eval=False, unpack_returned_tuples=True)
    lua.execute(_NARROW)
    lua.globals()["obj"] = _to_lua(lua, obj)
    return _from_lua(lua.execute(script))


def on_gopher(runs: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Any]:
    """What each script returns for its object, on Argo CD's own engine.

    Raises:
        RuntimeError: one failed; says why.
    """
    given = json.dumps([{"script": script, "obj": obj} for script, obj in runs])
    done = subprocess.run([str(tools.find("lua"))], input=given, check=True, capture_output=True, text=True, timeout=60)
    found = json.loads(done.stdout)
    if failed := [each["error"] for each in found if "error" in each]:
        raise RuntimeError("\n".join(failed))
    return [each["value"] for each in found]


def customizations() -> list[Path]:
    """The folder of each kind."""
    return sorted(path.parent for path in FOLDER.glob("*/health.lua"))


def _to_lua(lua: LuaRuntime, value: Any) -> Any:
    match value:
        case bool() | str() | None:
            return value
        case int() | float():
            return float(value)
        case dict():
            return lua.table_from({key: _to_lua(lua, each) for key, each in value.items() if each is not None})
        case list():
            return lua.table_from([_to_lua(lua, each) for each in value])
    raise TypeError(f"no JSON: {value!r}")


def _from_lua(value: Any) -> Any:
    if lua_type(value) != "table":
        return value
    keys = list(value.keys())
    if keys and all(isinstance(key, (int, float)) for key in keys):
        return [_from_lua(value[key]) for key in sorted(keys)]
    return {str(key): _from_lua(value[key]) for key in keys}
