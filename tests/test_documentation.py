"""What the README says is what there is: names, commands, settings, make targets, examples."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer.main
from pydantic import BaseModel
from typer.testing import CliRunner

import graphkit
from graphkit.cli import app
from graphkit.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def section(title: str) -> str:
    """The README's text under a heading, up to the next heading of any level."""
    found = re.search(
        rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", README, re.MULTILINE | re.DOTALL
    )
    assert found, f"README has no section {title!r}"
    return found.group(1)


def blocks(text: str, language: str) -> list[str]:
    """The fenced code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands() -> Mapping[str, Any]:
    """Every command of the command line by name."""
    group: Any = typer.main.get_command(app)
    found: Mapping[str, Any] = group.commands
    return found


def settings_rows(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[str]:
    """Every setting as a row of the README's table."""
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            yield from settings_rows(type(default), f"{prefix}{name}.")
        else:
            value = ", ".join(default) if isinstance(default, tuple) else default
            value = str(value).lower() if isinstance(value, bool) else value
            shown = "none" if value in ({}, None, "") else f"`{value}`"
            yield f"| `{prefix}{name}` | {shown} | {field.description} |"


def test_the_public_names_are_the_documented_ones() -> None:
    documented = re.findall(r"^\| `(\w+)", section("Names in Python"), re.MULTILINE)
    assert sorted(documented) == sorted(graphkit.__all__)
    missing = [name for name in graphkit.__all__ if not hasattr(graphkit, name)]
    assert not missing


def test_every_public_name_explains_itself() -> None:
    for name in graphkit.__all__:
        assert (getattr(graphkit, name).__doc__ or "").strip(), f"{name} has no docstring"


def test_the_commands_are_the_documented_ones() -> None:
    documented = re.findall(r"^\| `graphkit ([\w-]+)", section("Commands"), re.MULTILINE)
    assert sorted(documented) == sorted(commands())


@pytest.mark.parametrize("name", commands())
def test_every_command_helps_with_an_example(name: str) -> None:
    result = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert result.exit_code == 0
    assert re.search(rf"Example:\s*graphkit {name}\b", result.output), result.output


def test_every_setting_is_documented_with_its_default() -> None:
    documented = re.findall(r"^\| `.*$", section("Settings"), re.MULTILINE)
    assert documented == list(settings_rows()), "the table should be:\n" + "\n".join(
        settings_rows()
    )


def test_every_setting_has_a_description() -> None:
    assert not [row for row in settings_rows() if row.endswith("| None |")]


def test_the_exit_codes_are_the_documented_ones() -> None:
    documented = set(re.findall(r"^\| (\d+) \|", section("Exit codes"), re.MULTILINE))
    kinds = graphkit.GraphkitError.__subclasses__()
    assert len(kinds) >= 4
    assert documented == {"0", "1"} | {str(kind.exit_code) for kind in kinds}


def test_the_make_targets_named_exist() -> None:
    targets = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z][\w-]*)", README, re.MULTILINE))
    assert {"demo", "test"} <= named <= targets
    assert len(targets) <= 10


@pytest.fixture(scope="module")
def toured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every command of the README's tour has been run."""
    folder = tmp_path_factory.mktemp("tour")
    (tour,) = blocks(section("At the command line"), "sh")
    lines = tour.splitlines()
    assert {shlex.split(line)[1] for line in lines} >= {
        "simulate",
        "run",
        "rings",
        "explain",
        "why",
    }
    account = "ACCOUNT"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for line in lines:
            words = shlex.split(line.replace("ACCOUNT", account))
            assert words[0] == "graphkit"
            result = CliRunner().invoke(app, words[1:])
            assert result.exit_code == 0, f"{line}\n{result.output}"
            if words[1] == "rings":
                listed = CliRunner().invoke(app, ["members", "lake/", "--format", "json"])
                account = json.loads(listed.stdout)[0]["account_id"]
    (folder / "account").write_text(account)
    return folder


def test_the_tour_in_python_runs(toured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tour,) = blocks(section("In Python"), "python")
    monkeypatch.chdir(toured)
    names: dict[str, Any] = {}
    exec(tour.replace("ACCOUNT", (toured / "account").read_text()), names)
    assert len(names["ring"].evidence) > 0


def test_notebooks_are_kept_without_outputs() -> None:
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    assert notebooks
    for path in notebooks:
        cells = json.loads(path.read_text("utf-8"))["cells"]
        kept = [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")]
        assert not kept, f"{path.name}: {len(kept)} cells keep outputs"
