"""Stories told by doing them: `python -m smsandbox demo`, of an endpoint, and `demo --experiment`, of experiments."""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from smsandbox import paths
from smsandbox.assets import CommandError
from smsandbox.demo import experiments, steps
from smsandbox.demo.experiment_story import ExperimentStory
from smsandbox.demo.story import Story, StoryError
from smsandbox.demo.terminal import Terminal
from smsandbox.process import ServiceError, is_locked, locked, tail
from smsandbox.world import World, end

S = TypeVar("S", bound=Story)


def run(*, experiment: bool = False) -> bool:
    """Run a story in a sandbox of its own, that of an endpoint or that of experiments; False when a step failed.

    Nothing keeps running, whatever happens. After a failure the folder with the logs stays until the next story.
    """
    if experiment:
        return _run(ExperimentStory, experiments.STEPS)
    return _run(Story, steps.STEPS)


def _run(kind: Callable[[World, Terminal], S], steps: Sequence[tuple[str, Callable[[S], None]]]) -> bool:
    terminal = Terminal(len(steps))
    with _own_folder() as folder:
        try:
            story = kind(World(folder, bound=True), terminal)
            with story.background:
                for title, step in steps:
                    terminal.step(title)
                    step(story)
        except (StoryError, CommandError, ServiceError) as error:
            terminal.failure(str(error))
            terminal.note(f"the end of the operator's log (all logs are in {folder}):")
            terminal.output(tail(folder / "operator.log"))
            return False
        except KeyboardInterrupt:
            terminal.failure("interrupted")
            raise
        finally:
            end(folder)
        terminal.success(f"the whole story took {terminal.seconds:.0f} s")
        terminal.note("to look around yourself in a browser: make up && make console")
        shutil.rmtree(folder)
        return True


@contextlib.contextmanager
def _own_folder() -> Iterator[Path]:
    """A new folder for one story; those of earlier ones that failed or were interrupted are removed."""
    state = paths.state()
    with contextlib.ExitStack() as stack:
        with locked(state / ".demo.lock"):
            for old in state.glob("demo-*"):
                if not is_locked(old / ".story.lock"):
                    shutil.rmtree(old)
            folder = Path(tempfile.mkdtemp(prefix="demo-", dir=state))
            stack.enter_context(locked(folder / ".story.lock"))
        yield folder
