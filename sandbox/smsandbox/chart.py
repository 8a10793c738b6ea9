"""What is made from the Helm chart: the plain manifests, and the table of values in its README. And Argo CD's settings.

`python -m smsandbox.chart [--check]`; `make chart` runs it. The chart is the one source of the installation: Helm 4
renders it, and what only Helm's own bookkeeping needs is taken out.
"""

import argparse
import difflib
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from smsandbox import argocd, paths, tools

CHART = paths.repository() / "charts" / "smendpoints"
MANIFESTS = paths.repository() / "manifests"
HEADER = "# Rendered from charts/smendpoints by `make chart`: what differs for everybody is changed there.\n"
NAMESPACE = "smendpoints-system"
# What kustomizations bring in their own way: the CRDs, and the checks of policies.
_APART = ("--set", "crds.install=false,policy.admission=false")
_HELMS_OWN = re.compile(
    r"^ +(helm\.sh/chart|app\.kubernetes\.io/(instance|version|managed-by)|checksum/config): .*\n", re.MULTILINE
)
_SOURCE = re.compile(r"^# Source: smendpoints/templates/(\S+)\n", re.MULTILINE)
_BEGIN, _END = "<!-- values: made by `make chart` from values.yaml -->\n", "<!-- end of values -->"


def template(*arguments: str, helm: str = "helm4", chart: Path = CHART) -> str:
    """What `helm template` renders for a release named like the chart.

    Raises:
        subprocess.CalledProcessError: it refused; its `stderr` says why.
    """
    command = [str(tools.find(helm)), "template", "smendpoints", str(chart), "--namespace", NAMESPACE, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


def manifests() -> dict[Path, str]:
    """The plain manifests by their paths."""
    found = {MANIFESTS / name: text for name, text in _files(template(*_APART)).items()}
    named = _files(template(*_APART, "--set", "installScope=namespace,watchNamespace=team-a"))
    found[MANIFESTS / "namespaced" / "team-a.yaml"] = named["rbac/namespaces.yaml"]
    found[MANIFESTS / "namespaced" / "cluster_role.yaml"] = named["rbac/cluster_role.yaml"]
    watched = _files(template(*_APART, "--set", "metrics.podMonitor.enabled=true,metrics.podMonitor.interval=30s"))
    found[MANIFESTS / "monitoring" / "pod_monitor.yaml"] = watched["metrics.yaml"]
    alerted = _files(template(*_APART, "--set", "metrics.prometheusRule.enabled=true"))
    found[MANIFESTS / "monitoring" / "prometheus_rule.yaml"] = alerted["alerts.yaml"]
    return found


def _files(rendered: str) -> dict[str, str]:
    """The text of each template's objects, but for the tests."""
    found: dict[str, list[str]] = {}
    for document in rendered.removeprefix("---\n").split("\n---\n"):
        source = _SOURCE.search(document)
        if source is not None and not source[1].startswith("tests/"):
            text = _HELMS_OWN.sub("", document[source.end() :]).strip()
            found.setdefault(source[1], []).append(text)
    return {name: HEADER + "\n---\n".join(texts) + "\n" for name, texts in found.items()}


def described(text: str) -> Iterator[tuple[str, str]]:
    """Path and description of each value that has a comment above it."""
    above: list[tuple[int, str]] = []
    comment: list[str] = []
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("#"):
            comment.append(stripped.removeprefix("#").strip())
        elif match := re.match(r"( *)([A-Za-z]+):", line):
            above = [(depth, key) for depth, key in above if depth < len(match[1])] + [(len(match[1]), match[2])]
            if comment:
                yield ".".join(key for _, key in above), " ".join(comment)
            comment = []
        else:
            comment = []


def readme(text: str) -> str:
    """The README with its table of values as it should be."""
    source = (CHART / "values.yaml").read_text()
    values: Any = yaml.safe_load(source)
    rows = [f"| `{path}` | `{json.dumps(_at(values, path))}` | {told} |" for path, told in described(source)]
    table = "\n".join(["| value | default | |", "| --- | --- | --- |", *rows, ""])
    before, rest = text.split(_BEGIN)
    return before + _BEGIN + table + _END + rest.split(_END, 1)[1]


def _at(values: Any, path: str) -> Any:
    for key in path.split("."):
        values = values[key]
    return values


def main(arguments: Sequence[str] | None = None) -> int:
    """Write what is made of the chart, or with `--check` compare; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m smsandbox.chart", description="Render what is made of the chart.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file differs")
    options = parser.parse_args(arguments)
    wanted = manifests()
    wanted[CHART / "README.md"] = readme((CHART / "README.md").read_text())
    wanted[argocd.PATCH] = argocd.patch()
    stale = False
    for path, text in wanted.items():
        found = path.read_text() if path.exists() else ""
        if not options.check:
            path.write_text(text)
        elif diff := list(difflib.unified_diff(found.splitlines(), text.splitlines(), str(path), "made", lineterm="")):
            sys.stderr.write("\n".join([*diff, f"{path} is stale: run `make chart`", ""]))
            stale = True
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
