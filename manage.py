#!/usr/bin/env python3
"""Sets itself up: on a fresh machine `python3 manage.py start` is the only command needed, and `python3 manage.py test` the second.

Standard library only until the environment exists. Skipped inside any virtual environment that is not ours
(a developer's own, tox) and when VALUELEDGER_BOOTSTRAP=0 (the container image sets it).
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
RUN = ROOT / "requirements.lock"
DEV = ROOT / "requirements-dev.lock"
MINIMUM = (3, 11)


def bootstrap(lock: Path) -> None:
    """Go on inside .venv, made from the lock first if it is missing or older than the lock."""
    inside_other_venv = sys.prefix != sys.base_prefix and Path(sys.prefix) != VENV
    if os.environ.get("VALUELEDGER_BOOTSTRAP") == "0" or inside_other_venv:
        return
    if sys.version_info < MINIMUM:
        sys.exit(f"Value Ledger needs Python {MINIMUM[0]}.{MINIMUM[1]} or newer; this is {sys.version.split()[0]}.")
    python = VENV / "bin" / "python"
    if not is_ready(lock):
        import fcntl  # two commands started at once must not build the same environment twice

        with open(ROOT / ".venv.lock", "w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if not is_ready(lock):
                install(python, lock)
                stamp_of(lock).write_text(digest(lock))
    if Path(sys.prefix) != VENV:
        os.execv(python, [str(python), str(ROOT / "manage.py"), *sys.argv[1:]])


def stamp_of(lock: Path) -> Path:
    return VENV / f".{lock.stem}.sha256"


def digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def is_ready(lock: Path) -> bool:
    """The dev lock holds everything of the run lock, so its stamp serves both: the two commands do not undo each other."""
    if not (VENV / "bin" / "python").exists():
        return False
    return any(stamp_of(one).exists() and stamp_of(one).read_text() == digest(one) for one in {lock, DEV})


def install(python: Path, lock: Path) -> None:
    print(f"First run: installing {lock.name} into {VENV.name}/ (about half a minute) ...", file=sys.stderr, flush=True)
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        uv = shutil.which("uv")
        tool = [uv, "pip", "install", "--python", str(python)] if uv else [str(python), "-m", "pip", "install", "--disable-pip-version-check"]
        subprocess.run([*tool, "--quiet", "--require-hashes", "-r", str(lock)], check=True)
    except subprocess.CalledProcessError as error:
        if not list(VENV.glob("bin/pip*")):
            shutil.rmtree(VENV, ignore_errors=True)  # half an environment would be taken for a whole one next time
        sys.exit(
            f"Could not set up {VENV.name}/ (exit {error.returncode}). On Debian and Ubuntu: apt-get install python3-venv. "
            f"Or make your own environment, activate it, and: pip install --require-hashes -r {lock.name}"
        )


def test(arguments: list[str]) -> int:
    """The whole suite: whatever needs a browser or a server says aloud when that program is missing."""
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    bootstrap(DEV if command == "test" else RUN)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "valueledger.settings")
    if command == "test":
        sys.exit(test(sys.argv[2:]))
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
