import subprocess
import sys
from pathlib import Path

import pytest

import streams.cli
from controls.kernel import Refusal

COMMAND = '''
import sys
HELP = "Does a thing."
def options(parser):
    parser.add_argument("--status", type=int, default=0)
    parser.add_argument("--raises")
def run(args):
    if args.raises:
        from controls.kernel import Refusal
        raise {"refusal": Refusal("data/: not writable; choose another --data"),
               "interrupt": KeyboardInterrupt(), "pipe": BrokenPipeError()}[args.raises]
    print("ran")
    return args.status
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cli folder with the one command `a-thing`."""
    (tmp_path / "a_thing.py").write_text(COMMAND)
    (tmp_path / "_shared.py").write_text("raise AssertionError('imported')")
    monkeypatch.setattr(streams.cli, "_HERE", tmp_path)
    monkeypatch.setattr(streams.cli, "__path__", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "streams.cli.a_thing", raising=False)
    return tmp_path


def test_a_command_is_found_by_its_file_name(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert streams.cli.main(["a-thing", "--status", "1"]) == 1
    assert capsys.readouterr().out == "ran\n"


def test_the_overview_imports_no_command(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "broken.py").write_text('HELP: str = "Breaks."\nraise AssertionError')
    assert streams.cli.main([]) == 0
    out = capsys.readouterr().out
    assert "a-thing  Does a thing." in out
    assert "broken   Breaks." in out
    assert "shared" not in out


def test_an_unknown_command_is_answered_with_the_nearest(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert streams.cli.main(["a-thin"]) == 2
    assert "no command 'a-thin'; did you mean 'a-thing'?" in capsys.readouterr().err


def test_a_refusal_is_one_sentence_and_two(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert streams.cli.main(["a-thing", "--raises", "refusal"]) == 2
    shown = capsys.readouterr()
    assert shown.err == "shoseki a-thing: data/: not writable; choose another --data\n"
    assert not shown.out


def test_an_interrupt_is_130(folder: Path) -> None:
    assert streams.cli.main(["a-thing", "--raises", "interrupt"]) == 130


def test_wrong_options_are_two(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert streams.cli.main(["a-thing", "--nonsense"]) == 2
    assert "--nonsense" in capsys.readouterr().err
    assert streams.cli.main(["a-thing", "--help"]) == 0


def test_a_reader_that_leaves_is_no_error_of_ours(folder: Path) -> None:
    script = (
        "import sys, streams.cli, pathlib;"
        f"streams.cli._HERE = pathlib.Path({str(folder)!r});"
        f"streams.cli.__path__ = [{str(folder)!r}];"
        "sys.exit(streams.cli.main(['a-thing']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 141


def test_help_is_light() -> None:
    script = "import sys, streams.cli; streams.cli.main([]); print(sorted(sys.modules))"
    shown = subprocess.check_output([sys.executable, "-c", script], text=True)
    modules = shown.splitlines()[-1]
    assert "'pydantic'" not in modules
    assert "'faust'" not in modules


def test_every_command_has_its_three_parts(capsys: pytest.CaptureFixture[str]) -> None:
    for name in streams.cli.commands():
        assert streams.cli.main([name, "--help"]) == 0, name
        assert capsys.readouterr().out.startswith(f"usage: shoseki {name}")
    assert issubclass(Refusal, Exception)
