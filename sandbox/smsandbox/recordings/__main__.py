"""`python -m smsandbox.recordings FOLDER [states]`: record every verb, and an endpoint in each state; or only those.

The sandbox has to be up.
"""

import signal
import sys
import tempfile
from pathlib import Path

from smclient.cli.main import VERBS
from smsandbox import paths
from smsandbox.recordings import states
from smsandbox.recordings.recorder import Recorder
from smsandbox.recordings.scene import Scene
from smsandbox.recordings.script import record
from smsandbox.world import World, services


def main(folder: Path, *, verbs: bool) -> None:
    """Write a file for each verb into `folder`, if these are wanted, and one for each state below it."""
    if not all(service.pid for service in services(paths.state())):
        sys.exit("the sandbox is not up: run `make up` first")
    world = World(paths.state(), bound=False)
    with tempfile.TemporaryDirectory() as work, Scene(world, Path(work)) as scene:
        states.record(scene, folder / "states")
        scene.delete()
        recorder = Recorder(scene.environment, Path(work))
        if verbs:
            record(scene, recorder)
    if not verbs:
        return
    missing = [verb for verb in VERBS if verb not in recorder.seen]
    if missing:
        sys.exit(f"nothing was recorded of {', '.join(missing)}")
    recorder.write(folder)


if __name__ == "__main__":
    # What a shell starts in the background ignores Ctrl-C, and so does all that it starts: the console would not end.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main(Path(sys.argv[1]), verbs="states" not in sys.argv[2:])
