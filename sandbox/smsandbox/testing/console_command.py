"""`kubectl smendpoint console` as a user starts it: a process, against a World."""

import contextlib
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping

_SECONDS_TO_END = 30


@contextlib.contextmanager
def console(environment: Mapping[str, str], namespace: str) -> Iterator[str]:
    """The console for a namespace, as long as the block lasts; its link. Ctrl-C ends it.

    Raises:
        AssertionError: it printed no link, or did not end in silence.
    """
    command = ["kubectl", "smendpoint", "console", "--port", "0", "--no-browser", "-n", namespace]
    with subprocess.Popen(
        command,
        env={**environment, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as running:
        assert running.stdout is not None
        try:
            said = [running.stdout.readline() for _ in range(3)]
            found = re.search(r"http://\S+", "".join(said))
            assert found is not None, said
            yield found[0]
        except BaseException:
            running.kill()  # else its end would be waited for
            raise
        running.send_signal(signal.SIGINT)
        rest = running.stdout.read()
        assert (running.wait(_SECONDS_TO_END), rest.strip()) == (0, "")
