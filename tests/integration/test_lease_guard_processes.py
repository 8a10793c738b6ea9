"""The end of a process whose lease is over, in real processes: the signals are the kernel's."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from smsandbox.process import wait_until

PROGRAM = """
import os, sys, threading, time
from smendpoints.lease.election import Timing
from smendpoints.lease.guard import Guard, KernelAlarm, boottime, restarter

def note(what):
    with open(sys.argv[1], "a") as notes:
        notes.write(f"{os.getpid()} {boottime()} {what}\\n")

note("started")
"""
# Writes as fast as it can, and asks no fence: as kopf would, between two lines of its own.
STUBBORN = (
    PROGRAM
    + """
guard = Guard(Timing(4, 2.0, 0.1), lambda reason: None, clock=boottime, alarm=KernelAlarm())
guard.extend(boottime())
while True:
    note("wrote")
"""
)
# As the first process of a container, which the kernel spares the default actions of signals.
FIRST = "import os; os.getpid = lambda: 1\n" + STUBBORN
REBORN = (
    PROGRAM
    + """
again = len(open(sys.argv[1]).readlines()) > 1
if again:
    time.sleep(1.5)  # the old one's alarm would have gone off
    note("lives " + str(threading.active_count()))
    os._exit(7)
def write():
    while True:
        note("wrote")
threading.Thread(target=write, daemon=True).start()
ending = threading.Event()
if len(sys.argv) > 2:
    ending.set()
guard = Guard(Timing(1, 0.5, 0.1), restarter(as_json=True, ending=ending), clock=boottime, alarm=KernelAlarm())
threading.Thread(target=guard.watch, daemon=True).start()
guard.extend(boottime())
time.sleep(60)
"""
)


def notes(path: Path) -> list[list[str]]:
    """The notes that are whole."""
    text = path.read_text() if path.exists() else ""
    return [line.split(" ", 2) for line in text.splitlines() if line.count(" ") >= 2]


def run(program: str, path: Path, *more: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", program, str(path), *more], stderr=subprocess.PIPE)


def test_a_process_that_stood_still_past_its_lease_gets_to_run_nothing_more(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    with run(STUBBORN, path) as process:
        try:
            wait_until(lambda: any(note[2] == "wrote" for note in notes(path)) or None, 60, lambda: "no start")
            os.kill(process.pid, signal.SIGSTOP)
            time.sleep(4.0)  # past the lease, by the clock that counts it
            going_on = time.clock_gettime(time.CLOCK_BOOTTIME)
            os.kill(process.pid, signal.SIGCONT)
            assert process.wait(timeout=60) == -signal.SIGALRM
            assert [note for note in notes(path) if float(note[1]) >= going_on] == []
        finally:
            process.kill()


def test_the_first_process_of_a_container_is_ended_by_a_handler_that_needs_no_python(tmp_path: Path) -> None:
    with run(FIRST, tmp_path / "notes") as process:
        try:
            assert process.wait(timeout=60) == signal.SIGALRM  # the status of an exit, not the end by a signal
        finally:
            process.kill()


def test_a_process_whose_lease_is_over_is_replaced_by_a_new_one_of_the_same_pid(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    with run(REBORN, path) as process:
        try:
            assert process.wait(timeout=60) == 7
            found = notes(path)
            assert {int(note[0]) for note in found} == {process.pid}
            started = [index for index, note in enumerate(found) if note[2] == "started"]
            assert len(started) == 2
            assert [note[2] for note in found[started[1] :]] == ["started", "lives 1"]  # no thread of the old one wrote
            assert process.stderr is not None
            assert b'"message": "the lease could not be renewed for 0.5 s; starting again' in process.stderr.read()
        finally:
            process.kill()


def test_a_process_that_was_told_to_stop_does_not_begin_anew(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    with run(REBORN, path, "ending") as process:
        try:
            assert process.wait(timeout=60) == 1
            assert [note[2] for note in notes(path)].count("started") == 1
        finally:
            process.kill()
