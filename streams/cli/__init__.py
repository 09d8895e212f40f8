"""The `shoseki` command: finds `streams/cli/NAME.py`, imports that one file and runs it.

A command's module has HELP, options(parser) and run(args) -> exit status: 0 fine, 1 violations
found or verification failed, 2 could not do it.  One that says STORE = True, or names the parts of
it for which that is so, reads the store: while a service holds that, the service carries it out.
"""

import argparse
import ast
import difflib
import importlib
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

__all__ = ["commands", "main", "reads_store"]

_HERE = Path(__file__).parent


def commands() -> dict[str, Path]:
    """Every command by name; files that begin with an underscore are none."""
    files = sorted(_HERE.glob("[!_]*.py"))
    return {file.stem.replace("_", "-"): file for file in files}


def _help(file: Path) -> str:
    """The text of HELP, read from the source: listing the commands imports none of them."""
    for node in ast.parse(file.read_bytes()).body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == "HELP" for target in targets):
                return str(ast.literal_eval(node.value)) if node.value else ""
    return ""


def _overview() -> str:
    known = commands()
    width = max(map(len, known), default=0)
    lines = [f"  {name:{width}}  {_help(file)}" for name, file in known.items()]
    return "\n".join(
        [
            "usage: shoseki COMMAND [OPTIONS]",
            "",
            *lines,
            "",
            "shoseki COMMAND --help tells a command's options.",
        ]
    )


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, commands(), n=1)
    hint = f"did you mean {near[0]!r}?" if near else "`shoseki --help` lists the commands."
    return f"shoseki: no command {name!r}; {hint}"


def reads_store(module: ModuleType, words: Sequence[str]) -> bool:
    """Whether the command with these words after its name is one that reads the store."""
    store: bool | tuple[str, ...] = getattr(module, "STORE", False)
    if isinstance(store, tuple):
        return bool(words) and words[0] in store
    return store


def _call(name: str, rest: Sequence[str]) -> int:
    module = importlib.import_module(f"streams.cli.{commands()[name].stem}")
    parser = argparse.ArgumentParser(prog=f"shoseki {name}", description=module.HELP)
    module.options(parser)
    args = parser.parse_args(rest)
    if reads_store(module, rest):
        from streams.cli._socket import carry

        status = carry(args, [name, *rest])
        if status is not None:
            return status
    return int(module.run(args))


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command line and returns its exit status.

    130 after an interrupt, 141 when the reader of our output has gone (as the shell has it).
    """
    name, *rest = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    if name in ("-h", "--help", "help"):
        print(_overview())
        return 0
    if name == "--version":
        print(f"shoseki {version('shoseki')}")
        return 0
    if name not in commands():
        print(_unknown(name), file=sys.stderr)
        return 2
    from controls.kernel import Refusal  # not above: --help needs no pydantic

    try:
        status = _call(name, rest)
        sys.stdout.flush()
        return status
    except Refusal as refusal:
        print(f"shoseki {name}: {refusal}", file=sys.stderr)
        return 2
    except SystemExit as stop:  # argparse: --help 0, wrong options 2
        return int(stop.code or 0)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
