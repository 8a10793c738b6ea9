"""Mutants: small changes of a source, each of which some test ought to notice.

Not here: which tests, and running them. What no test could notice is no mutant, by rule: logging, docstrings,
annotations, decorators, `repr`, sentences for people, and what is there for the type checker alone.
"""

import ast
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_OPERATIONS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_TWINS = {"min": "max", "max": "min", "any": "all", "all": "any"}
_UNSEEN_FUNCTIONS = {"__repr__", "__str__"}
_UNSEEN_CALLS = {"assert_never", "cast", "NewType", "TypeVar", "field", "dataclass", "AssertionError"}
_LOGGERS = {"logging", "log", "_log", "logger", "_logger", "_LOG", "LOG"}
_UNSEEN_KEYWORDS = {"strict"}  # of zip: an assertion


@dataclass(frozen=True)
class Mutant:
    """One change of a source: what was done, on which lines, and of which statement (its head alone)."""

    what: str
    lines: range
    statement: range
    begin: int
    end: int
    text: bytes

    def of(self, source: str) -> str | None:
        """The source with this change; None when it is the same program still, or none."""
        raw = source.encode()
        made = (raw[: self.begin] + self.text + raw[self.end :]).decode()
        try:
            return made if ast.dump(ast.parse(made)) != ast.dump(ast.parse(source)) else None
        except SyntaxError:
            return None


def mutants_of(source: str) -> Iterator[Mutant]:
    """All mutants of a module's source; some of them are none (`Mutant.of`)."""
    tree = ast.parse(source)
    deciding = {id(test) for node in ast.walk(tree) for test in _tests(node)}
    starts = [0, *itertools.accumulate(map(len, source.encode().splitlines(keepends=True)))]
    for node, statement in _walk(tree):
        last, column = node.end_lineno or node.lineno, node.end_col_offset or 0
        begin, end = starts[node.lineno - 1] + node.col_offset, starts[last - 1] + column
        for what, text in _changes(node, decides=id(node) in deciding):
            yield Mutant(what, range(node.lineno, last + 1), _head(statement), begin, end, text.encode())


def _head(statement: ast.stmt) -> range:
    """The lines of a statement without the statements inside of it."""
    body = getattr(statement, "body", None)
    last = max(statement.lineno, body[0].lineno - 1) if body else (statement.end_lineno or statement.lineno)
    return range(statement.lineno, last + 1)


def _walk(tree: ast.Module) -> Iterator[tuple[ast.expr | ast.stmt, ast.stmt]]:
    """Each node that a mutant may change, with the statement that it belongs to."""
    stack: list[tuple[ast.AST, ast.stmt | None]] = [(tree, None)]
    while stack:
        node, statement = stack.pop()
        if isinstance(node, ast.stmt):
            statement = node
        if isinstance(node, (ast.expr, ast.stmt)) and statement is not None:
            yield node, statement
        stack += [(child, statement) for child in _seen_parts(node)]


