"""A base image of this machine's own files, where the pinned one cannot be pulled: no registry is asked.

It holds what Debian calls required, the shared libraries that Python needs, and the Python that runs this, put to
`/usr/local` where the pinned base has its own. It is not the pinned base: another Python, other versions of
libraries, not what is released. It shows that the Dockerfile builds, and what is in the layers that are ours.
"""

import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

_TOP = ("bin", "lib", "lib64", "sbin")  # links into /usr on a Debian of today
_LEFT_OUT = re.compile(r"/(test|tests|idlelib|__pycache__)(/|$)|\.a$|/usr/share/(doc|man|locale|info|lintian)/")
_OF_PYTHON = re.compile(r"lib/|bin/python(\d(\.\d+)?)?$")
_PIP = re.compile(r"/site-packages/(?!pip(/|-|$))")


def write(archive: Path, epoch: int) -> None:
    """Write the root file system as a tar archive: on one machine the same bytes for the same `epoch` (seconds).

    Raises:
        RuntimeError: this machine is no Debian, or its Python has no prefix of its own.
        subprocess.CalledProcessError: dpkg or ldd failed.
    """
    prefix = Path(sys.base_prefix).resolve()
    if prefix == Path("/usr"):
        raise RuntimeError("the Python that runs this is the system's own: make .venv with another, as of pyenv or uv")
    if not Path("/usr/bin/dpkg-query").exists():
        raise RuntimeError("a stand-in for the base is made of Debian's files, and this machine has no dpkg")
    entries = {**dict(_system()), **dict(_python(prefix))}
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as made:
        for name in _TOP:
            if Path("/", name).is_symlink():
                made.add(Path("/", name), name, recursive=False, filter=lambda each: _plain(each, epoch))
        for folder in ("tmp", "proc", "sys", "dev", "var/tmp", "root", "home"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o1777 if folder.endswith("tmp") else 0o755, epoch
            made.addfile(entry)
        for name in sorted(entries):
            made.add(entries[name], name, recursive=False, filter=lambda each: _plain(each, epoch))


def _plain(entry: tarfile.TarInfo, epoch: int) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = epoch
    if entry.islnk():  # the same file twice: written out, so that order does not matter
        entry.type = tarfile.REGTYPE
    return entry


def _system() -> Iterator[tuple[str, Path]]:
    """The files of Debian's required packages, and the libraries that wheels expect (manylinux), by their place."""
    asked = ["dpkg-query", "-W", "-f", "${Package}:${Architecture} ${Priority} ${Status}\\n"]
    lines = _out(*asked).splitlines()
    packages = [
        line.split()[0].removesuffix(":all") for line in lines if " required " in line and line.endswith(" installed")
    ]
    architecture = _out("dpkg", "--print-architecture").strip()
    packages += [f"{name}:{architecture}" for name in ("libc6", "libgcc-s1", "libstdc++6")]
    listed = _out("dpkg", "-L", *packages)
    files = [Path(line) for line in listed.splitlines() if line.startswith("/") and line != "/."]
    files = [file for file in files if not file.is_dir() and not _LEFT_OUT.search(str(file))]
    libraries = _libraries([file for file in files if file.is_file() and "/bin/" in str(file)])
    configuration = [Path(f"/etc/{name}") for name in ("passwd", "group", "nsswitch.conf", "os-release", "mime.types")]
    for file in [*files, *libraries, *configuration]:
        yield from _entry(file)


def _python(prefix: Path) -> Iterator[tuple[str, Path]]:
    """The Python at `prefix`, as /usr/local, with pip and without other packages, and the libraries that it loads."""
    files = [file for file in prefix.rglob("*") if not _LEFT_OUT.search(str(file)) and not _PIP.search(str(file))]
    for file in files:
        inside = file.relative_to(prefix)
        if _OF_PYTHON.match(str(inside)) and (file.is_symlink() or file.is_file()):
            yield f"usr/local/{inside}", file
    loaded = [*(prefix / "lib").rglob("lib-dynload/*.so"), (prefix / "bin" / "python3").resolve()]
    for library in _libraries(loaded):
        if not library.is_relative_to(prefix):
            yield from _entry(library)


def _libraries(programs: list[Path]) -> set[Path]:
    """The shared libraries that these load."""
    done = subprocess.run(["ldd", *map(str, programs)], check=False, capture_output=True, text=True)
    return {Path(path) for path in re.findall(r"(?:=> |^\s+)(/\S+) \(0x", done.stdout, re.MULTILINE)}


def _entry(file: Path) -> Iterator[tuple[str, Path]]:
    """The file, and what it links to, each below the real folder that it is in."""
    if not (file.exists() or file.is_symlink()):
        return
    placed = file.parent.resolve() / file.name
    yield str(placed).lstrip("/"), placed
    if placed.is_symlink() and placed.exists():
        target = placed.resolve()
        if target.is_file():
            yield str(target).lstrip("/"), target
            between = placed.readlink()
            step = placed.parent / between
            if step.is_symlink():
                yield from _entry(step)


def _out(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
