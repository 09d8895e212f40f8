"""Puts the locked packages and the `shoseki` command into .venv; says first how much that is.

Needs a bare python3: venv and pip, or uv where it is there. Wheels only, every one checked against
requirements.lock. A second call finds .venv/.stamp unchanged and returns at once. Whatever stands
in the way is told in one sentence that says what to do. (Plain old syntax on purpose: an old
python3 must be able to read this file to tell that it is too old.)
"""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile

TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(TREE, ".venv")
STAMP = os.path.join(VENV, ".stamp")
OLDEST, NEWEST = (3, 11), (3, 14)  # newer ones lack wheels in the lock

# Measured on Linux x86_64 with CPython 3.11; other systems differ by some tens of MB.
DOWNLOAD_MB = 370
DISK_MB = 1380


def machine():
    """What this python3 and this machine are, as far as the set-up depends on it."""
    try:
        import ensurepip
        import venv

        has_venv = bool(ensurepip and venv)
    except ImportError:
        has_venv = False
    return {
        "version": tuple(sys.version_info[:2]),
        "system": sys.platform,
        "cpu": platform.machine(),
        "musl": "musl" in (sysconfig.get_config_var("SOABI") or "")
        or "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or ""),
        "has_venv": has_venv,
        "uv": shutil.which("uv"),
    }


def refusal(it):
    """The one sentence that says why it cannot start here and what to do; None when it can."""
    found = ".".join(map(str, it["version"]))
    if not OLDEST <= it["version"] <= NEWEST:
        return (
            "Shoseki needs Python 3.11 to 3.14 and found only {}: install one of them and say "
            "which, for example: make PYTHON=python3.13 demo".format(found)
        )
    if it["musl"]:
        return (
            "The embedded store has no wheel for musl: run Shoseki on a glibc system, "
            "for example in a Debian container instead of Alpine."
        )
    if it["system"] not in ("linux", "darwin"):
        return "There are wheels for Linux and macOS only: use one of them (on Windows, WSL 2)."
    if it["system"] == "linux" and it["cpu"] != "x86_64":
        return (
            "faust-streaming has no Linux wheel for {}: use an x86_64 machine or macOS, where "
            "both processors have one.".format(it["cpu"])
        )
    if not it["has_venv"] and not it["uv"]:
        return (
            "This python3 lacks its venv module: install it (Debian and Ubuntu: package "
            "python{}-venv) or uv, then run make again.".format(found)
        )
    return None


def short_of_disk(uv):
    """The sentence that says where how much room is missing; None when there is enough."""
    variable = "UV_CACHE_DIR" if uv else "TMPDIR"
    cache = os.environ.get(variable) or (
        os.path.expanduser("~") if uv else tempfile.gettempdir()
    )
    while not os.path.exists(cache):
        cache = os.path.dirname(cache)
    # uv unpacks in its cache and links from there, where one file system holds both
    unpacks = uv and os.stat(cache).st_dev != os.stat(TREE).st_dev
    wanted = {}  # file system: [a place on it, MB]
    for place, megabytes in ((TREE, DISK_MB), (cache, DISK_MB if unpacks else DOWNLOAD_MB)):
        wanted.setdefault(os.stat(place).st_dev, [place, 0])[1] += megabytes
    for place, megabytes in wanted.values():
        free = shutil.disk_usage(place).free // 1000000
        if free < megabytes:
            elsewhere = " or set " + variable if place == cache else ""
            return (
                "{} has {} MB free and the set-up needs {} MB there: make room{} and run make "
                "again.".format(place, free, megabytes, elsewhere)
            )
    return None


def digests():
    """What .venv depends on: lock, project file and its own place (scripts hold its path)."""
    found = {"place": VENV}
    for name in ("requirements.lock", "pyproject.toml"):
        with open(os.path.join(TREE, name), "rb") as file:
            found[name] = hashlib.sha256(file.read()).hexdigest()
    return found


def stamped():
    """What .venv was made from; empty when there is none or it was never finished."""
    try:
        with open(STAMP) as file:
            stamp = json.load(file)
    except (OSError, ValueError):
        return {}
    usable = os.path.exists(os.path.join(VENV, "bin", "python"))
    return stamp if usable and isinstance(stamp, dict) else {}


def run(step, *command):
    """Runs one step in the tree with its output shown; ends the set-up when the step fails."""
    if subprocess.call(command, cwd=TREE, stdin=subprocess.DEVNULL):
        sys.exit(
            "The set-up stopped at: {}; its own message stands above, .venv is not in use until "
            "make runs through.".format(step)
        )


def install(uv, packages):
    """Makes .venv anew where `packages` is true, then puts the project itself into it."""
    python = os.path.join(VENV, "bin", "python")
    locked = ("--require-hashes", "--only-binary", ":all:", "-r", "requirements.lock")
    itself = ("--no-deps", "--no-build-isolation", "--editable", ".")
    if uv:
        pip = (uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python)
        make_venv = (uv, "venv", "--quiet", "--clear", "--python", sys.executable, VENV)
    else:
        pip = (python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
        make_venv = (sys.executable, "-m", "venv", "--clear", VENV)
    if packages:
        run("making .venv", *make_venv)
        run("installing requirements.lock", *(pip + locked))
    elif os.path.exists(STAMP):
        os.remove(STAMP)
    run("installing shoseki itself", *(pip + itself))
    # an editable install compiles nothing, and where PYTHONDONTWRITEBYTECODE is set no start would
    run("compiling shoseki", python, "-m", "compileall", "-q", "controls", "streams", "dashboards")


def another_python():
    """A python3.x on the path that runs and is new enough, for when `python3` itself is not."""
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        path = shutil.which("python3.{}".format(minor))
        # a version manager's shim may lead nowhere, or back here
        asks = "import sys; sys.exit(sys.version_info[1] != {})".format(minor)
        if path and not subprocess.call([path, "-c", asks], stderr=subprocess.DEVNULL):
            return path
    return None


def main():
    wanted, found = digests(), stamped()
    if wanted == found:
        return
    it = machine()
    if not OLDEST <= it["version"] <= NEWEST:
        path = another_python()
        if path:
            os.execv(path, [path, os.path.abspath(__file__)])
    sentence = refusal(it)
    if sentence:
        sys.exit(sentence)
    packages = any(wanted[part] != found.get(part) for part in ("place", "requirements.lock"))
    packages = packages or not (it["uv"] or os.path.exists(os.path.join(VENV, "bin", "pip")))
    if packages:
        sentence = short_of_disk(it["uv"])
        if sentence:
            sys.exit(sentence)
        print(
            "Setting up .venv: downloads about {} MB of wheels (less where they are cached) and "
            "takes about {} MB of disk; nothing outside it and the package cache is "
            "changed.".format(DOWNLOAD_MB, DISK_MB),
            flush=True,
        )
    install(it["uv"], packages)
    with open(STAMP, "w") as file:
        json.dump(wanted, file)
    if packages:
        print("Ready: .venv/bin/shoseki", flush=True)


if __name__ == "__main__":
    main()