def _seen_parts(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a node in which a change can be seen."""
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list", "bases", "pattern"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_unseen(child):
                yield child


def _is_unseen(node: ast.AST) -> bool:
    match node:
        case ast.Expr(value=ast.Constant() | ast.Yield()) | ast.JoinedStr() | ast.Import() | ast.ImportFrom():
            return True  # a docstring; of an f-string, Python 3.11 does not know where its parts stand
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return name in _UNSEEN_FUNCTIONS
        case ast.ClassDef(bases=[*_, ast.Name(id="Protocol")]):
            return True
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name == "__all__" or (name[0].isupper() and not name.isupper())  # the name of a type
        case ast.Call(func=ast.Name(id=name)):
            return name in _UNSEEN_CALLS
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name))) if name in _LOGGERS:
            return True
        case ast.Expr(value=call) | ast.Raise(exc=ast.AST() as call):
            return _is_unseen(call)
        case ast.keyword(arg=arg):
            return arg in _UNSEEN_KEYWORDS
    return False


def _tests(node: ast.AST) -> Iterator[ast.expr]:
    """What decides in a node which way it goes."""
    match node:
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) | ast.match_case(guard=ast.expr() as test):
            yield test
        case ast.comprehension(ifs=ifs):
            yield from ifs


def _changes(node: ast.expr | ast.stmt, *, decides: bool) -> Iterator[tuple[str, str]]:
    for change in _OPERATORS:
        for what, changed in change(node):
            yield what, f"({ast.unparse(changed)})" if isinstance(changed, ast.expr) else ast.unparse(changed)
    if decides and not isinstance(node, (ast.Compare, ast.BoolOp, ast.UnaryOp)):
        yield "the other way", f"(not {ast.unparse(node)})"


Changes = Iterator[tuple[str, ast.AST]]


def _comparison(node: ast.AST) -> Changes:
    if isinstance(node, ast.Compare):
        for at, found in enumerate(node.ops):
            ops = [*node.ops[:at], _COMPARISONS[type(found)](), *node.ops[at + 1 :]]
            yield "another comparison", ast.Compare(node.left, ops, node.comparators)


def _logic(node: ast.AST) -> Changes:
    if isinstance(node, ast.BoolOp):
        yield "and is or", ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        for at in range(len(node.values)):
            rest = [*node.values[:at], *node.values[at + 1 :]]
            yield "an operand is gone", rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not is gone", node.operand


def _choice(node: ast.AST) -> Changes:
    if isinstance(node, ast.IfExp):
        yield "always the first", node.body
        yield "always the second", node.orelse
    if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
        for at, loop in enumerate(node.generators):
            for out in range(len(loop.ifs)):
                ifs = [*loop.ifs[:out], *loop.ifs[out + 1 :]]
                kept = ast.comprehension(loop.target, loop.iter, ifs, loop.is_async)
                copied = ast.parse(ast.unparse(node), mode="eval").body
                copied.generators[at] = kept  # type: ignore[attr-defined]
                yield "a condition is gone", copied


def _value(node: ast.AST) -> Changes:
    if not isinstance(node, ast.Constant):
        return
    if isinstance(node.value, bool):
        yield "true is false", ast.Constant(not node.value)
    elif isinstance(node.value, (int, float)):
        yield "one more", ast.Constant(node.value + 1)
    elif isinstance(node.value, str) and node.value and not any(map(str.isspace, node.value)):
        yield "another word", ast.Constant(f"XX{node.value}")


def _arithmetic(node: ast.AST) -> Changes:
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        yield "another operation", ast.BinOp(node.left, _OPERATIONS[type(node.op)](), node.right)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _TWINS:
        yield "another function", ast.Call(ast.Name(_TWINS[node.func.id]), node.args, node.keywords)


def _parts(node: ast.AST) -> Changes:
    if isinstance(node, (ast.Tuple, ast.List)) and isinstance(node.ctx, ast.Load):
        for at in range(len(node.elts)):
            yield "an entry is gone", type(node)([*node.elts[:at], *node.elts[at + 1 :]], node.ctx)
    if isinstance(node, ast.Set) and len(node.elts) > 1:
        for at in range(len(node.elts)):
            yield "an entry is gone", ast.Set([*node.elts[:at], *node.elts[at + 1 :]])
    if isinstance(node, ast.Dict):
        for at in range(len(node.keys)):
            keys, values = [*node.keys[:at], *node.keys[at + 1 :]], [*node.values[:at], *node.values[at + 1 :]]
            yield "an entry is gone", ast.Dict(keys, values)
    if isinstance(node, ast.Call):
        for at, keyword in enumerate(node.keywords):
            if not _is_unseen(keyword):
                kept = [*node.keywords[:at], *node.keywords[at + 1 :]]
                yield "an argument is gone", ast.Call(node.func, node.args, kept)


def _is_false(value: ast.expr) -> bool:
    """Whether this is a literal that is false: None in its place differs for the type checker, which is strict."""
    empty = isinstance(value, (ast.Tuple, ast.List, ast.Dict)) and not ast.unparse(value)[1:-1]
    return empty or (isinstance(value, ast.Constant) and not value.value)


def _statement(node: ast.AST) -> Changes:
    match node:
        case ast.Return(value=ast.expr() as value) if not _is_false(value):
            yield "returns nothing", ast.Return(ast.Constant(None))
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Raise():
            yield "a statement is gone", ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield "a statement is gone", ast.Pass()


_OPERATORS: tuple[Callable[[ast.AST], Changes], ...] = (
    _comparison,
    _logic,
    _choice,
    _value,
    _arithmetic,
    _parts,
    _statement,
)
