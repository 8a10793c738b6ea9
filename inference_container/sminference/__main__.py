"""Command line of the container: `serve` starts it, as SageMaker does with `docker run IMAGE serve`."""

from __future__ import annotations

import os
import sys

# Before numpy is imported anywhere: one thread of OpenMP or BLAS per request, as requests are what runs side by side.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

_USAGE = """\
usage: python -m sminference serve

Serves a scikit-learn model over HTTP as Amazon SageMaker asks a container to: GET /ping, POST /invocations,
GET /execution-parameters and, with SAGEMAKER_MULTI_MODEL=true, /models. GET / describes the model and the formats.

Settings are environment variables:
"""


def main(arguments: list[str]) -> int:
    """Exit status: 0 after a clean stop, 2 for a wrong command line or setting."""
    from sminference.config import Settings, SettingsError, help_text  # noqa: PLC0415 - after the environment is set

    if arguments and arguments[0] in {"-h", "--help", "help"}:
        print(_USAGE + "\n" + help_text())  # noqa: T201
        return 0
    if arguments != ["serve"]:
        print(f"expected the command serve, got {' '.join(arguments) or 'nothing'}; see --help", file=sys.stderr)  # noqa: T201
        return 2
    try:
        settings = Settings.from_environ(os.environ)
    except SettingsError as error:
        print(str(error), file=sys.stderr)  # noqa: T201
        return 2
    from sminference.serve import serve  # noqa: PLC0415

    return serve(settings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
