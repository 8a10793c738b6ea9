"""A container run by podman under the restrictions that a Pod's manifest asks for, on this machine's kernel.

Shown: user, read-only root, capabilities, no new privileges, a seccomp filter (podman's own default: each runtime has
one, and they differ little), the memory limit and the size of `/tmp`. Not shown: what a kubelet does (probes,
projected tokens, AppArmor, user namespaces, the network of Pods).
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_UNITS = {"Ki": "k", "Mi": "m", "Gi": "g"}  # podman's are powers of 1024, too


def options(pod: Mapping[str, Any]) -> list[str]:
    """Podman's options for the only container of a Pod's spec.

    Raises:
        ValueError: it asks for something that is not translated, so that nothing is taken for shown that is not.
    """
    (container,) = pod["containers"]
    asked = {**pod.get("securityContext", {}), **container.get("securityContext", {})}
    asked.pop("fsGroup", None)  # of volumes, which the caller mounts
    if asked.pop("seccompProfile", None) != {"type": "RuntimeDefault"}:
        raise ValueError("the seccomp profile is not the runtime's default")
    expected = {
        "runAsNonRoot": True,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    user, group = asked.pop("runAsUser"), asked.pop("runAsGroup")
    if asked != expected or user == 0:
        raise ValueError(f"translate this, too: {asked}")
    found = ["--user", f"{user}:{group}", "--read-only", "--read-only-tmpfs=false", "--cap-drop", "ALL"]
    found += ["--security-opt", "no-new-privileges"]
    if limit := container.get("resources", {}).get("limits", {}).get("memory"):
        found += ["--memory", _bytes(limit)]
    sizes = {each["name"]: each["emptyDir"]["sizeLimit"] for each in pod.get("volumes", ()) if "emptyDir" in each}
    for mount in container.get("volumeMounts", ()):
        if mount["name"] in sizes:
            found += ["--tmpfs", f"{mount['mountPath']}:rw,size={_bytes(sizes[mount['name']])},mode=1777"]
    return found


def _bytes(quantity: str) -> str:
    match = re.fullmatch(r"(\d+)(Ki|Mi|Gi)", quantity)
    if match is None:
        raise ValueError(f"no quantity in Ki, Mi or Gi: {quantity}")
    return match[1] + _UNITS[match[2]]


@dataclass(frozen=True)
class Container:
    """One that runs."""

    name: str

    def logs(self) -> str:
        """All that it has printed."""
        done = _podman("logs", self.name)
        return done.stdout + done.stderr

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command beside it, as its user and under its restrictions."""
        return _podman("exec", self.name, *command)

    def restrictions(self) -> dict[str, str]:
        """What the kernel says of its first process: `/proc/1/status`, by field."""
        read = self.run("python", "-c", "print(open('/proc/1/status').read())")
        read.check_returncode()
        lines = (line.partition(":") for line in read.stdout.splitlines() if ":" in line)
        return {name: value.strip() for name, _, value in lines}

    def stop(self, seconds: int) -> int:
        """Send it SIGTERM, and SIGKILL after so many seconds; its exit code."""
        _podman("stop", "--time", str(seconds), self.name).check_returncode()
        return int(self.state()["ExitCode"])

    def state(self) -> dict[str, Any]:
        """Podman's word on how it is: Running, ExitCode, OOMKilled."""
        found: dict[str, Any] = json.loads(_podman("inspect", "--format", "{{json .State}}", self.name).stdout)
        return found


@contextmanager
def running(
    tag: str, restrictions: list[str], *arguments: str, environment: Mapping[str, str], volumes: Mapping[Path, str]
) -> Iterator[Container]:
    """The image `tag` on the network of this machine, for the block. `volumes` are seen read-only at their places.

    Raises:
        AssertionError: it did not start; says why.
    """
    # crun refuses machines of both versions of cgroups; runc takes them.
    runtime = ["--runtime", "runc"] if shutil.which("runc") else []
    variables = [f"--env={name}={value}" for name, value in environment.items()]
    mounts = [f"--volume={path}:{place}:ro" for path, place in volumes.items()]
    limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]  # podman's own may be above this machine's
    options = ["--detach", "--network", "host", "--pull", "never", *limits]
    started = _podman(*runtime, "run", *options, *restrictions, *variables, *mounts, tag, *arguments)
    if started.returncode:
        raise AssertionError(started.stderr)
    container = Container(started.stdout.strip())
    try:
        yield container
    finally:
        _podman("rm", "--force", "--time", "10", container.name)


def _podman(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["podman", *arguments], check=False, capture_output=True, text=True, timeout=300)
