"""A server that has collected the quick tests once and runs some of them in forks of itself, in each with a mutant.

A script, called with a pair of file descriptors for each server and with what pytest is to collect; once it has, it is
so many servers. A line of JSON is one run, a line of the answer says how it ended; the first line names all tests. A
mutant replaces the code of one function, wherever that function is held. Not here: what runs while modules are imported
or tests collected (tables, defaults); a run of that answers `NOT_HERE`, and `forked.py` imports it afresh.
"""

import gc
import inspect
import json
import os
import sys
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import coverage
import pytest
from bench.mutate.forked import NOT_HERE, ended, separate
from bench.mutate.touched import Touched

_Key = tuple[str, str, int]  # a file, a function's full name, its first line


class NotHereError(Exception):
    """A change of what has run already."""


def changed_code(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """The functions of a module that differ, before and after; of nested ones, the outermost.

    Raises:
        NotHereError: When something outside of functions differs.
    """
    if _same(old, new):
        return
    if old.co_flags & inspect.CO_OPTIMIZED:
        yield old, new
        return
    if _alone(old) != _alone(new) or len(_inside(old)) != len(_inside(new)):
        raise NotHereError
    for before, after in zip(_inside(old), _inside(new), strict=True):
        yield from changed_code(before, after)


def _alone(code: CodeType) -> tuple[object, ...]:
    consts = [(type(each), each) for each in code.co_consts if not isinstance(each, CodeType)]
    return code.co_name, code.co_code, repr(consts), code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars


def _inside(code: CodeType) -> list[CodeType]:
    return [each for each in code.co_consts if isinstance(each, CodeType)]


def _same(old: CodeType, new: CodeType) -> bool:
    """Whether two do the same, whatever lines they stand on."""
    inside = zip_longest(_inside(old), _inside(new))
    return _alone(old) == _alone(new) and all(one and other and _same(one, other) for one, other in inside)


def _lines(code: CodeType) -> set[int]:
    """The lines of a function's body."""
    own = {line for _, _, line in code.co_lines() if line and line != code.co_firstlineno}
    return own.union(*map(_lines, _inside(code)))


class Server:
    """The plugin: it collects, then runs what it is asked for."""

    def __init__(self, pairs: list[tuple[int, int]], source: str) -> None:
        self._pairs, self._source = pairs, source
        self._importing = coverage.Coverage(data_file=None, source=[source], branch=False, config_file=False)
        self._importing.start()
        self._functions: dict[_Key, list[FunctionType]] = {}
        self._failed: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Serve until there is nothing more to read."""
        self._importing.stop()
        for each in gc.get_objects():
            if isinstance(each, FunctionType) and each.__code__.co_filename.startswith(self._source):
                self._functions.setdefault(_key(each.__code__), []).append(each)
        gc.collect()
        gc.freeze()
        items = {item.nodeid: item for item in session.items}
        mine, *others = self._pairs
        for pair in others:
            if os.fork() == 0:
                mine = pair
                break
        for unused in set(self._pairs) - {mine}:
            os.close(unused[0])
            os.close(unused[1])
        with os.fdopen(mine[0]) as asked, os.fdopen(mine[1], "w") as answers:
            print(json.dumps(list(items)), file=answers, flush=True)
            for line in asked:
                run = json.loads(line)
                child = os.fork()
                if child == 0:
                    self._in_child(session, items, run)
                print(json.dumps(ended(child, run["limit"])), file=answers, flush=True)
        os._exit(0)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember what failed."""
        if report.failed:
            self._failed.append(report.nodeid)

    def _in_child(self, session: pytest.Session, items: dict[str, pytest.Item], run: dict[str, Any]) -> None:
        code = NOT_HERE
        try:
            separate(run["output"])
            code = self._run(session, items, run)
        finally:
            os._exit(code)  # whatever was raised: this is no session of its own

    def _run(self, session: pytest.Session, items: dict[str, pytest.Item], run: dict[str, Any]) -> int:
        if "path" in run:
            self._change(run["path"], run["original"], run["source"])
        touched = Touched(self._source, run["touched"]) if "touched" in run else None
        if touched:
            session.config.pluginmanager.register(touched)
        chosen = [items[each] for each in run["tests"] if each in items]
        for item, after in zip_longest(chosen, chosen[1:]):
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
            if self._failed and not touched:
                break
        if touched:
            touched.tell()
        Path(run["output"]).write_text("".join(f"FAILED {each}\n" for each in self._failed))
        return bool(self._failed)

    def _change(self, path: str, original: str, source: str) -> None:
        old = compile(original, path, "exec", dont_inherit=True)
        new = compile(source, path, "exec", dont_inherit=True)
        ran = set(self._importing.get_data().lines(path) or ())
        for before, after in changed_code(old, new):
            functions = self._functions.get(_key(before))
            if not functions or before.co_freevars != after.co_freevars or ran & _lines(before):
                raise NotHereError
            for each in functions:
                each.__code__ = after


def _key(code: CodeType) -> _Key:
    return code.co_filename, code.co_qualname, code.co_firstlineno


def main() -> None:
    """Collect, and serve until there is nothing more to read."""
    pairs = [(int(asked), int(answers)) for asked, answers in (each.split(",") for each in sys.argv[1].split(";"))]
    for target, flags in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
        os.dup2(os.open(os.devnull, flags), target)
    server = Server(pairs, os.environ["MUTATED"])
    pytest.main(["-q", "--tb=no", "-p", "no:cacheprovider", *sys.argv[2:]], plugins=[server])


if __name__ == "__main__":
    main()
