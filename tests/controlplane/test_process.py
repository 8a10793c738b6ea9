"""Services: started once, found again, believed only when they are what was started, gone with their parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from smsandbox.process import Service, ServiceError, identity, wait_until

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    made: list[Service] = []

    def make(**changes: object) -> Service:
        arguments = {"name": "sleeper", "command": SLEEP, "run_dir": tmp_path, "log": tmp_path / "sleeper.log"}
        made.append(Service(**{**arguments, **changes}))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.kill()


def eventually(condition: Callable[[], object]) -> None:
    wait_until(lambda: condition() or None, 120, lambda: "the condition did not come true")


def test_a_second_start_finds_the_first_process(service: Callable[..., Service]) -> None:
    first, second = service(), service()
    assert first.ensure_running() is True
    assert second.ensure_running() is False
    assert first.pid == second.pid == int(first.pid_file.read_text())


def test_one_that_died_is_started_again(service: Callable[..., Service]) -> None:
    sleeper = service()
    sleeper.ensure_running()
    assert sleeper.pid is not None
    os.kill(before := sleeper.pid, signal.SIGKILL)
    eventually(lambda: sleeper.pid is None)
    assert sleeper.ensure_running() is True
    assert sleeper.pid not in {None, before}


def test_another_command_replaces_the_running_one(service: Callable[..., Service]) -> None:
    first = service()
    first.ensure_running()
    before = first.pid
    second = service(environment={"A": "1"})
    assert second.ensure_running() is True
    assert second.pid != before
    assert before is not None
    assert identity(before) is None


def test_a_pid_file_left_by_another_process_is_not_believed(service: Callable[..., Service]) -> None:
    sleeper = service()
    sleeper.ensure_running()
    with subprocess.Popen(["sleep", "600"]) as bystander:
        try:
            sleeper.pid_file.write_text(f"{bystander.pid}\n")
            assert sleeper.pid is None
            assert service().stop() is False
            assert bystander.poll() is None
            assert sleeper.stop() is True  # its own child it knows without the file
            assert bystander.poll() is None
        finally:
            bystander.kill()


@pytest.mark.parametrize("content", ["", "no number", "999999999"])
def test_a_broken_pid_file_means_not_running(service: Callable[..., Service], content: str) -> None:
    sleeper = service()
    sleeper.pid_file.write_text(content)
    assert sleeper.pid is None
    assert sleeper.ensure_running() is True


def test_a_recorded_pid_with_another_start_time_is_not_believed(service: Callable[..., Service]) -> None:
    sleeper = service()
    sleeper.ensure_running()
    record = sleeper._record_file.read_text()
    pid, started, boot = (identity(sleeper.pid or 0) or "").split()
    sleeper._record_file.write_text(record.replace(f"{pid} {started} {boot}", f"{pid} {int(started) - 1} {boot}"))
    assert sleeper.pid is None
    sleeper._record_file.write_text(record)
    assert sleeper.pid == int(pid)


def test_a_program_that_ignores_sigterm_is_killed_at_the_deadline(service: Callable[..., Service]) -> None:
    sleeper = service(command=STUBBORN)
    sleeper.ensure_running()
    eventually(lambda: "up" in sleeper.log.read_text())
    pid = sleeper.pid
    assert pid is not None
    assert sleeper.stop(seconds=0.2) is True
    assert identity(pid) is None
    assert not sleeper.pid_file.exists()
    assert sleeper.stop() is False


def test_one_that_ends_before_it_is_ready_is_reported_with_its_log(service: Callable[..., Service]) -> None:
    broken = service(command=[sys.executable, "-c", "raise SystemExit('no such database')"])
    broken.ensure_running()
    with pytest.raises(ServiceError, match="no such database"):
        broken.wait_ready(lambda: False, 120)


def test_one_that_never_gets_ready_is_reported(service: Callable[..., Service]) -> None:
    sleeper = service()
    sleeper.ensure_running()
    with pytest.raises(ServiceError, match=r"sleeper is not ready after 0\.2 s"):
        sleeper.wait_ready(lambda: False, 0.2)


PARENT = """
import sys, time, threading
from pathlib import Path
from smsandbox.process import Service
folder, bound = Path(sys.argv[1]), sys.argv[2] == "bound"
service = Service("sleeper", ["sleep", "600"], folder, folder / "sleeper.log", bound=bound)
thread = threading.Thread(target=service.ensure_running)  # ends at once: the process must not end with the thread
thread.start()
thread.join()
(folder / "started").touch()
time.sleep(600)
"""


@pytest.mark.parametrize("kind", ["bound", "detached"])
def test_kill_9_of_the_parent_ends_the_bound_and_spares_the_detached(
    service: Callable[..., Service], tmp_path: Path, kind: str
) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path), kind]) as parent:
        try:
            eventually((tmp_path / "started").exists)
            sleeper = service(command=["sleep", "600"])
            assert sleeper.pid is not None
        finally:
            parent.kill()
    if kind == "bound":
        eventually(lambda: sleeper.pid is None)
    else:
        assert sleeper.pid is not None
        assert sleeper.stop() is True


def test_two_processes_that_start_at_once_start_one(tmp_path: Path, service: Callable[..., Service]) -> None:
    starter = PARENT.replace("threading.Thread(target=service.ensure_running)", "threading.Thread(target=go)").replace(
        "thread =",
        "def go(): (folder / f'{time.monotonic_ns()}.result').write_text(str(service.ensure_running()))\nthread =",
    )
    parents = [subprocess.Popen([sys.executable, "-c", starter, str(tmp_path), "bound"]) for _ in range(3)]
    try:
        eventually(lambda: len([path for path in tmp_path.glob("*.result") if path.read_text()]) == 3)
        assert sorted(path.read_text() for path in tmp_path.glob("*.result")) == ["False", "False", "True"]
        pid = service().pid
        assert pid is not None
        eventually(lambda: Path(f"/proc/{pid}/cmdline").read_bytes() == b"sleep\x00600\x00")  # it binds itself first
    finally:
        for parent in parents:
            parent.kill()
            parent.wait()


LEADERLESS = """
import ctypes, platform, threading, time
threading.Thread(target=time.sleep, args=(600,)).start()
ctypes.CDLL(None).syscall({"x86_64": 60, "aarch64": 93}[platform.machine()], 0)  # ends this thread alone
"""


def test_a_process_has_not_ended_while_a_thread_of_it_holds_its_ports(service: Callable[..., Service]) -> None:
    sleeper = service(command=[sys.executable, "-c", LEADERLESS])
    sleeper.ensure_running()
    pid = sleeper.pid
    eventually(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z")
    assert sleeper.pid == pid
    assert sleeper.kill() is True
    assert not Path(f"/proc/{pid}").exists()


def test_a_process_name_with_spaces_and_brackets_is_parsed(tmp_path: Path) -> None:
    program = tmp_path / "a) S (b"
    program.symlink_to(Path(sys.executable).resolve())
    with subprocess.Popen([str(program), "-I", "-S", "-c", "import time; time.sleep(600)"]) as child:
        try:
            eventually(lambda: Path(f"/proc/{child.pid}/stat").read_text().count(")") > 1)
            pid, started, _ = (identity(child.pid) or "").split()
            assert int(pid) == child.pid
            assert 0 < int(started) <= time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK")
        finally:
            child.kill()
