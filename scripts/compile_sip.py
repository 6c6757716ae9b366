"""Compiles stimme.sip with mypyc into the folder named as the argument: the same modules as machine code.

What is compiled is the source as it stands, with the `__init__` of dataclasses written out
(`native_inits.py`); nothing depends on it, and Python runs the source where it is missing
(docs/adr/0018-compiled-sip-stack.md). The folder is put in place as a whole: a build that was cut off leaves
none.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from mypyc.build import mypycify
from native_inits import with_inits
from setuptools import Distribution
from setuptools.command.build_ext import build_ext

SOURCES = Path("src/stimme/sip")
GROUP = "stimme_sip"
# The package itself chooses between source and machine code; interpreted code inherits from SessionFeatures.
INTERPRETED = {"__init__.py", "session_states.py"}


def sources(folder: Path) -> list[str]:
    """Writes the modules to compile into a folder, those that do input and output left out; their names."""
    shutil.copytree(SOURCES, folder / SOURCES)
    (folder / SOURCES.parent / "__init__.py").touch()
    written: list[str] = []
    for path in sorted(SOURCES.glob("*.py")):
        if path.name not in INTERPRETED:
            (folder / path).write_text(with_inits(path.read_text()))
            written.append(str(path))
    return written


def compile_into(folder: Path) -> list[Path]:
    """Compiles all modules into a folder; gives the shared objects."""
    os.environ["MYPYPATH"] = "src"
    modules = sources(folder)
    os.chdir(folder)
    extensions = mypycify(
        ["--explicit-package-bases", "--namespace-packages", *modules],
        opt_level="1",  # -O3 takes twice the time for calls that cost the same
        multi_file=True,
        group_name=GROUP,
        target_dir=str(folder / "c"),
    )
    command = build_ext(Distribution({"name": GROUP, "ext_modules": extensions}))
    command.build_lib = str(folder / "lib")
    command.build_temp = str(folder / "objects")
    command.parallel = os.cpu_count()
    command.ensure_finalized()
    command.run()
    return sorted((folder / "lib").rglob("*.so"))


def install(objects: list[Path], target: Path) -> None:
    """Puts the modules into TARGET/sip and what they share beside it, in place of what was there."""
    fresh = target.with_name(f"{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    (fresh / "sip").mkdir(parents=True)
    for path in objects:
        shutil.copy2(path, fresh / "sip" if path.parent.name == "sip" else fresh)
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)


def main() -> None:
    """See the module's docstring."""
    target = Path(sys.argv[1]).resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        install(compile_into(Path(folder)), target)


if __name__ == "__main__":
    main()
