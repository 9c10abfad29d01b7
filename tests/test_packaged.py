"""Tools from the package index do what they are called for; those not installed are passed by."""

from functools import partial
from importlib.util import find_spec

import pytest

from benchmarks.quality import Cell, code_of
from benchmarks.rivals.packaged import PACKAGED, installed
from benchmarks.rivals.packaged.bipartite_louvain import bipartite_louvain
from benchmarks.rivals.packaged.co_link import co_link
from benchmarks.rivals.packaged.deterministic import deterministic
from benchmarks.rivals.packaged.null_model import null_model
from tests.test_rivals import HONEST, PLAIN, RING, groups, links_of, planted

FINDERS = {
    "splink": partial(deterministic, kinds=PLAIN, cap=10),
    "coordination-network-toolkit": partial(co_link, kinds=PLAIN, cap=10, within_s=60),
    "coordinationz": partial(null_model, kinds=PLAIN, cap=10, p=0.1),
    "scikit-network": partial(bipartite_louvain, kinds=PLAIN, cap=10),
}
# Their own warnings are theirs.
pytestmark = pytest.mark.filterwarnings("ignore")
present = {
    name: pytest.param(name, marks=pytest.mark.skipif(not installed(name), reason="not installed"))
    for name in PACKAGED
}


@pytest.mark.parametrize("name", present.values())
def test_planted_rings_are_found(name: str) -> None:
    # Two: a graph that is one dense block is no community to those that compare with chance.
    other = [f"more{place}" for place in range(5)]
    held = [(account, "ip", thing, 9.0) for account in other for thing in (501, 502, 503)]
    window = links_of([*planted(), *held])
    assert groups(FINDERS[name](window)) == {frozenset(RING), frozenset(other)}


@pytest.mark.parametrize("name", present.values())
def test_links_that_share_nothing_give_no_community(name: str) -> None:
    window = links_of([(account, "ip", place, 1) for place, account in enumerate(HONEST)])
    assert FINDERS[name](window).num_rows == 0


@pytest.mark.parametrize("name", PACKAGED)
def test_every_tool_says_whether_it_is_there(name: str) -> None:
    modules = {"scikit-network": "sknetwork"}
    module = modules.get(name, name.replace("-", "_"))
    assert (installed(name) is None) == (find_spec(module) is None)


def test_a_line_rests_on_the_file_and_the_settings_of_its_method() -> None:
    codes = {name: code_of(name) for name in (*PACKAGED, "union", "union, capped", "FRAUDAR")}
    assert len(set(codes.values())) == len(codes)
    assert codes == {name: code_of(name) for name in codes}
    assert Cell(100, 0, 5, "union").world == Cell(100, 0, 5, "FRAUDAR").world
