"""Manifests that are generated from the types: written, or compared with what is there."""

import argparse
import difflib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

HEADER = "# Generated from operator/smendpoints/api by `make crds`. Do not edit.\n"


def text(objects: Sequence[Mapping[str, Any]]) -> str:
    """Objects as the text of one file."""
    return HEADER + yaml.safe_dump_all(objects, sort_keys=False, width=120, allow_unicode=True)


def main(program: str, description: str, files: Mapping[str, str], arguments: Sequence[str] | None) -> int:
    """The command that writes `files` (text by name) into a folder, or with `--check` compares; the exit status."""
    parser = argparse.ArgumentParser(prog=program, description=description)
    parser.add_argument("folder", type=Path, help="folder of the generated files")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file differs")
    options = parser.parse_args(arguments)
    stale = False
    for name, wanted in files.items():
        path: Path = options.folder / name
        if not options.check:
            path.write_text(wanted)
            continue
        found = path.read_text() if path.exists() else ""
        diff = list(difflib.unified_diff(found.splitlines(), wanted.splitlines(), str(path), "generated", lineterm=""))
        if diff:
            sys.stderr.write("\n".join([*diff, f"{path} is stale: run `make crds`", ""]))
        stale = stale or bool(diff)
    return 1 if stale else 0
