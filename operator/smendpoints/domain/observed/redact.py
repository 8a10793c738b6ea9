"""Keeps secrets out of what the status and Events repeat of a container's log and of AWS's words.

What looks like a secret goes, whatever stands around it; a pattern cannot know all of them, so a namespace's policy can
turn log tails off. Not here: which lines are shown.
"""

import re
from collections.abc import Callable, Sequence

LONGEST_LINE = 400
_LOOKED_AT = 4 * LONGEST_LINE  # no line can keep the patterns busy; what is cut off is not shown
GONE = "[redacted]"

_WORDS = (
    r"passwords?|passwd|passphrase|passcode|(?<![a-z])pass(?![a-z])|(?:db|user|admin|root)pass(?![a-z])|pwd(?![a-z])|secret(?!smanager)|token(?!iz)|credentials?|"
    r"api[_-]?key|access[_-]?key|private[_-]?key|account[_-]?key|encryption[_-]?key|signing[_-]?key|signature|"
    r"(?<![a-z])authorization|set-cookie|cookie|connection[_-]?string|(?<![a-z])sig(?![a-z])"
)
_KEY = rf"[\w.-]{{0,60}}?(?:{_WORDS})[\w.-]{{0,60}}"
_VALUE = (
    r"(?:(?:bearer|basic|digest|token|negotiate)\s+)?"
    r"(?:(?P<open>\\*[\"'])(?:(?!(?P=open))(?:\\.|[^\\\n]))*(?:(?P=open)|(?=\n)|$)|[^\s,;&\"'}\])]+)"
)
_PROSE = r"(?:is|was|were|for|not|and|or|of|to|in|from|has|must|may|file|hash\w*|policy|reset|authentication|required)"


def _is_mixed(text: str) -> bool:
    return all(any(kind(each) for each in text) for kind in (str.isupper, str.islower, str.isdigit))


def _mixed(match: re.Match[str]) -> str:
    """Forty characters of base64 and more are a key, unless they are a hash or a path."""
    return GONE if _is_mixed(match[0]) else match[0]


_TOKENS = (
    re.compile(
        r"-----BEGIN [A-Z0-9 ]{0,40}(?:PRIVATE KEY|CERTIFICATE)(?: BLOCK)?-----"
        r"(?:(?!-----END)[\s\S])*(?:-----END [A-Z0-9 ]{0,60}-----|$)"
    ),
    re.compile(r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}"),
    re.compile(r"(?:hf|gh[opsur]|github_pat|glpat|npm|pypi|dop_v1|shpat|xox[abeprs])[_-][A-Za-z0-9_-]{10,}"),
    re.compile(r"(?<![A-Za-z0-9])(?:sk|rk|pk)[-_][A-Za-z0-9_-]{12,}"),
    re.compile(r"AIza[A-Za-z0-9_-]{30,}"),
    re.compile(r"eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)*"),
)
_PAIRS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]{8,}"), rf"\1 {GONE}"),
    (
        re.compile(rf"(?i)(?<![\w.-])(?<!\d{{12}}:)(?P<key>{_KEY}\\*[\"']?\s*(?:=>|[=:])\s*){_VALUE}"),
        rf"\g<key>{GONE}",
    ),
    (re.compile(rf"(?i)(?P<key>--{_KEY})\s+{_VALUE}"), rf"\g<key> {GONE}"),
    (
        re.compile(
            rf"(?P<key>(?<![A-Za-z])[A-Z0-9_]{{0,60}}?(?:PASSWORD|PASSWD|PASSPHRASE|PWD|SECRET|TOKEN|API_?KEY|"
            rf"PRIVATE_?KEY|ACCESS_?KEY)[A-Z0-9_]{{0,60}})\s+(?!{_PROSE}\b){_VALUE}"
        ),
        rf"\g<key> {GONE}",
    ),
    (
        re.compile(rf"(?i)(?P<key>(?<![a-z])(?:password|passwd|passphrase))\s+(?!{_PROSE}\b){_VALUE}"),
        rf"\g<key> {GONE}",
    ),
    (re.compile(r"(://[^/\s:@]*:)[^@\s]+@"), rf"\1{GONE}@"),
    (re.compile(r"(://)[^/\s:@?#]{16,}@"), rf"\1{GONE}@"),
    (re.compile(r"(?i)([?&](?:x-amz-(?:signature|credential|security-token)|sig|code|key)=)[^&\s\"']+"), rf"\1{GONE}"),
    (re.compile(r"(?<![\w/+.:-])[A-Za-z0-9+][A-Za-z0-9+/]{39,}={0,2}(?![\w+/.-])"), _mixed),
)
_SECRET_NAME = re.compile(rf"(?i)^{_KEY}$")
_OPENS = re.compile(rf"(?i)(?<![\w.-]){_KEY}\\*[\"']?\s*(?:=>|[=:])\s*(?P<block>[|>][+-]?\d?)?\s*\\?$")
_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}(?:PRIVATE KEY|CERTIFICATE)(?: BLOCK)?-----")
_END = re.compile(r"-----END [A-Z0-9 ]{0,60}-----")
_BODY = re.compile(r"(?:^|(?<=[\s\"']))[A-Za-z0-9+/]{40,}={0,2}[\"',\\n]*$")
_LAST_OF_BODY = re.compile(r"(?:^|(?<=[\s\"']))[A-Za-z0-9+/]+={0,2}[\"',\\n]*$")


