"""Where the control plane's binaries come from: order, verification, and one build for all who ask at once."""

import hashlib
import http.server
import io
import socket
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from smsandbox import golang
from smsandbox.controlplane import binaries, build, release


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SMENDPOINTS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    return tmp_path / "cache"


def programs(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in binaries.PROGRAMS:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return folder


def archive(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(f"{release.FOLDER}/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, bytes]]:
    monkeypatch.setattr(release, "TIMEOUT_SECONDS", 60.0)  # nothing is tried next: there is time
    content = archive({"kube-apiserver": b"server", "etcd": b"store", "kubectl": b"client"})

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/envtest.tar.gz", content
    server.shutdown()
    server.server_close()


def test_kubebuilder_assets_come_first(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(cache / "controlplane" / build.key())
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(programs(tmp_path / "assets")))
    assert binaries.find().etcd == tmp_path / "assets" / "etcd"


def test_kubebuilder_assets_without_binaries_are_refused_by_name(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(cache / "controlplane" / build.key())
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(cache))
    with pytest.raises(binaries.BinariesMissingError, match=r"KUBEBUILDER_ASSETS=.* holds no kube-apiserver and etcd"):
        binaries.ensure(print)


def test_without_any_the_message_says_what_to_run(cache: Path) -> None:
    with pytest.raises(binaries.BinariesMissingError, match="python -m smsandbox prepare"):
        binaries.find()


def test_a_folder_that_lacks_one_program_does_not_count(cache: Path) -> None:
    folder = programs(cache / "controlplane" / build.key())
    (folder / "etcd").unlink()
    with pytest.raises(binaries.BinariesMissingError):
        binaries.find()


def test_what_is_cached_needs_no_work(cache: Path) -> None:
    folder = programs(cache / "controlplane" / build.key())
    said: list[str] = []
    assert binaries.ensure(said.append).kube_apiserver == folder / "kube-apiserver"
    assert said == []


def test_the_archive_is_unpacked_when_its_checksum_is_the_pinned_one(served: tuple[str, bytes], tmp_path: Path) -> None:
    url, content = served
    pinned = release.Archive(url, hashlib.sha512(content).hexdigest())
    assert release.fetch(pinned, print, tmp_path) is True
    assert (tmp_path / "kube-apiserver").read_bytes() == b"server"
    assert (tmp_path / "etcd").stat().st_mode & 0o777 == 0o755


def test_an_archive_with_another_checksum_is_refused(served: tuple[str, bytes], tmp_path: Path) -> None:
    said: list[str] = []
    assert release.fetch(release.Archive(served[0], "0" * 128), said.append, tmp_path) is False
    assert list(tmp_path.iterdir()) == []
    assert "its SHA-512 is not the pinned one" in said[-1]


def test_a_network_without_the_archive_costs_one_line(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: refused at once
        said: list[str] = []
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/envtest.tar.gz"
        assert release.fetch(release.Archive(url, ""), said.append, tmp_path) is False
    assert len(said) == 1


MAKE_ONCE = """
import sys
from pathlib import Path
from smsandbox.controlplane import binaries, build, release
release.for_this_machine = lambda: None
def slow(say, folder):
    import time
    with open(sys.argv[1], "a") as log:
        log.write("built\\n")
    time.sleep(0.5)  # long enough for the other to come meanwhile
    for name in binaries.PROGRAMS:
        (folder / name).write_text("#!/bin/sh\\n")
        (folder / name).chmod(0o755)
    return True
build.build = slow
print(binaries.ensure(print).etcd)
"""


def test_of_two_clones_that_come_at_once_one_builds(cache: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "-c", MAKE_ONCE, str(log)]
    clones = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    found = [clone.communicate(timeout=240)[0] for clone in clones]
    assert log.read_text() == "built\n"
    assert found[0] == found[1] == f"{cache / 'controlplane' / build.key() / 'etcd'}\n"


def test_a_failed_build_leaves_nothing_that_looks_done(cache: Path) -> None:
    def fail(folder: Path) -> bool:
        (folder / "etcd").write_text("half")
        raise build.BuildError("no space left")

    with pytest.raises(build.BuildError):
        binaries.publish(cache / "controlplane" / "x", fail)
    assert list((cache / "controlplane").iterdir()) == []


def test_both_version_packages_are_stamped() -> None:
    flags = build.link_flags("1.36.3")
    for package in build.STAMPED:
        assert f"-X {package}.gitVersion=v1.36.3" in flags
        assert f"-X {package}.gitMinor=36" in flags


def test_the_pinned_release_and_the_archive_are_of_one_minor_version() -> None:
    pinned = build.kubernetes_version()
    assert pinned.split(".")[:2] == release.VERSION.split(".")[:2]


@pytest.mark.parametrize(
    ("version", "enough"),
    [("go1.26.0", True), ("go1.27", True), ("go1.26.8", True), ("go1.25.9", False), ("devel go1.28-abc", False)],
)
def test_an_old_go_is_not_used(version: str, enough: bool) -> None:
    assert golang.is_new_enough(version, "1.26.0") is enough


def test_a_long_build_tells_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golang, "SAY_EVERY_SECONDS", 0.1)
    said: list[str] = []
    marker = tmp_path / "told"
    program = f"import pathlib, time\nprint('a/b')\nprint('c/d', flush=True)\nwhile not pathlib.Path({str(marker)!r}).exists(): time.sleep(0.05)"

    def say(line: str) -> None:
        said.append(line)
        if "2 of at most 9" in line:
            marker.touch()

    golang.follow("etcd", [sys.executable, "-c", program], {}, tmp_path, tmp_path / "log", say, 9)
    assert said[-1].startswith("  etcd: ")
    assert said[-1].endswith("s, 2 of at most 9 packages compiled")


def test_a_build_that_fails_shows_the_end_of_its_output(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('undefined: foo')"]
    with pytest.raises(build.BuildError, match="undefined: foo"):
        golang.follow("etcd", command, {}, tmp_path, tmp_path / "log", print, 9)
