"""What others wrote (messages, log lines, names of AWS) as text: nothing in it moves a cursor, colours or reorders."""

import re

# C0 and C1 but tab and newline; marks that reorder or hide text; separators that a terminal takes for a new line.
_HOSTILE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")


def plain(text: object) -> str:
    r"""The text with its control characters written out, as `\x1b`; lines and tabs stay."""
    return _HOSTILE.sub(lambda match: _written(match[0]), str(text))


def line(text: object) -> str:
    """The text in one line."""
    return plain(text).replace("\n", "\\n").replace("\t", " ")


def _written(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
