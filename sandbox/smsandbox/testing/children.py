"""What is done in a child of this process: from one state of a world in memory, many ways on.

Not for a process with threads that matter to what is done: a child has none of them.
"""

import os
import pickle
import traceback
from collections.abc import Callable
from typing import TypeVar

_Result = TypeVar("_Result")


def in_a_child(function: Callable[[], _Result]) -> _Result:
    """Call the function in a copy of this process; nothing that it changes is seen here. Its result is pickled.

    Raises:
        AssertionError: it raised; in the words of its traceback.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            told = pickle.dumps((True, function()))
        except BaseException as error:  # noqa: BLE001 - the parent raises it
            told = pickle.dumps((False, f"{error}\n{traceback.format_exc()}"))
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(told)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    if not told:
        raise AssertionError(f"the child ended with {os.waitstatus_to_exitcode(status)}")
    done, result = pickle.loads(told)  # noqa: S301 - from our own child
    if not done:
        raise AssertionError(result)
    made: _Result = result
    return made
