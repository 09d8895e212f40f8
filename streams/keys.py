"""The keys of an installation: small files outside the data directory, made on first use.

join.key and id.key live as long as the installation; digest-YYYY.key and evidence-YYYY.key
belong to one JST year.  `destroy` leaves NAME.destroyed behind, so that no new key quietly takes
the place of the old one.  log-N.key signs checkpoints; log-N.pub, which anybody may have, outlives
it.
"""

import os
import secrets
import stat
from pathlib import Path

from controls.kernel import Refusal
from streams.evidence.note import Signer


class Destroyed(Refusal):
    """A key that is gone for good."""


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
            raise Destroyed(f"{path}: this key was destroyed; its year cannot be judged again")
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
        return sorted(path.stem for path in self.directory.glob(f"{prefix}*.key"))

    def destroyed(self, name: str) -> bool:
        """Whether the key called `name` was destroyed."""
        return (self.directory / f"{name}.destroyed").exists()

    def destroy(self, name: str) -> None:
        """Overwrite and remove a key, once its mark is on the disk; Refusal where there is none.

        Copies of the file, such as in backups of this directory, are the company's to destroy.
        """
        path = self.directory / f"{name}.key"
        if not path.exists():
            raise Refusal(
                f"{path}: there is no such key; `shoseki keys list` shows those there are"
            )
        try:
            _durable(path.with_suffix(".destroyed"), b"")
            with open(path, "r+b") as file:
                file.write(secrets.token_bytes(path.stat().st_size))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
            _sync(self.directory)
        except OSError as error:
            raise Refusal(f"{path}: cannot be destroyed ({error.strerror})") from error

    # -- keys that sign -------------------------------------------------------------------------

    def signers(self, origin: str) -> list[Signer]:
        """The keys that sign the log, oldest first; the first one is made when there is none."""
        if not self.names("log-"):
            self.sign_anew(origin)
        return [self._signer(name) for name in sorted(self.names("log-"), key=_number)]

    def sign_anew(self, origin: str) -> str:
        """Make a further key that signs, under the name of the log; its verifier key."""
        taken = [_number(path.stem) for path in self.directory.glob("log-*.pub")]
        name = f"log-{max(taken, default=0) + 1}"
        verifier = Signer(origin, self.get(name)).verifier
        _durable(self.directory / f"{name}.pub", verifier.encode() + b"\n")
        return verifier

    def retire(self, name: str) -> None:
        """Destroy a key that signs; what it signed can be verified as before."""
        if self.names("log-") == [name]:
            raise Refusal(
                f"{name}: is the only key that signs; `shoseki keys rotate` makes another"
            )
        self.destroy(name)

    def verifiers(self) -> dict[str, str]:
        """The verifier keys of all keys that ever signed, by name, oldest first."""
        files = sorted(self.directory.glob("log-*.pub"), key=lambda path: _number(path.stem))
        return {path.stem: path.read_text("utf-8").strip() for path in files}

    def _signer(self, name: str) -> Signer:
        path = self.directory / f"{name}.pub"
        try:
            verifier = path.read_text("utf-8").strip()
        except OSError as error:
            raise Refusal(f"{path}: cannot be read ({error.strerror}); restore it") from error
        signer = Signer(verifier.split("+")[0], self.get(name))
        if signer.verifier != verifier:
            raise Refusal(f"{path}: is not of {name}.key; restore both from the same copy")
        return signer


def _number(name: str) -> int:
    return int(name.removeprefix("log-"))


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
    _durable(path, secrets.token_hex(32).encode() + b"\n")


def _durable(path: Path, text: bytes) -> None:
    """Write a file whole, unless it is there, on the disk when this returns."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, text)
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    _sync(path.parent)


def _sync(folder: Path) -> None:
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
