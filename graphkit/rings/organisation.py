"""Rings inside one organisation: declared together, so to be told apart from what was discovered.

That accounts of one organisation share addresses, cards and prompts is neither for nor against
them, where somebody has verified that they belong to it.
"""

import pyarrow as pa

from graphkit.sql import query

# Thousandths of a ring's accounts that must be known to be in the organisation.
_LEAST_SHARE = 900


def organisations(belongs: pa.Table, profiles: pa.Table) -> pa.Table:
    """Find the rings that lie inside one organisation.

    A ring does when all of its accounts whose organisation is known have the same one, and at
    least nine in ten have it. What holds is the latest organisation that the accounts table gave
    an account in the window.

    Args:
        belongs: one row per ring and account: ring, account_id.
        profiles: PROFILES of the window.

    Returns:
        ring, organisation (pseudonym text); one row per such ring.
    """
    return query(_INSIDE, {"belongs": belongs, "profiles": profiles}, {"share": _LEAST_SHARE})


_INSIDE = """
WITH known AS (
    SELECT account_id, arg_max(org, dt) AS org FROM profiles
    SEMI JOIN belongs USING (account_id) WHERE org IS NOT NULL GROUP BY account_id
)
SELECT ring, 'org-' || printf('%016x', any_value(org)) AS organisation
FROM belongs LEFT JOIN known USING (account_id) GROUP BY ring
HAVING count(DISTINCT org) = 1 AND 1000 * count(org) >= $share * count(*)
"""
