"""Scripts and styles of others, as their authors released them: whose, under which licence, and their hashes.

Nothing is fetched when the console runs. To take a newer one: unpack the npm package, copy the file, write its
hash here.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Vendored:
    """A file in `static/vendor`. `sha256` is of the file; `source` is the file in the npm package of that version."""

    file: str
    package: str
    version: str
    source: str
    licence: str
    licence_file: str
    sha256: str


VENDORED = (
    Vendored(
        "htmx.min.js",
        "htmx.org",
        "4.0.1",
        "dist/htmx.min.js",
        "0BSD",
        "htmx.LICENSE",
        "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130",
    ),
    Vendored(
        "uplot.min.js",
        "uplot",
        "1.6.32",
        "dist/uPlot.iife.min.js",
        "MIT",
        "uplot.LICENSE",
        "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    ),
    Vendored(
        "uplot.min.css",
        "uplot",
        "1.6.32",
        "dist/uPlot.min.css",
        "MIT",
        "uplot.LICENSE",
        "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    ),
)
