"""`python -m smsandbox.recordings FOLDER`: record every verb on the sandbox that is up."""

import sys
import tempfile
from pathlib import Path

from smclient.cli.main import VERBS
from smsandbox import paths
from smsandbox.recordings.recorder import Recorder
from smsandbox.recordings.scene import Scene
from smsandbox.recordings.script import record
from smsandbox.world import World, services


def main(folder: Path) -> None:
    """Write a file for each verb into `folder`."""
    if not all(service.pid for service in services(paths.state())):
        sys.exit("the sandbox is not up: run `make up` first")
    world = World(paths.state(), bound=False)
    with tempfile.TemporaryDirectory() as work, Scene(world, Path(work)) as scene:
        recorder = Recorder(scene.environment, Path(work))
        record(scene, recorder)
    missing = [verb for verb in VERBS if verb not in recorder.seen]
    if missing:
        sys.exit(f"nothing was recorded of {', '.join(missing)}")
    recorder.write(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
