"""The `__init__` that is written for compiled dataclasses does what `dataclasses` does, and moves no line."""

import ast
import importlib.util
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

MODULES = sorted(Path("src/stimme/sip").glob("*.py"))


def _load(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


native_inits = _load("scripts/native_inits.py")

SAMPLE = '''
from dataclasses import dataclass, field

@dataclass(slots=True)
class Party:
    """Somebody."""

    number: str
    name: str = "nobody"
    secret: str = field(default="", repr=False)
    ways: list[str] = field(default_factory=list)

    def shown(self) -> str:
        """The name."""
        return self.name


AFTER = 1
'''


def _run(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "sample"}
    exec(compile(source, "sample", "exec"), names)
    return names


def test_objects_are_made_alike() -> None:
    plain, written = _run(SAMPLE)["Party"], _run(native_inits.with_inits(SAMPLE))["Party"]
    assert "__init__" in native_inits.with_inits(SAMPLE)
    for arguments, named in ((("1",), {}), (("1", "n", "s", ["w"]), {}), (("1",), {"ways": ["x"]})):
        assert repr(plain(*arguments, **named)) == repr(written(*arguments, **named))
    first, second = written("1"), written("1")
    first.ways.append("x")
    assert second.ways == [] and first != second and second == written("1")
    with pytest.raises(TypeError):
        written()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_every_line_keeps_its_number_and_every_dataclass_its_parameters(path: Path) -> None:
    source = path.read_text()
    written = native_inits.with_inits(source)
    assert written.count("\n") == source.count("\n")
    classes = [node for node in ast.parse(written).body if isinstance(node, ast.ClassDef)]
    before = {
        node.name: (node.lineno, node.end_lineno)
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef)
    }
    module = importlib.import_module(f"stimme.sip.{path.stem}") if path.stem != "__init__" else None
    for node in classes:
        assert node.lineno == before[node.name][0]
        if any("dataclass" in ast.unparse(each) for each in node.decorator_list):
            (method,) = [
                each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"
            ]
            own = inspect.signature(getattr(module, node.name))
            assert [each.arg for each in method.args.args[1:]] == list(own.parameters)
            assert len(method.args.defaults) == sum(
                each.default is not inspect.Parameter.empty for each in own.parameters.values()
            )


def test_what_is_not_known_is_said() -> None:
    with pytest.raises(native_inits.InitError, match="Party: ways"):
        native_inits.with_inits(SAMPLE.replace("default_factory=list", "default_factory=list, kw_only=True"))
    with pytest.raises(native_inits.InitError, match="no blank line behind"):
        native_inits.with_inits(SAMPLE.replace("\n\n\nAFTER", "\nAFTER"))
