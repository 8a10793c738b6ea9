"""The story of an endpoint, told by doing it: `python -m smsandbox demo`."""

import shutil
import tempfile
from pathlib import Path

from smsandbox import paths
from smsandbox.assets import CommandError
from smsandbox.demo.steps import STEPS
from smsandbox.demo.story import Story, StoryError
from smsandbox.demo.terminal import Terminal
from smsandbox.process import ServiceError, tail
from smsandbox.world import World, end


def run() -> bool:
    """Run the story in a sandbox of its own, which is gone afterwards; False when a step failed.

    After a failure the folder with the logs stays. Nothing keeps running, whatever happens.
    """
    paths.state().mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="demo-", dir=paths.state()))
    terminal = Terminal(len(STEPS))
    failed = True
    try:
        story = Story(World(folder, bound=True), terminal)
        for title, step in STEPS:
            terminal.step(title)
            step(story)
        failed = False
        terminal.success(f"the whole story took {terminal.seconds:.0f} s")
    except (StoryError, CommandError, ServiceError) as error:
        terminal.failure(str(error))
        terminal.note(f"the end of the operator's log (all logs are in {folder}):")
        terminal.output(tail(folder / "operator.log"))
    except KeyboardInterrupt:
        terminal.failure("interrupted")
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        end(folder)
        if not failed:
            shutil.rmtree(folder, ignore_errors=True)
    return not failed
