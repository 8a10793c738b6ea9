"""A random token in a file that only its owner may read: made once, kept for as long as the file is."""

import os
import secrets
import stat
from pathlib import Path

from smsandbox.process import write_atomically

BYTES = 32
#: The file's name in the simulator's state folder.
FILE = "token"


def kept(path: Path) -> str:
    """The token of the file `path`; a new one where there is none, or where others could have read or written it."""
    try:
        found = path.lstat()
        is_private = stat.S_ISREG(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
        if is_private and len(token := path.read_text().strip()) >= BYTES:
            return token
    except FileNotFoundError:
        pass
    token = secrets.token_urlsafe(BYTES)
    write_atomically(path, f"{token}\n", mode=0o600)
    return token
