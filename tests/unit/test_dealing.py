"""Which worker runs which tests, and in which order."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from smsandbox.testing.dealing import order, unit

WAITS, COMPUTES = "tests/integration/test_operator_{}.py", "tests/unit/test_{}.py"


def test_the_longest_come_first_and_those_that_wait_take_turns_with_those_that_compute() -> None:
    seconds = {WAITS.format("b"): 60.0, WAITS.format("a"): 40.0, COMPUTES.format("d"): 30.0, COMPUTES.format("c"): 5.0}
    assert order(sorted(seconds), seconds) == [*map(WAITS.format, "b"), COMPUTES.format("d"), WAITS.format("a"),
                                               COMPUTES.format("c")]  # fmt: skip


def test_files_that_share_an_api_server_stay_together() -> None:
    files = ["tests/integration/test_api_a.py", "tests/integration/test_api_b.py", "tests/integration/test_console.py"]
    seconds = dict(zip(files, (50.0, 1.0, 20.0), strict=True))
    assert order(files, seconds) == files
    assert len({unit(f"{file}::test_it", seconds) for file in files[:2]}) == 1


def test_of_one_kind_alone_the_order_is_by_length() -> None:
    assert order(["tests/unit/a.py", "tests/unit/b.py"], {"tests/unit/a.py": 1.0}) == [
        "tests/unit/b.py",
        "tests/unit/a.py",
    ]
    assert order([], {}) == []
    assert order(["tests/unit/a.py"], {"tests/unit/a.py": 0.0}) == ["tests/unit/a.py"]  # less than half a second


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("tests/property/test_long.py::test_it[1]", "tests/property/test_long.py::test_it[1]"),
        ("tests/property/test_short.py::test_it[1]", "tests/property/test_short.py"),
        ("tests/integration/test_long.py::test_it", "tests/integration/test_long.py"),
    ],
)
def test_a_file_stays_together_but_a_long_one_in_virtual_time(test: str, expected: str) -> None:
    assert unit(test, {"tests/property/test_long.py": 20.0, "tests/integration/test_long.py": 300.0}) == expected


def test_several_workers_run_all_tests_and_record_what_each_file_took(tmp_path: Path) -> None:
    folder = tmp_path / "tests" / "unit"
    folder.mkdir(parents=True)
    for name in "ab":
        (folder / f"test_{name}.py").write_text("def test_one(): pass\ndef test_two(): pass\n")
    (tmp_path / "tests" / "seconds.json").write_text('{"tests/unit/test_gone.py": 9, "tests/unit/test_a.py": 9}')
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "smsandbox.testing.dealing", "--record-seconds"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert "4 passed" in ran.stdout, ran.stdout + ran.stderr
    recorded = json.loads((tmp_path / "tests" / "seconds.json").read_text())
    assert recorded == {"tests/unit/test_a.py": 0, "tests/unit/test_b.py": 0}
