"""The patch of Argo CD's ConfigMap `argocd-cm` that has our kinds' health and actions, made of `manifests/argocd`.

The folder there is in the layout of Argo CD's own repository; the patch is for an Argo CD without it.
"""

from pathlib import Path
from typing import Any

import yaml

from smsandbox import paths

FOLDER = paths.repository() / "manifests" / "argocd"
PATCH = FOLDER / "argocd-cm.yaml"
_HEADER = (
    "# Rendered from resource_customizations/ by `make chart`: health and actions of our kinds.\n"
    "# kubectl patch configmap argocd-cm -n argocd --patch-file manifests/argocd/argocd-cm.yaml\n"
)


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as they are."""


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)


def patch() -> str:
    """The patch as the text of its file."""
    data: dict[str, str] = {}
    for path in sorted(FOLDER.glob("resource_customizations/*/*/health.lua")):
        name = f"{path.parent.parent.name}_{path.parent.name}"
        data[f"resource.customizations.health.{name}"] = path.read_text()
        if (actions := path.parent / "actions").exists():
            data[f"resource.customizations.actions.{name}"] = _dumped(_actions(actions))
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-cm", "namespace": "argocd"}}
    return _HEADER + _dumped({**body, "data": data})


def _actions(folder: Path) -> dict[str, Any]:
    scripts = sorted(folder.glob("*/action.lua"))
    return {
        "discovery.lua": (folder / "discovery.lua").read_text(),
        "definitions": [{"name": each.parent.name, "action.lua": each.read_text()} for each in scripts],
    }


def _dumped(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=120)
