"""What a page shows is compared with what is printed: what varies is let pass, and nothing else."""

import os
from pathlib import Path

import pytest

from smsandbox.testing.documented import Step, blocks
from smsandbox.testing.transcript import differences, follow


@pytest.mark.parametrize(
    ("told", "seen"),
    [
        ("NAME   AGE\niris   31s\n", "NAME  AGE\niris  6m35s\n"),
        ("in service with default-iris-305d45179a", "in service with default-iris-2249f8fc7b"),
        ("in service with default-iris-305d45179a", "in service with default-iris-1234567890"),
        ("baking until 14:03:20Z", "baking until 09:00:01Z"),
        ("stops at 2026-11-26T17:00:00Z", "stops at 2027-01-04T17:00:00Z"),
        ("answered in 1,294 ms", "answered in 9 ms"),
        ('{"setosa":0.9999500749455282}', '{"setosa":0.9999500749455291}'),
        ("Reconciling  Creating\nReady  InService\n", "Ready  InService\n"),
        ("first\n…\nlast\n", "first\nsecond\nthird\nlast\n"),
        ("first\n…\nlast\n", "first\nlast\n"),
        ("5s  Normal  A  x\n6s  Normal  B  y\n", "2s  Normal  B  y\n2s  Normal  A  x\n"),
        ("5s  Normal  A  x\n…\n6s  Normal  B  y\n", "1s  Normal  C  z\n2s  Normal  B  y\n2s  Normal  A  x\n"),
    ],
)
def test_what_varies_is_no_difference(told: str, seen: str) -> None:
    assert differences(told, seen) == ""


@pytest.mark.parametrize(
    ("told", "seen"),
    [
        ("iris   InService   1/1", "iris   InService   1/2"),
        ("arn:aws:iam::123456789012:role/a", "arn:aws:iam::123456789013:role/a"),
        ("stops at 2026-11-26T18:00:00+01:00", "stops at 2026-11-26T17:00:00Z"),
        ('{"setosa":0.9999500749455282}', '{"setosa":0.9879500749455291}'),
        ("Ready  InService\n", "Reconciling  Creating\nReady  Stopped\n"),
        ("first\n…\nlast\n", "first\nlast\nsecond\n"),
        ("5s  Normal  A  x\n…\n6s  Normal  B  y\n", "1s  Normal  C  z\n2s  Normal  A  x\n"),
        ("", "patched\n"),
        ("patched\n", ""),
    ],
)
def test_what_does_not_vary_is(told: str, seen: str) -> None:
    assert "--- the page\n+++ as printed" in differences(told, seen)


def test_commands_of_one_shell_are_compared_each_with_its_output(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```sh\nname=iris # kept\n```\n```console\n$ echo $name\niris\n$ echo \\\n    more >&2\nless\n$ true\n```\n"
    )
    followed = follow(blocks(page), tmp_path, os.environ, timeout=60)
    assert [step for _, step, _ in followed.printed][1:] == [
        Step("echo $name", "iris\n"),
        Step("echo more >&2", "less\n"),
        Step("true"),
    ]
    told = followed.differences()
    assert told.startswith("page.md: $ echo more >&2\n")
    assert told.count("$ ") == 1


def test_a_command_whose_output_depends_on_the_time_prints_one_of_those_shown(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ echo $when\nday\n```\n```console\n$ echo $when\nnight\n```\n")
    found = {
        when: follow(blocks(page), tmp_path, {**os.environ, "when": when}, timeout=60).differences()
        for when in ("day", "night", "noon")
    }
    assert (found["day"], found["night"]) == ("", "")
    assert "+noon" in found["noon"]


def test_the_command_that_fails_is_named(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ echo one\none\n$ cat /nowhere\n$ echo two\n```\n")
    with pytest.raises(AssertionError, match=r"^page\.md: \$ cat /nowhere\ncat: /nowhere: No such file"):
        follow(blocks(page), tmp_path, os.environ, timeout=60)
