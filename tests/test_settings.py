"""Settings: file, environment and flag, one over the other, and what is refused."""

from pathlib import Path

import pytest

from graphkit.errors import SettingsError
from graphkit.graph import default_kinds, kinds_for
from graphkit.settings import GraphSettings, KindSettings, Settings, load_settings, origins

FILE = """
window = "14d"
[rings]
min_size = 4
min_score_bits = 2.0
[graph.kinds.phone]
per_bit = 800
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "graphkit.toml"
    file.write_text(FILE, "utf-8")
    return file


def test_a_flag_goes_before_the_environment_and_that_before_the_file(path: Path) -> None:
    environ = {"GRAPHKIT_RINGS__MIN_SIZE": "5", "GRAPHKIT_WINDOW": "9d", "GRAPHKIT_SEED": "3"}
    found = load_settings(path, environ=environ, window_d="7d", run={"threads": 1})
    assert (found.window_d, found.rings.min_size, found.rings.min_score_bits) == (7, 5, 2.0)
    assert (found.seed, found.run.threads) == (3, 1)
    told = origins(path, environ=environ, window_d="7d", run={"threads": 1})
    assert told["window_d"] == told["run.threads"] == "flag"
    assert told["rings.min_size"] == told["seed"] == "environment"
    assert told["rings.min_score_bits"] == told["graph.kinds"] == "file"
    assert "rings.min_confidence" not in told


def test_a_path_in_the_file_is_taken_from_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "etc" / "graphkit.toml"
    file.parent.mkdir()
    file.write_text("[run]\nkey = '../secret/lake.key'\nbenign = 'benign.csv'\nthreads = 2\n")
    found = load_settings(file).run
    assert found.key == str(tmp_path / "etc/../secret/lake.key")
    assert (found.benign, found.threads) == (str(tmp_path / "etc/benign.csv"), 2)
    elsewhere = str(tmp_path / "other.csv")
    file.write_text(f"[run]\nbenign = '{elsewhere}'\n")
    assert load_settings(file).run.benign == elsewhere
    over = {"GRAPHKIT_RUN__BENIGN": "mine.csv"}
    assert load_settings(file, environ=over).run.benign == "mine.csv", "as the shell understands it"
    assert load_settings(file, environ=over, run={"benign": "flag.csv"}).run.benign == "flag.csv"
    assert origins(file)["run.benign"] == "file"


def test_other_variables_are_nobodys_business() -> None:
    environ = {"GRAPHKIT_KEY": "00", "GRAPHKIT_DATA": "x", "RINGS__MIN_SIZE": "9"}
    assert load_settings(environ=environ) == Settings()


def test_what_changes_no_result_is_not_in_the_manifest() -> None:
    assert "run" not in load_settings(run={"threads": 2}).model_dump(mode="json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("windw = 3", "no setting 'windw'"),
        ("[rings]\nmin_sise = 4", "no setting 'rings.min_sise' (did you mean 'min_size'?)"),
        ("[graph.kinds.ip]\nhub_capp = 4", "(did you mean 'hub_cap'?)"),
        ("[graph.kinds.ip]\nsignal = 'adress'", "setting 'graph.kinds.ip.signal' does not fit"),
        ("[rings]\nmin_size = 1", "setting 'rings.min_size' does not fit"),
        ("rings = 3", "setting 'rings' does not fit"),
        ("[rings", "cannot be read"),
    ],
)
def test_what_is_refused(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "graphkit.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    assert message in str(caught.value) and str(file) in str(caught.value)


def test_an_unknown_variable_of_a_section_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"environment: there is no setting 'rings\.min_sise'"):
        load_settings(environ={"GRAPHKIT_RINGS__MIN_SISE": "4"})


def test_a_kinds_own_values_go_before_the_table() -> None:
    own = {"ip": KindSettings(hub_cap=7), "phone": KindSettings(per_bit=800, signal="device")}
    rows = {row["kind"]: row for row in kinds_for(GraphSettings(kinds=own)).to_pylist()}
    packaged = {row["kind"]: row for row in default_kinds().to_pylist()}
    assert rows["ip"] == packaged["ip"] | {"hub_cap": 7}
    changed = {"kind": "phone", "per_bit": 800, "signal": "device"}
    assert rows["phone"] == packaged["*"] | changed
    assert packaged["ip"]["per_bit"] is None
    assert rows["card"] == packaged["card"]
