"""The house rules that imports alone do not show; each with controls that it bites.

A rule finds offences in one module's syntax tree. Modules that may break it stand in its
exceptions with the reason; an exception that nothing needs any more fails too.
"""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*ROOT.glob("graphkit/**/*.py"), *ROOT.glob("pipelines/**/*.py")])
MODULES = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in SOURCES}
LIBRARY = r"graphkit/(?!cli)"

Offences = Iterator[tuple[int, str]]


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        name: what must hold.
        find: yields line and offence.
        bad: sources in which it must find something.
        good: sources in which it must find nothing.
        where: pattern of the paths it holds for.
        exceptions: pattern of paths to the reason why they may break it.
    """

    name: str
    find: Callable[[ast.Module], Offences]
    bad: tuple[str, ...]
    good: tuple[str, ...]
    where: str = r"(graphkit|pipelines)/"
    exceptions: Mapping[str, str] = field(default_factory=dict)


def calls(tree: ast.Module) -> Iterator[tuple[ast.Call, str, str]]:
    """Every call with its receiver's text (empty for a plain name) and the name called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node, ast.unparse(node.func.value), node.func.attr
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node, "", node.func.id


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every module or name imported, deferred and type-only ones too, as a dotted path."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


FILE_CALLS = {
    *("open", "read_text", "read_bytes", "write_text", "write_bytes", "open_text", "open_binary"),
    *("mkdir", "makedirs", "unlink", "touch", "rmtree", "iterdir", "glob", "rglob", "walk"),
    *("read_table", "write_table", "write_to_dataset", "write_dataset", "dataset"),
    *("ParquetFile", "ParquetWriter", "ParquetDataset", "OSFile", "memory_map"),
    *("open_csv", "read_csv", "write_csv", "open_json", "read_json", "savez", "loadtxt", "savetxt"),
    *("open_input_file", "open_input_stream", "open_output_stream", "write_graphml", "to_parquet"),
}


def opened_files(tree: ast.Module) -> Offences:
    """Calls that touch the disk; what the package itself ships may be read by resources."""
    for node, receiver, name in calls(tree):
        shipped = "files(" in receiver or "__file__" in receiver
        if name in FILE_CALLS and not shipped:
            yield node.lineno, ast.unparse(node.func)
    for line, path in imported(tree):
        if path.split(".")[0] in {"shutil", "tempfile", "sqlite3", "socket", "urllib", "requests"}:
            yield line, f"import {path}"


CLOCKS = {"now", "utcnow", "today", "localtime", "gmtime"}
TIMERS = {"time", "time_ns", "perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns"}


def clocks(tree: ast.Module) -> Offences:
    """Calls and imports that read the time of day."""
    for node, receiver, name in calls(tree):
        if (receiver and name in CLOCKS) or (receiver == "time" and name in TIMERS):
            yield node.lineno, ast.unparse(node.func)
    yield from ((line, path) for line, path in imported(tree) if path.startswith("time."))
    for line, text in statements(tree):
        found = re.search(r"(?i)\b((now|today|get_current_\w+)\s*\(|current_(date|time\w*))", text)
        if found:
            yield line, found.group()


def chances(tree: ast.Module) -> Offences:
    """Randomness that no seed fixes."""
    for node, receiver, name in calls(tree):
        seeded = name in {"default_rng", "Random"} and (node.args or node.keywords)
        drawn = receiver in {"random", "np.random", "numpy.random"} and name[0].islower()
        known = name in {"urandom", "uuid1", "uuid4", "token_bytes", "token_hex", "getrandbits"}
        fleeting = not receiver and name in {"hash", "id"}
        if known or fleeting or ((drawn or name == "Random") and not seeded):
            yield node.lineno, ast.unparse(node.func)
    for line, text in statements(tree):
        found = re.search(r"(?i)\b(random|uuid|setseed|gen_random_uuid)\s*\(|using sample", text)
        if found:
            yield line, found.group()