def names_secret(name: str) -> bool:
    """Whether what bears this name is a secret: the key of a member, the name of a variable."""
    return len(name) <= 200 and _SECRET_NAME.match(name) is not None


def redact_text(text: str) -> str:
    """The text without what looks like a secret. At most 1600 characters are looked at, and no others returned."""
    cut = text[:_LOOKED_AT]
    if len(text) > _LOOKED_AT:
        cut = re.sub(r"\S{1,200}$", "", cut)  # half a secret is not known for one
    for token in _TOKENS:
        cut = token.sub(GONE, cut)
    for pattern, replacement in _PAIRS:
        cut = pattern.sub(replacement, cut)
    return cut


def shortened(line: str, longest: int = LONGEST_LINE) -> str:
    """The line, cut where it is longer."""
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def redact(line: str) -> str:
    """The line without what looks like a secret, cut to 400 characters."""
    text = redact_text(line)
    return shortened(f"{text}…" if len(line) > _LOOKED_AT else text)


def conceal_blocks(lines: Sequence[str]) -> list[str]:
    """The lines without secrets that go over several of them: PEM, and values on the line after their key.

    A block whose beginning is not among the lines is known by its end, or by its lines of base64.
    """
    ends = [number for number, line in enumerate(lines) if _END.search(line)]
    begins = [number for number, line in enumerate(lines) if _BEGIN.search(line)]
    headless = bool(ends) and (not begins or ends[0] < begins[0])
    found: list[str] = []
    in_pem = in_body = headless and (_is_body(lines[0]) or _END.search(lines[0]) is not None)
    indent: int | None = None
    opened = False
    for line in lines:
        margin = len(line) - len(line.lstrip())
        if in_pem or (_BEGIN.search(line) and not _END.search(line)):
            if not in_pem and (before := line[: _BEGIN.search(line).start()].strip()):  # type: ignore[union-attr]
                found.append(f"{before} {GONE}")
            else:
                found.append(GONE)
            in_pem = in_body = not _END.search(line)
        elif opened or (indent is not None and (margin > indent or not line.strip())):
            found.append(f"{line[:margin]}{GONE}" if line.strip() else line)
            opened = opened and not line.strip()
        elif _END.search(line) or _is_body(line) or (in_body and _LAST_OF_BODY.fullmatch(line.strip())):
            found.append(GONE)
            in_body = _is_body(line)
        else:
            in_body = False
            indent = None
            opens = _OPENS.search(line[:_LOOKED_AT])
            if opens is not None:
                opened = True
                indent = margin if opens["block"] else None
            found.append(line)
    return found


def _is_body(line: str) -> bool:
    """Whether the line ends with much base64, as those within PEM do."""
    match = _BODY.search(line[:_LOOKED_AT])
    return match is not None and _is_mixed(match[0])
