"""Files of the repository that pages show: a block whose title is a path holds what that file holds.

    ```yaml title="manifests/samples/minimal.yaml"

`make docs` fills such blocks, and a test compares: a page is as readable on GitHub as on the site.
"""

import re
from pathlib import Path

_BLOCK = re.compile(r'^(?P<open>```\w+ title="(?P<path>[\w./-]+)"[^\n]*\n)(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL)


def filled(page: str, root: Path) -> str:
    """The page with each block as the file under `root` that it names.

    Raises:
        OSError: there is no such file.
    """

    def fill(block: re.Match[str]) -> str:
        return f"{block['open']}{(root / block['path']).read_text(encoding='utf-8').rstrip()}\n```"

    return _BLOCK.sub(fill, page)