def statements(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Texts that look like SQL."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            continue
        if re.search(r"(?is)\bselect\b.*\bfrom\b", node.value):
            yield node.lineno, node.value


def prints(tree: ast.Module) -> Offences:
    """Calls of print."""
    for node, receiver, name in calls(tree):
        if name == "print" and not receiver:
            yield node.lineno, "print("


def root_imports(tree: ast.Module) -> Offences:
    """Imports of the package from inside it; a module of it is fine."""
    rooms = {path.split("/")[1].removesuffix(".py") for path in MODULES}
    for line, path in imported(tree):
        parts = path.split(".")
        if parts[0] == "graphkit" and (len(parts) == 1 or parts[1] not in rooms):
            yield line, f"import {path}"


def long_functions(tree: ast.Module) -> Offences:
    """Functions of more than 60 lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > 60:
                yield node.lineno, f"{node.name}: {lines} lines"


RULES = (
    Rule(
        "only ingest, reports and simulate open files",
        opened_files,
        where=r"graphkit/(?!ingest|reports|simulate)",
        bad=(
            "open('x')",
            "Path('x').read_text()",
            "def f(path):\n    import pyarrow.parquet as pq\n    return pq.read_table(path)",
            "import tempfile",
            "gzip.open(path)",
        ),
        good=(
            "files('graphkit.graph').joinpath('kinds.csv').read_text()",
            "'a.b'.replace('.', '')",
        ),
        exceptions={
            r"graphkit/settings/load\.py": "reads the one TOML file that it is handed",
            r"graphkit/graph/(kinds|cards)\.py": "reads the tables that ship beside it",
            r"graphkit/rings/cards\.py": "reads the cards that ship beside it",
            r"graphkit/entities/canonical\.py": "reads the list that ships beside it",
        },
    ),
    Rule(
        "no part of the library reads the clock",
        clocks,
        where=LIBRARY,
        bad=(
            "datetime.now()",
            "import datetime\ndatetime.date.today()",
            "time.perf_counter()",
            "from time import monotonic",
            "sql.query('SELECT now() FROM links', {})",
            "sql.query('select * from links where dt < current_date', {})",
        ),
        good=("datetime.combine(dt, time.min)", "sql.query('SELECT max(ts) FROM links', {})"),
    ),
    Rule(
        "all randomness has a seed",
        chances,
        where=LIBRARY,
        bad=(
            "np.random.default_rng()",
            "np.random.shuffle(a)",
            "random.random()",
            "random.Random()",
            "uuid.uuid4()",
            "hash(name)",
            "sql.query('SELECT random() FROM links', {})",
        ),
        good=("np.random.default_rng(seed)", "np.random.default_rng(seed=1)", "random.Random(7)"),
        exceptions={r"graphkit/entities/keys\.py": "a key must be one that nobody can guess"},
    ),
    Rule("nothing prints", prints, bad=("print('x')",), good=("typer.echo('x')",)),
    Rule(
        "the package does not import itself from inside",
        root_imports,
        where=r"graphkit/",
        bad=("import graphkit", "import graphkit as gk", "from graphkit import detect"),
        good=("from graphkit.contracts import LINKS", "from graphkit import sql", "import numpy"),
    ),
    Rule(
        "functions stay within 60 lines",
        long_functions,
        bad=("def f():\n" + "    x = 1\n" * 60,),
        good=("def f():\n" + "    x = 1\n" * 59,),
    ),
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_rule_holds(rule: Rule) -> None:
    offences = {
        path: found
        for path, source in MODULES.items()
        if re.match(rule.where, path) and (found := list(rule.find(ast.parse(source))))
    }
    excused = {
        path: [pattern for pattern in rule.exceptions if re.fullmatch(pattern, path)]
        for path in offences
    }
    broken = [
        f"{path}:{line} {offence}"
        for path, found in offences.items()
        for line, offence in found
        if not excused[path]
    ]
    assert not broken, f"{rule.name}:\n" + "\n".join(broken)
    stale = set(rule.exceptions) - {pattern for found in excused.values() for pattern in found}
    assert not stale, f"nothing needs these exceptions any more: {stale}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_rule_bites(rule: Rule) -> None:
    assert all(list(rule.find(ast.parse(source))) for source in rule.bad), rule.bad
    assert not any(list(rule.find(ast.parse(source))) for source in rule.good), rule.good


def vague(path: str) -> bool:
    """Whether a file's or folder's name says nothing of what is inside."""
    words = {"utils", "util", "helpers", "helper", "common", "misc", "base"}
    return any(part.removesuffix(".py").strip("_") in words for part in path.split("/"))


def test_names_say_what_is_inside() -> None:
    every = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("[gpbt]*/**/*.py")]
    assert len(every) > len(MODULES)
    assert not [path for path in every if vague(path)]
    assert vague("graphkit/utils.py") and vague("graphkit/common/x.py") and vague("a/_helpers.py")
    assert not vague("graphkit/baseline.py")


def test_files_stay_within_300_lines() -> None:
    tables = {"graphkit/contracts.py"}  # a list of tables: longer by an entry, not by a thought
    long = {path for path, source in MODULES.items() if source.count("\n") > 300}
    assert long == tables


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = str(Path(sys.executable).parent / "lint-imports")
    return subprocess.run(
        [command, "--no-cache", "--config", "pyproject.toml"],
        cwd=folder,
        env={"PATH": "", "PYTHONPATH": str(folder), "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_import_contracts_hold() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr
    assert " 0 broken" in result.stdout


@pytest.mark.parametrize(
    ("path", "source", "broken"),
    [
        ("graphkit/rings/x.py", "from graphkit.graph import project\n", "graphkit's layers"),
        (
            "graphkit/rings/x.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import graphkit.graph\n",
            "graphkit's layers",
        ),
        ("graphkit/sql2.py", "import pyarrow\n", "graphkit's layers"),
        ("graphkit/rings/x.py", "def f():\n    import duckdb\n", "only graphkit.sql knows"),
        ("graphkit/reports/x.py", "from pipelines import lake\n", "of graphkit only"),
        ("pipelines/nightly.py", "import graphkit.cli\n", "pipelines use the library"),
    ],
)
def test_the_import_contracts_bite(tmp_path: Path, path: str, source: str, broken: str) -> None:
    for name in ("graphkit", "pipelines"):
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "data")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / path).open("a") as file:
        file.write(source)
    result = lint_imports(tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    verdicts = re.findall(r"^(.*) (KEPT|BROKEN)", result.stdout, re.MULTILINE)
    said = [name for name, verdict in verdicts if verdict == "BROKEN"] or [result.stdout]
    assert any(broken in name for name in said), said


def strange_hosts(lock: str) -> set[str]:
    """Hosts in a lock file other than the public index and where it keeps its files."""
    return set(re.findall(r"https?://([^/\"]+)|file://", lock)) - {
        "pypi.org",
        "files.pythonhosted.org",
    }


def test_the_lock_names_only_the_public_index() -> None:
    lock = (ROOT / "uv.lock").read_text("utf-8")
    assert 'registry = "https://pypi.org/simple"' in lock
    assert strange_hosts(lock) == set()
    assert strange_hosts(lock.replace("https://pypi.org", "https://mirror.example", 1))
    assert strange_hosts(lock + '\nurl = "file:///srv/wheels"')


def test_the_version_has_one_home() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    literal = re.compile(rf"[\"']{re.escape(version)}[\"']|__version__\s*=\s*[\"']")
    assert literal.search(f'__version__ = "{version}"')
    assert not [path for path, source in MODULES.items() if literal.search(source)]
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")
