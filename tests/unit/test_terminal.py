"""What is seen of a command on a terminal: its text, and nothing of what moves colours and links."""

from pathlib import Path

import pytest

from smsandbox.terminal import typed


@pytest.mark.parametrize(
    "printed",
    [
        r"\033[1mthe dashboard\033[0m",
        r"\033]8;id=1;https://example.com/\033\\the dashboard\033]8;;\033\\",
        r"\033]8;;https://example.com/\athe dashboard\033]8;;\a",
    ],
    ids=["bold", "link", "link-ended-by-bell"],
)
def test_colours_and_links_are_left_out(printed: str, tmp_path: Path) -> None:
    assert typed(f"printf '{printed}\\n'", {}, tmp_path) == ("the dashboard\n", 0)
