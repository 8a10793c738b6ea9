"""A script: `exec_bound.py PARENT_PID PROGRAM ARG...` becomes PROGRAM, killed by the kernel when its parent ends.

Not a `preexec_fn`, because Python code between fork and exec can deadlock in a parent with threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, program = int(sys.argv[1]), sys.argv[2:]
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the kernel was told
        sys.exit(1)
    os.execvpe(program[0], program, os.environ)  # noqa: S606


if __name__ == "__main__":
    main()
