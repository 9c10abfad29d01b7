"""Paths that stand for many files: a day that is spelled in one is found back."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphkit.settings.paths import PathPattern

DAYS = st.dates(date(1970, 1, 1), date(2068, 12, 31))
YEARS, IN_YEAR = (
    st.sampled_from(["%Y", "%y"]),
    st.sampled_from([["%m", "%d"], ["%d", "%m"], ["%j"]]),
)
GLUE = st.text(st.sampled_from("/-_.=+() aé年0"), max_size=3)


@st.composite
def spellings(draw: st.DrawFn) -> str:
    """A spelling that holds a whole day, perhaps a part of it twice."""
    parts = [
        draw(YEARS),
        *draw(IN_YEAR),
        *draw(st.lists(st.sampled_from(["%Y", "%m", "%d", "%j"]))),
    ]
    parts = draw(st.permutations(parts))
    return "".join(part + draw(GLUE) for part in parts)


def fits_a_path(text: str) -> bool:
    return not ({"", ".."} & set(text.split("/")))


@given(day=DAYS, spelling=spellings(), before=st.sampled_from(["", "logs/", "a.b/x-", "*/", "**/"]))
def test_a_day_that_is_spelled_is_found_back(day: date, spelling: str, before: str) -> None:
    text = f"{before}{{date:{spelling}}}z.csv"
    spelled = before.replace("**/", "p/q/").replace("*", "any") + day.strftime(spelling) + "z.csv"
    if not fits_a_path(text):
        return
    pattern = PathPattern.parse(text)
    assert pattern.dated and pattern.fits(spelled)
    assert pattern.date_of(spelled) == day


@given(day=DAYS, other=DAYS)
def test_parts_that_disagree_are_no_day(day: date, other: date) -> None:
    pattern = PathPattern.parse("{date:%Y/%m}/{date}.csv")
    path = f"{day:%Y/%m}/{other}.csv"
    same = (day.year, day.month) == (other.year, other.month)
    assert pattern.fits(path) == same
    assert pattern.date_of(path) == (other if same else None)


@pytest.mark.parametrize(
    ("text", "fitting", "unfit"),
    [
        ("a/*.csv", ["a/x.csv", "a/1.csv"], ["a/b/x.csv", "a/.x.csv", "a/_x.csv"]),
        ("a/x*.csv", ["a/x.csv", "a/x_1.csv", "a/x.y.csv"], ["a/y.csv", "b/x.csv"]),
        ("**/x.csv", ["x.csv", "a/x.csv", "a/b/x.csv"], ["a/x.csv.gz", ".git/x.csv", "a/_t/x.csv"]),
        ("a/**/*.csv", ["a/x.csv", "a/b/c/x.csv"], ["x.csv", "b/x.csv"]),
        ("{date}.csv", ["2026-11-22.csv"], ["2026-02-30.csv", "2026-11-2.csv", "x2026-11-22.csv"]),
        ("d[0-9]?.csv", ["d[0-9]?.csv"], ["d0.csv", "d01.csv"]),
        ("{date:%Y}/{date:%j}.csv", ["2024/366.csv"], ["2026/366.csv", "2026/000.csv"]),
    ],
)
def test_what_fits(text: str, fitting: list[str], unfit: list[str]) -> None:
    pattern = PathPattern.parse(text)
    assert [path for path in fitting + unfit if pattern.fits(path)] == fitting


@pytest.mark.parametrize(
    ("text", "folder", "deep"),
    [
        ("x.csv", "", False),
        ("a/b/x.csv", "a/b", False),
        ("a/b*/x.csv", "a", True),
        ("a/x-{date}.csv", "a", False),
        ("a/{date:%Y/%m/%d}.csv", "a", True),
        ("**/x.csv", "", True),
    ],
)
def test_where_it_is_looked_for(text: str, folder: str, deep: bool) -> None:
    pattern = PathPattern.parse(text)
    assert (pattern.folder, pattern.deep) == (folder, deep)


@pytest.mark.parametrize(
    "text",
    [
        *("", "/a.csv", "../a.csv", "a/../b.csv", "a//b.csv", "a/", "s3://b/a.csv"),
        *("a**.csv", "**", "a/**", "{hour}.csv", "{date.csv", "{date:}.csv", "{date:%H}.csv"),
        *("{date:%Y}.csv", "{date:%m-%d}.csv", "{date:%Y-%m}.csv", "{date:today}.csv", "{}.csv"),
    ],
)
def test_what_is_no_path(text: str) -> None:
    with pytest.raises(ValueError, match=r"path below|whole folder|whole day|known parts|braces"):
        PathPattern.parse(text)
