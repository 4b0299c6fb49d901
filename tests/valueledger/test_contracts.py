"""The import contracts hold, and each of them would notice: a wrong import in a copy of the tree must break one."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
WRONG = [
    ("relationships/selectors/members.py", "import exchanges.models", "who does not know what"),
    ("valueledger/common/errors.py", "import relationships.models", "who does not know what"),
    ("exchanges/models/events.py", "import exchanges.services", "inside an app"),
    ("exchanges/selectors/due.py", "import exchanges.services", "inside an app"),
    ("exchanges/models/orders.py", "import exchanges.wording", "inside an app"),
    ("exchanges/balance/parameters.py", "import django", "plain Python"),
    ("exchanges/services/posting.py", "import exchanges.balance.filtering", "only one door"),
    ("exchanges/services/posting.py", "import celery", "Celery"),
    ("exchanges/selectors/due.py", "import rest_framework", "REST framework"),
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ["valueledger", "relationships", "exchanges"]:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def broken(folder: Path) -> str:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as go; go()", "--no-cache"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert "Contracts:" in done.stdout, done.stdout + done.stderr
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_the_contracts_hold(copy: Path) -> None:
    assert broken(copy) == ""


def test_a_module_without_a_layer_is_noticed(copy: Path) -> None:
    (copy / "exchanges" / "helpers.py").touch()
    assert "exchanges.helpers" in broken(copy)


@pytest.mark.parametrize(("name", "line", "contract"), WRONG)
def test_a_wrong_import_is_noticed(copy: Path, name: str, line: str, contract: str) -> None:
    path = copy / name
    path.write_text((path.read_text() if path.exists() else "") + f"\n{line}\n")
    said = broken(copy)
    assert re.search(rf"{contract}[^\n]* BROKEN", said), said
