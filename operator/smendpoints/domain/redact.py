"""Keeps secrets out of what the status and events repeat from a container's log."""

import re

LONGEST_LINE = 400
_LOOKED_AT = 4 * LONGEST_LINE  # a secret in what is cut off is gone anyway, and no line can keep the patterns busy
_SECRETS = (
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), "[redacted]"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]{8,}"), r"\1 [redacted]"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), "[redacted]"),
    (
        re.compile(
            r"(?i)((?:password|passwd|secret|token|api[_-]?key|credential)[\w-]*\\*[\"']?\s*[=:]\s*)"
            r"(\\*\"[^\"]*\"|'[^']*'|[^\s,;&]+)"
        ),
        r"\1[redacted]",
    ),
    (re.compile(r"(://[^/\s:@]+:)[^@\s]+@"), r"\1[redacted]@"),
    (re.compile(r"(?i)([?&](?:x-amz-(?:signature|credential)|sig)=)[^&\s]+"), r"\1[redacted]"),
)


def redact(line: str) -> str:
    """The line without what looks like a secret, cut to 400 characters."""
    line = line[:_LOOKED_AT]
    for secret, replacement in _SECRETS:
        line = secret.sub(replacement, line)
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…"
