"""Who may speak to the simulator over HTTP: programs on this machine, never a page in a browser. Pure functions.

A page of any site can send requests to a loopback port. What it sends tells of it: a browser adds `Origin` to each
request that could change something, and `Sec-Fetch-Site` to each request at all; and a site whose name is made to
resolve to 127.0.0.1 (DNS rebinding) still sends its name as `Host`. No SDK sends the first two, and each sends a
loopback address or a name of AWS's as `Host`. Not a boundary between users of this machine: any key is welcome.
"""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.datastructures import Headers

HOSTS = re.compile(
    r"(?:127\.0\.0\.1|localhost|\[::1\]|(?:[a-z0-9_-]+\.)*amazonaws\.com(?:\.cn)?)(?::\d{1,5})?", re.IGNORECASE
)
#: Paths of the simulator's own interface and of moto's, which no AWS client asks for.
OWN = re.compile(r"/+(?:_sandbox|moto-api)(?:/|$)", re.IGNORECASE)
#: What anybody on this machine may ask without the token: whether it serves.
OPEN = ("GET", "/_sandbox/health")


def refusal(method: str, path: str, headers: Mapping[str, str] | Headers, token: str) -> str | None:
    """Why a request is not answered, and what would be; None when it is. `path` is decoded."""
    host = headers.get("Host", "")
    if HOSTS.fullmatch(host) is None:
        return f"the Host {host[:100]!r} is not this simulator's: use 127.0.0.1, localhost, [::1] or *.amazonaws.com"
    if "Origin" in headers or headers.get("Sec-Fetch-Site", "none") != "none" or "Referer" in headers:
        return "requests of web pages (with Origin, Referer or Sec-Fetch-Site) are refused: use an AWS SDK or curl"
    if OWN.match(path) and (method, path) != OPEN:
        given = headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), token.encode()):
            return (
                'the token is missing or wrong: send the header "Authorization: Bearer $SMSANDBOX_TOKEN", whose value '
                "is in the file `token` of the simulator's state folder"
            )
    return None


def without_cors(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers of an answer without those that let a page of another site read it."""
    return {name: value for name, value in headers.items() if not name.lower().startswith("access-control-")}
