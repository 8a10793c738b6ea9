"""Which variables of a model's environment its process gets: here it runs on this machine, not in a container.

AWS passes all of them to a container, where they can change nothing but the container. Here some of them would make
the process run other code, write elsewhere or speak to others, with the rights of whoever runs the sandbox. Not a
boundary: who may create models runs the code that is in their artifacts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Why a variable is kept back, and the names it holds for; case is ignored, as some programs do.
KEPT_BACK = {
    why: re.compile("|".join(names.split()), re.IGNORECASE)
    for why, names in {
        "it decides what code the process loads": """
            PYTHON.* LD_.* DYLD_.* GLIBC_.* GCONV_PATH MALLOC_.* OMP_TOOL.* KMP_.* LLVM_.* NUMBA_.* OPENSSL_.* PIP_.*
            VIRTUAL_ENV PERL.* RUBY.* NODE_.* .*JAVA_.*OPTIONS BASH_.* SHELLOPTS IFS PS4 GUNICORN_.* UVICORN_.*
        """,
        "it names programs that may be run": """
            PATH SHELL BROWSER EDITOR VISUAL PAGER TERM TERMINFO.* DISPLAY DBUS_.* SSH_.*
        """,
        "it names folders of this machine": """
            HOME .*_HOME USER LOGNAME PWD OLDPWD TMP TEMP TMPDIR XDG_.* LOCPATH NLSPATH TZDIR
        """,
        "it redirects requests": """
            .*_PROXY HOSTALIASES RES_OPTIONS LOCALDOMAIN SSL.* .*_CA_BUNDLE KUBE.* DOCKER_.*
        """,
        "it is AWS's own": "AWS_(?!REGION$|DEFAULT_REGION$).* BOTO.*",
        "the sandbox sets it": """
            SMINFERENCE_HOST SMINFERENCE_MODELS_ROOT SM_MODEL_DIR SAGEMAKER_BIND_TO_PORT SAGEMAKER_SAFE_PORT_RANGE
            SAGEMAKER_MULTI_MODEL SMENDPOINTS_.* SMSANDBOX_.*
        """,
    }.items()
}
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def kept_back(name: str) -> str | None:
    """Why a variable of a model is not passed on; None when it is."""
    if NAME.fullmatch(name) is None:
        return "it is no name of a variable"
    return next((why for why, names in KEPT_BACK.items() if names.fullmatch(name)), None)


def passed(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that are passed on."""
    return {name: value for name, value in environment.items() if kept_back(name) is None}


def notes(environment: Mapping[str, str]) -> list[str]:
    """A line for each variable that is not, for the container's log; without its value."""
    return [
        f"sandbox: the variable {name} of the model's environment is not passed on, as {why}; AWS would pass it"
        for name in sorted(environment)
        if (why := kept_back(name)) is not None
    ]
