"""Peers: other event stores, each of a pinned version, installed into a folder that goes away with the benchmark."""

import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.performance.suite import Missing

HERE = Path(__file__).parent
UMADB = "0.7.8"
_PATIENCE = 300


def from_pip(folder: Path, name: str, version: str) -> Any:
    """The module of a Python package. Raises Missing."""
    target = folder / f"pip-{name}"
    if not target.exists():
        wanted = f"{name}=={version}"
        _install([sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target), wanted], folder)
        sys.path.append(str(target))
    return importlib.import_module(name)


def from_npm(folder: Path) -> Path:
    """The folder of a Node project that has every package of ``package.json``. Raises Missing."""
    target = folder / "npm"
    if not (target / "node_modules").exists():
        for program in ("node", "npm"):
            if shutil.which(program) is None:
                raise Missing(f"{program} is not installed")
        target.mkdir(exist_ok=True)
        for name in ("package.json", "emmett.mjs"):
            shutil.copy(HERE / name, target)
        _install(["npm", "install", "--silent", "--no-audit", "--no-fund"], target)
    return target


def npm_version(package: str) -> str:
    return str(json.loads((HERE / "package.json").read_text())["dependencies"][package])


def _install(command: list[str], folder: Path) -> None:
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=_PATIENCE)
    except subprocess.CalledProcessError as error:
        raise Missing(f"{command[0]} could not install it: {(error.stderr or error.stdout)[-200:].strip()}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(str(error)[:200]) from error
