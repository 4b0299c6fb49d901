"""manage.py sets itself up. Pip is never run here: a folder that looks like an environment is enough to see what it would do."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)


@pytest.fixture
def manage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """manage.py as a module, in a folder of its own, outside of any environment, with installs and restarts written down."""
    spec = importlib.util.spec_from_file_location("manage_under_test", ROOT / "manage.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, value in {
        "ROOT": tmp_path,
        "VENV": tmp_path / ".venv",
        "RUN": tmp_path / "requirements.lock",
        "DEV": tmp_path / "requirements-dev.lock",
    }.items():
        monkeypatch.setattr(module, name, value)
    module.RUN.write_text("a==1\n")
    module.DEV.write_text("a==1\nb==2\n")
    module.did = []

    def install(python: Path, lock: Path) -> None:
        module.did.append(f"install {lock.name}")
        python.parent.mkdir(parents=True, exist_ok=True)
        python.touch()

    monkeypatch.setattr(module, "install", install)
    monkeypatch.setattr(module.os, "execv", lambda *_: module.did.append("restart"))
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    monkeypatch.delenv("VALUELEDGER_BOOTSTRAP", raising=False)
    return module


def test_the_first_command_makes_the_environment_and_the_next_ones_use_it(manage: ModuleType) -> None:
    manage.bootstrap(manage.RUN)
    manage.bootstrap(manage.RUN)
    assert manage.did == ["install requirements.lock", "restart", "restart"]


def test_a_changed_lock_is_installed(manage: ModuleType) -> None:
    manage.bootstrap(manage.RUN)
    manage.RUN.write_text("a==2\n")
    manage.bootstrap(manage.RUN)
    assert manage.did.count("install requirements.lock") == 2


def test_the_environment_of_the_tests_serves_every_command(manage: ModuleType) -> None:
    manage.bootstrap(manage.DEV)
    manage.bootstrap(manage.RUN)
    manage.bootstrap(manage.DEV)
    assert manage.did == ["install requirements-dev.lock", "restart", "restart", "restart"]


def test_the_environment_of_the_product_is_widened_for_the_tests(manage: ModuleType) -> None:
    manage.bootstrap(manage.RUN)
    manage.bootstrap(manage.DEV)
    manage.bootstrap(manage.RUN)
    assert [line for line in manage.did if line != "restart"] == ["install requirements.lock", "install requirements-dev.lock"]


def test_somebody_elses_environment_is_left_alone(manage: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", "/somewhere/else")
    manage.bootstrap(manage.RUN)
    assert manage.did == []


def test_the_image_switches_it_off(manage: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VALUELEDGER_BOOTSTRAP", "0")
    manage.bootstrap(manage.RUN)
    assert manage.did == []


def test_an_old_python_is_refused_with_a_sentence(manage: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manage, "MINIMUM", (4, 0))
    with pytest.raises(SystemExit, match=r"needs Python 4\.0 or newer"):
        manage.bootstrap(manage.RUN)


def pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([A-Za-z0-9_.\[\]-]+)==([^ \\;]+)", (ROOT / name).read_text(), re.MULTILINE))


def test_the_lock_of_the_tests_holds_every_pin_of_the_product() -> None:
    run, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    assert len(run) > 30
    assert {name: dev.get(name) for name in run} == run


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_has_hashes_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not re.search(r"://|--(extra-)?index|--find-links|@ file", text)
    entries = re.split(r"\n(?=\S)", text.strip())
    assert all("--hash=sha256:" in entry for entry in entries)


def test_the_command_works_from_another_folder(tmp_path: Path) -> None:
    own = {**os.environ, "VAR_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "help", "start"], cwd=tmp_path, env=own, capture_output=True, text=True, check=True, timeout=60
    )
    assert "with no other server" in done.stdout
