#!/usr/bin/env python3
"""manage.py that sets itself up: on a fresh machine `python3 manage.py start` is the only command needed.

Stdlib only until the environment exists. Skipped inside any virtual environment that is not ours
(a developer's own, tox, CI) and when VALUELEDGER_BOOTSTRAP=0 (the container image sets it).
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
MINIMUM = (3, 11)


def bootstrap(lock: Path) -> None:
    inside_other_venv = sys.prefix != sys.base_prefix and Path(sys.prefix) != VENV
    if os.environ.get("VALUELEDGER_BOOTSTRAP") == "0" or inside_other_venv:
        return
    if sys.version_info < MINIMUM:
        sys.exit(f"Value Ledger needs Python {MINIMUM[0]}.{MINIMUM[1]} or newer; this is {sys.version.split()[0]}.")
    python = VENV / "bin" / "python"
    stamp = VENV / f".{lock.stem}.sha256"
    want = hashlib.sha256(lock.read_bytes()).hexdigest()

    def ready() -> bool:
        return python.exists() and stamp.exists() and stamp.read_text() == want

    if not ready():
        import fcntl  # two commands started at once must not build the same environment twice

        with open(ROOT / ".venv.lock", "w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if not ready():
                install(python, lock)
                stamp.write_text(want)
    if Path(sys.prefix) != VENV:
        os.execv(python, [str(python), str(ROOT / "manage.py"), *sys.argv[1:]])


def install(python: Path, lock: Path) -> None:
    print(f"First run: installing {lock.name} into {VENV.name}/ (about half a minute) ...", file=sys.stderr, flush=True)
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        uv = shutil.which("uv")
        tool = [uv, "pip", "install", "--python", str(python)] if uv else [str(python), "-m", "pip", "install"]
        subprocess.run([*tool, "--quiet", "--require-hashes", "-r", str(lock)], check=True)
    except subprocess.CalledProcessError as error:
        sys.exit(
            f"Could not set up {VENV.name}/ (exit {error.returncode}). On Debian/Ubuntu: apt-get install python3-venv. "
            f"Or make your own environment, activate it, and: pip install --require-hashes -r {lock.name}"
        )


if __name__ == "__main__":
    bootstrap(ROOT / "requirements.lock")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "valueledger.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
