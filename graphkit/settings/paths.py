"""Paths that stand for many files: a day written in them, any part of a name, any folders."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

_DIGITS = {"Y": 4, "y": 2, "m": 2, "d": 2, "j": 3}
_TOKEN = re.compile(r"\{[^{}]*\}|\*\*/|\*|[^*{]+|\{")
_DAY = re.compile(
    r"(?<![0-9])20[0-9]{2}([-/_.]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12][0-9]|3[01])(?![0-9])"
)
_WHAT = (
    "{date}, {date:...} with %Y %m %d %y %j, * for any part of a name, **/ for any folders: "
    "logs/{date:%Y/%m/%d}/*.jsonl"
)


@dataclass(frozen=True)
class PathPattern:
    """A path with `{date}`, `*` and `**/` in it.

    `{date}` is a day as YYYY-MM-DD, `{date:%Y/%m/%d}` another spelling; a path may hold several
    parts of one day. `*` and `**/` pass over names that start with a dot or an underscore, as
    other programs' leftovers do.

    Attributes:
        text: as it was written.
        regex: what fits; each group is a directive of the day.
        directives: the directives of the groups, in order.
    """

    text: str
    regex: re.Pattern[str]
    directives: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "PathPattern":
        """Understand a path.

        Raises:
            ValueError: saying what does not fit.
        """
        parts = text.split("/")
        if not text or text.startswith("/") or "://" in text or ".." in parts or "" in parts:
            raise ValueError("a path below the snapshots folder, without .. or a / at its ends")
        if re.search(r"[^/]\*\*|\*\*[^/]|\*\*$", text):
            raise ValueError(f"** as a whole folder, followed by /; {_WHAT}")
        found = [_translate(token, starts) for token, starts in _tokens(text)]
        directives = "".join(names for _, names in found)
        known = set(directives)
        if known and not (known & {"Y", "y"} and ("j" in known or known >= {"m", "d"})):
            raise ValueError(f"a whole day: its year with month and day, or with %j; {_WHAT}")
        regex = re.compile("".join(part for part, _ in found))
        return cls(text, regex, tuple(directives))

    @property
    def dated(self) -> bool:
        """Whether the path says which day a file holds."""
        return bool(self.directives)

    @property
    def folder(self) -> str:
        """The folders that the path starts with in so many words; empty where it does not."""
        literal: str = re.split(r"[*{]", self.text, maxsplit=1)[0]
        return literal.rpartition("/")[0]

    @property
    def deep(self) -> bool:
        """Whether files may lie in folders below that one."""
        return "/" in self.text[len(self.folder) :].lstrip("/")

    def fits(self, path: str) -> bool:
        """Whether a path below the snapshots folder is one of these, with a day that there is."""
        match = self.regex.fullmatch(path)
        return match is not None and (not self.dated or self._day(match) is not None)

    def date_of(self, path: str) -> date | None:
        """The day that a path names; None where these name none."""
        match = self.regex.fullmatch(path)
        return self._day(match) if match is not None and self.dated else None

    def _day(self, match: re.Match[str]) -> date | None:
        spelled = list(zip(self.directives, match.groups(), strict=True))
        once = dict(spelled)
        try:
            day = datetime.strptime(" ".join(once.values()), " ".join(f"%{name}" for name in once))
        except ValueError:
            return None
        agree = all(day.strftime(f"%{name}") == digits for name, digits in spelled)
        return day.date() if agree else None


def with_date(path: str) -> str:
    """A path in which the day that it names is spelled `{date}`; as it is where it names none."""

    def spelled(day: re.Match[str]) -> str:
        mark = day.group(1)
        return "{date}" if mark == "-" else f"{{date:%Y{mark}%m{mark}%d}}"

    return _DAY.sub(spelled, path, count=1)


def _tokens(text: str) -> Iterator[tuple[str, bool]]:
    """The path's tokens, each with whether it starts a name."""
    for match in _TOKEN.finditer(text):
        yield match.group(), match.start() == 0 or text[match.start() - 1] == "/"


def _translate(token: str, starts: bool) -> tuple[str, str]:
    """A token as a regular expression, and the directives of its groups."""
    if token == "**/":
        return r"(?:(?![._])[^/]+/)*", ""
    if token == "*":
        return (r"(?![._])[^/]*" if starts else r"[^/]*"), ""
    if not token.startswith("{"):
        return re.escape(token), ""
    name, colon, spelling = token[1:-1].partition(":")
    spelling = spelling if colon else "%Y-%m-%d"
    if name != "date" or not token.endswith("}"):
        raise ValueError(f"between braces only a date; {_WHAT}")
    pieces = re.split(r"%(.?)", spelling)
    unknown = [piece for piece in pieces[1::2] if piece not in _DIGITS]
    if unknown or len(pieces) == 1:
        raise ValueError(f"a date of known parts; {_WHAT}")
    parts = [re.escape(pieces[0])]
    for directive, literal in zip(pieces[1::2], pieces[2::2], strict=True):
        parts.append(rf"(\d{{{_DIGITS[directive]}}}){re.escape(literal)}")
    return "".join(parts), "".join(pieces[1::2])
