"""Where the source makes its errors, read from it: for which code and reason, and in which words."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import toprung

SRC = Path(toprung.__file__).parent

_ROOT = "ToprungError"
# Where the sentence and the reason are among the arguments; those of a kind that is not here are where its base has
# them.
_ARGUMENTS: Mapping[str, tuple[int, int]] = {
    _ROOT: (0, 1),
    "InvalidInput": (1, 2),
    "InvalidName": (1, 0),
    "NotReady": (1, 0),
    "NotBack": (1, 0),
    "ChallengeRefused": (1, 0),
    "TooManyRequests": (0, 2),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorSite:
    """One place that makes an error. What is only known when it runs is None."""

    place: str
    code: str
    reason: str | None
    sentence: str | None


class _Kinds:
    """The classes of errors, by name."""

    def __init__(self, trees: Mapping[Path, ast.Module]) -> None:
        classes = [node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        self._bases = {node.name: [ast.unparse(base).split(".")[-1] for base in node.bases] for node in classes}
        self._codes = {node.name: code for node in classes if (code := _assigned(node.body, "code")) is not None}
        self.names = {name for name in self._bases if self._is_error(name)}

    def _is_error(self, name: str) -> bool:
        return name == _ROOT or any(self._is_error(base) for base in self._bases.get(name, ()))

    def base(self, name: str) -> str:
        return next(base for base in self._bases[name] if self._is_error(base))

    def code(self, name: str) -> str:
        return self._codes[name] if name in self._codes else self.code(self.base(name))

    def arguments(self, name: str) -> tuple[int, int]:
        return _ARGUMENTS[name] if name in _ARGUMENTS else self.arguments(self.base(name))


def error_sites() -> list[ErrorSite]:
    """Every place in the source that makes an error, in order."""
    trees = {path: ast.parse(path.read_text("utf-8")) for path in sorted(SRC.rglob("*.py"))}
    kinds = _Kinds(trees)
    shared: dict[str, str] = {}
    for tree in trees.values():
        shared |= dict(_constants(tree.body))
    found: list[ErrorSite] = []
    for path, tree in trees.items():
        for scope in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]:
            for call, kind, maker in _calls(scope, kinds, _class_of(tree, scope)):
                known = shared | dict(_constants(_before(scope, call)))
                at_sentence, at_reason = kinds.arguments(maker)
                words = [_text(argument, known) for argument in call.args]
                if len(call.args) <= at_sentence:
                    continue
                found.append(
                    ErrorSite(
                        place=f"{path.relative_to(SRC)}:{call.lineno}",
                        code=kinds.code(kind),
                        reason=words[at_reason] if len(words) > at_reason else "",
                        sentence=words[at_sentence],
                    )
                )
    return found


def _calls(scope: ast.AST, kinds: _Kinds, owner: str | None) -> Iterator[tuple[ast.Call, str, str]]:
    """The calls that make an error: of which kind, and whose arguments they have."""
    inner = {
        id(node)
        for child in ast.walk(scope)
        if child is not scope and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(child)
    }
    for node in ast.walk(scope):
        if not isinstance(node, ast.Call) or id(node) in inner:
            continue
        name = ast.unparse(node.func)
        if name in kinds.names:
            yield node, name, name
        elif name == "super().__init__" and owner in kinds.names and owner != _ROOT:
            assert owner is not None
            if not _passes_on(scope):
                yield node, owner, kinds.base(owner)


def _passes_on(scope: ast.AST) -> bool:
    """Whether a constructor has its sentence from whoever calls it."""
    return isinstance(scope, ast.FunctionDef) and "sentence" in {
        argument.arg for argument in scope.args.posonlyargs + scope.args.args
    }


def _class_of(tree: ast.Module, scope: ast.AST) -> str | None:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and scope in node.body:
            return node.name
    return None


def _before(scope: ast.AST, call: ast.Call) -> list[ast.stmt]:
    """The statements of a function that stand above a call, in order."""
    statements = [node for node in ast.walk(scope) if isinstance(node, ast.stmt) and node.lineno < call.lineno]
    return sorted(statements, key=lambda node: node.lineno)


def _constants(nodes: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for node in nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name) and isinstance(node.value.value, str):
                yield target.id, node.value.value


def _assigned(body: list[ast.stmt], name: str) -> str | None:
    return dict(_constants(body)).get(name)


def _text(node: ast.expr, known: Mapping[str, str]) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return known.get(node.id) if isinstance(node, ast.Name) else None
