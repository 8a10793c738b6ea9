"""What `kubectl get` prints of an object in virtual time: by the CRD's columns, or by a template of jsonpath.

Not here: all of jsonpath; only the paths that this project's columns and pages have.
"""

import json
import re
import shlex
from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from smsandbox import paths

_STEP = re.compile(r"""\.(\w+)|\[(\d+)\]|\[\?\(@\.(\w+)==["'](\w+)["']\)\]""")
_TEMPLATE = re.compile(r"\{(?:\"(?P<literal>[^\"]*)\"|(?P<path>\.[^}]+))\}")


def got(command: str, body: Mapping[str, Any]) -> str:
    """The output of a `kubectl get KIND NAME`, with `-o wide` or `-o jsonpath=…`, for this object."""
    _, _, kind, name, *options = shlex.split(command)
    assert name == body["metadata"]["name"], command
    form = options[1] if options else ""
    if form.startswith("jsonpath="):
        return _TEMPLATE.sub(lambda part: _printed(part, body), form.removeprefix("jsonpath="))
    columns = [
        each for each in printer_columns(kind) if each.get("priority", 0) <= (form == "wide") and each["type"] != "date"
    ]
    heads = ["NAME", *(each["name"].upper() for each in columns)]
    return "   ".join(heads) + "\n" + "   ".join([name, *(_text(body, each["jsonPath"]) for each in columns)]) + "\n"


@cache
def printer_columns(kind: str) -> list[dict[str, Any]]:
    """The columns of `kubectl get` for a kind, by any of its names."""
    for path in (paths.repository() / "crds").glob("*.smendpoints.dev.yaml"):
        spec = yaml.safe_load(path.read_text(encoding="utf-8"))["spec"]
        names = spec["names"]
        if kind in {names["plural"], names["singular"], *names.get("shortNames", ())}:
            return list(spec["versions"][0]["additionalPrinterColumns"])
    raise ValueError(kind)


def _printed(part: re.Match[str], body: Mapping[str, Any]) -> str:
    return part["literal"].replace(r"\n", "\n") if part["literal"] is not None else _text(body, part["path"])


def _text(body: Any, path: str) -> str:
    """What is there; nothing where nothing is."""
    for step in _STEP.finditer(path):
        field, index, key, value = step.groups()
        try:
            if field is not None:
                body = body[field]
            elif index is not None:
                body = body[int(index)]
            else:
                body = next(each for each in body if each[key] == value)
        except (KeyError, IndexError, StopIteration):
            return ""
    return body if isinstance(body, str) else json.dumps(body, separators=(",", ":"), sort_keys=True)
