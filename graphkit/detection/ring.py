"""One ring of a date."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphkit.detection.findings import Findings, families
from graphkit.reports import Listing, as_html, explain


class Ring:
    """One ring of a date.

    Args:
        findings: the tables of the date.
        ring_id: its id, known to be there.
    """

    def __init__(self, findings: Findings, ring_id: str) -> None:
        self._findings = findings
        self.ring_id = ring_id

    @property
    def row(self) -> dict[str, Any]:
        """The ring's row of RINGS."""
        return self._of(self._findings.rings).to_pylist()[0]

    @property
    def members(self) -> Listing:
        """Its members, surest first."""
        return Listing(self._of(self._findings.members))

    @property
    def evidence(self) -> Listing:
        """The facts that its members share, weightiest first."""
        return Listing(self._of(self._findings.evidence))

    @property
    def families(self) -> Listing:
        """Wrappers and the data set that its members have in common, most of the traffic first."""
        return Listing(self._of(families(self._findings)))

    def __str__(self) -> str:
        return explain(self._findings, self.ring_id, families(self._findings))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return as_html(self._of(self._findings.evidence))

    def _of(self, table: pa.Table) -> pa.Table:
        return table.filter(pc.field("ring_id") == self.ring_id)
