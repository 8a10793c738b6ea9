"""Write the files that are made of the documents of `manifests/iam`, or tell which are stale."""

import argparse
import sys
from collections.abc import Sequence

from smsandbox.iam_roles import cloudformation, documents, terraform


def files() -> dict[str, str]:
    """The text of each file by its path below the folder of the documents."""
    return {**cloudformation.files(), **terraform.files()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, or with `--check` compare; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m smsandbox.iam_roles", description="Make the forms of the roles.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file differs")
    options = parser.parse_args(arguments)
    stale = False
    for name, text in files().items():
        path = documents.FOLDER / name
        if not options.check:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            sys.stderr.write(f"{path} is stale: run `make iam`\n")
            stale = True
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
