"""Gives dataclasses an `__init__` that can be compiled, line for line where the source leaves one blank.

`dataclasses` writes `__init__` at run time, so that mypyc never sees it and each object is made by the
interpreter, attribute by attribute. What is written here does the same; the fields stay the only source.
"""

import ast

_KNOWN = {"default", "default_factory", "repr", "compare"}


class InitError(Exception):
    """A dataclass that is written in a way that this module does not know."""


def with_inits(source: str) -> str:
    """The source of a module in which every dataclass has the `__init__` that `dataclasses` would write.

    Every line keeps its number: the method takes the blank line behind its class.

    Raises:
        InitError: For a field with an option that is not known here.
    """
    lines = source.split("\n")
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and _is_dataclass(node) and not _has_init(node):
            behind = node.end_lineno or 0
            if behind >= len(lines) or lines[behind].strip():
                raise InitError(f"{node.name}: no blank line behind the class")
            lines[behind] = _init_of(node)
    return "\n".join(lines)


def _is_dataclass(node: ast.ClassDef) -> bool:
    names = [each.func if isinstance(each, ast.Call) else each for each in node.decorator_list]
    return any(isinstance(name, ast.Name) and name.id == "dataclass" for name in names)


def _has_init(node: ast.ClassDef) -> bool:
    return any(isinstance(each, ast.FunctionDef) and each.name == "__init__" for each in node.body)


def _init_of(node: ast.ClassDef) -> str:
    """The method in one line. It alone may assign to what is read-only for everybody else (`frozen`)."""
    parameters, assignments = ["self"], []
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            name, kind = statement.target.id, ast.unparse(statement.annotation)
            default, factory = _default_of(node, statement)
            if factory is not None:
                parameters.append(f"{name}: '{kind} | None' = None")
                assignments.append(f"self.{name} = {factory}() if {name} is None else {name}")
            else:
                parameters.append(f"{name}: {kind}" + (f" = {default}" if default is not None else ""))
                assignments.append(f"self.{name} = {name}")
    body = "; ".join(assignments)
    allowed = "  # type: ignore[misc]" if _is_frozen(node) else ""
    return f"    def __init__({', '.join(parameters)}) -> None: {body}{allowed}"


def _is_frozen(node: ast.ClassDef) -> bool:
    return any("frozen=True" in ast.unparse(each) for each in node.decorator_list)


def _default_of(node: ast.ClassDef, statement: ast.AnnAssign) -> tuple[str | None, str | None]:
    """The default of a field and its default factory, as source."""
    value = statement.value
    if not (isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "field"):
        return (ast.unparse(value) if value is not None else None), None
    given = {each.arg: ast.unparse(each.value) for each in value.keywords}
    if not given.keys() <= _KNOWN:
        raise InitError(f"{node.name}: {ast.unparse(statement)}")
    return given.get("default"), given.get("default_factory")
