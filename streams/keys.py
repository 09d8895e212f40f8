"""The keys of the pseudonyms: small files outside the data directory, made on first use.

join.key and id.key live as long as the installation; digest-YYYY.key and evidence-YYYY.key
belong to one JST year. Whoever destroys a year's evidence key leaves evidence-YYYY.destroyed
behind, so that no new key quietly takes its place.
"""

import os
import secrets
import stat
from pathlib import Path

from controls.kernel import Refusal


class Keys:
    """Reads and, on first use, makes the keys in one directory.

    The directory (0700) and the files (0600, 32 random bytes in hex) must be closed to
    others and must not lie inside the data directory, where a copy of the evidence would
    carry them along; else `Refusal`.
    """

    def __init__(self, directory: Path, data: Path | None = None) -> None:
        self.directory = directory.resolve()
        if data is not None and self.directory.is_relative_to(data.resolve()):
            raise Refusal(
                f"{directory}: keys must not lie inside the data directory {data}; "
                "choose another directory for them"
            )
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            closed(self.directory)
        except OSError as error:
            raise Refusal(
                f"{directory}: the key directory cannot be used ({error.strerror}); "
                "make it writable for the user that runs shoseki"
            ) from error

    def get(self, name: str) -> bytes:
        """The key called `name`, such as join or evidence-2026."""
        path = self.directory / f"{name}.key"
        if path.with_suffix(".destroyed").exists():
            raise Refusal(f"{path}: this key was destroyed; its year cannot be judged again")
        try:
            if not path.exists():
                _create(path)
            closed(path)
            key = bytes.fromhex(path.read_text("ascii").strip())
        except OSError as error:
            raise Refusal(
                f"{path}: the key cannot be read or made ({error.strerror}); "
                "check owner and mode of the file and its directory"
            ) from error
        except ValueError:
            key = b""
        if len(key) != 32:
            raise Refusal(f"{path}: 64 hexadecimal digits are expected; restore it from backup")
        return key

    def names(self, prefix: str) -> list[str]:
        """The names of the keys there are that begin so."""
        return [path.stem for path in self.directory.glob(f"{prefix}*.key")]


def closed(path: Path) -> None:
    """Refusal where others than the owner may reach the file or directory."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise Refusal(
            f"{path}: others may reach it (mode {mode:04o}); run: chmod go= {path.name} "
            f"in {path.parent}"
        )


def _create(path: Path) -> None:
    """Write the key whole before it gets its name; who comes second uses the first one's."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, secrets.token_hex(32).encode() + b"\n")
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
