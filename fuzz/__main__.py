"""Runs one fuzz target under atheris: `python -m fuzz NAME [libFuzzer options]`; without a name, all in turn.

`make fuzz` gives each target SECONDS (600). Inputs that broke something are kept in build/fuzz/NAME, and the
exit status is not 0.
"""

import subprocess
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["stimme"]):
    from fuzz import seeds, targets

CORPUS = Path("build/fuzz")


def main() -> int:
    """Runs what the command line names."""
    if len(sys.argv) > 1 and sys.argv[1] in targets.TARGETS:
        run(sys.argv[1], sys.argv[2:])
    options = sys.argv[1:]
    return max(
        subprocess.run([sys.executable, "-m", "fuzz", name, *options], check=False).returncode
        for name in targets.TARGETS
    )


def run(name: str, options: list[str]) -> None:
    """Fuzzes one target in this process; ends it."""
    corpus = CORPUS / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds.SEEDS[name]):
        (corpus / f"seed-{number:03}").write_bytes(seed)
    arguments = [f"fuzz/{name}", str(corpus), f"-artifact_prefix={corpus}/broken-", *options]
    atheris.Setup(arguments, targets.TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
