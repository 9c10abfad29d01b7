"""The built wheel does the night's work where there is no checkout."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
UV = str(Path(sys.executable).parent / "uv")


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run a command that must succeed; what it wrote to standard output."""
    result = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(UV, "build", "--quiet", "--wheel", "--out-dir", folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_ships_every_file_of_both_packages(wheel: Path) -> None:
    shipped = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    present = {
        path.relative_to(ROOT).as_posix()
        for package in ("graphkit", "pipelines")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert shipped == present
    assert {name.split("/")[0] for name in shipped} == {"graphkit", "pipelines"}


def test_the_nightly_job_runs_from_the_installed_wheel(wheel: Path, tmp_path: Path) -> None:
    pinned = tmp_path / "requirements.txt"
    export = ("export", "--quiet", "--locked", "--no-dev", "--no-emit-project")
    run(UV, *export, "--output-file", pinned, cwd=ROOT)
    venv = tmp_path / "venv"
    run(UV, "venv", "--quiet", "--python", sys.executable, venv, cwd=tmp_path)
    python = venv / "bin" / "python"
    install = (UV, "pip", "install", "--quiet", "--python", python)
    run(*install, "-r", pinned, cwd=tmp_path)
    run(*install, "--no-deps", wheel, cwd=tmp_path)

    home = tmp_path / "home"
    home.mkdir()
    bare = {"HOME": str(home), "PATH": "/usr/bin:/bin", "COLUMNS": "120"}
    graphkit = venv / "bin" / "graphkit"
    where = run(python, "-c", "import graphkit; print(graphkit.__file__)", cwd=home, env=bare)
    assert Path(where.strip()).is_relative_to(venv)
    simulate = ("simulate", "snapshots", "--accounts", "600", "--days", "2", "--end", "2026-11-02")
    run(graphkit, *simulate, cwd=home, env=bare)
    for day in ("2026-11-01", "2026-11-02"):
        run(graphkit, "run", "snapshots", "--date", day, "--out", "lake", cwd=home, env=bare)
    rings = json.loads(run(graphkit, "rings", "lake", "--format", "json", cwd=home, env=bare))
    assert rings
    assert all(ring["dt"] == "2026-11-02" and ring["size"] >= 3 for ring in rings)
