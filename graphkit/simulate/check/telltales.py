"""Does a single fact about an account give an attacker away? It should not: only links should.

A fact is a number that one can compute of one account from its own records, without looking at
any other account's. How well it separates is its AUC: how often an attacker's number is above that
of an honest account that was active on as many days, ties counting half. Which accounts share a
thing is no such fact; how many things an account has is one.
"""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from graphkit import sql
from graphkit.simulate.words import MAIL_DOMAINS

BOUNDS = (0.35, 0.65)  # within these a fact says next to nothing

_ACTS = """
    SELECT account_id, count(DISTINCT dt) AS days, count(*) AS "requests",
           count(*) / days AS "requests, per active day",
           avg(letters) AS "prompt length, mean", stddev_pop(letters) AS "prompt length, deviation",
           min(letters) AS "prompt length, shortest", max(letters) AS "prompt length, longest",
           sum(input_tokens) AS "tokens in", avg(input_tokens) AS "tokens in, mean",
           sum(output_tokens) AS "tokens out", avg(output_tokens) AS "tokens out, mean",
           min(hour) AS "hours, first", max(hour) AS "hours, last", avg(hour) AS "hours, mean",
           stddev_pop(hour) AS "hours, deviation", entropy(floor(hour)) AS "hours, entropy",
           avg((isodow(ts) > 5)::INT) AS "weekend's share",
           count(*) FILTER (sat) / days AS "sittings, per active day",
           count(*) / count(*) FILTER (sat) AS "sittings, requests in each",
           median(gap_s) AS "gap between requests, median",
           date_diff('day', min(ts), max(ts)) AS "days from first to last",
           min(epoch(ts)) AS "first request", max(epoch(ts)) AS "last request",
           avg((model = 'atlas-mini')::INT) AS "models, share of the small one",
           avg((model = 'atlas-max')::INT) AS "models, share of the large one",
           avg((model = 'atlas-next')::INT) AS "models, share of the new one",
           count(DISTINCT model) AS "models",
           count(DISTINCT ip) AS "addresses",
           count(DISTINCT ip) / count(*) AS "addresses, a request",
           avg((ip LIKE '%:%')::INT) AS "addresses, share of IPv6",
           count(DISTINCT user_agent || tls_fingerprint) AS "devices",
           avg((user_agent LIKE 'Mozilla%')::INT) AS "devices, share of browsers",
           avg(length(user_agent)) AS "devices, length of the user agent"
    FROM (SELECT *, coalesce(gap_s > 1800, true) AS sat
          FROM (SELECT *, ts::DATE AS dt, length(prompt) AS letters,
                       epoch(ts) % 86400 / 3600 AS hour,
                       epoch(ts) - lag(epoch(ts)) OVER of_one AS gap_s
                FROM requests WINDOW of_one AS (PARTITION BY account_id ORDER BY ts)))
    GROUP BY account_id"""
_PAYS = """
    SELECT account_id, count(*) AS n, sum(amount_usd)::DOUBLE AS "amount paid",
           avg(amount_usd)::DOUBLE AS "amount paid, mean",
           count(DISTINCT fingerprint) AS "cards", min(bin)::DOUBLE AS "card's range",
           min(last4)::DOUBLE AS "card's last digits",
           min(length(billing_name)) AS "payer's name, length",
           min(billing_postal)::DOUBLE AS "payer's postal code",
           avg(epoch(ts) % 86400) AS "hour of payment", min(billing_country) AS billed
    FROM payments GROUP BY account_id"""
_FACTS = f"""
    WITH acts AS ({_ACTS}), pays AS ({_PAYS}),
    homes AS (SELECT country, count(*) AS at_home FROM accounts GROUP BY country)
    SELECT truth.ring IS NOT NULL AS ring, acts.* EXCLUDE (account_id),
           pays.* EXCLUDE (account_id, n, billed), coalesce(n, 0) AS "payments",
           (billed = country)::INT AS "country, the card's too",
           at_home AS "country, how common",
           epoch(max(created_at) OVER ()) - epoch(created_at) AS "age",
           epoch(created_at) % 86400 AS "sign-up, hour", isodow(created_at) AS "sign-up, weekday",
           (org_id IS NOT NULL)::INT AS "organisation",
           list_contains($free, email_domain)::INT AS "mail domain, free",
           length(email_domain) AS "mail domain, length", (status = 'banned')::INT AS "banned",
           row_number() OVER (ORDER BY account_id) AS "place by id, and in the file"
    FROM accounts JOIN truth USING (account_id) JOIN acts USING (account_id)
    LEFT JOIN pays USING (account_id) JOIN homes USING (country)
    WHERE role IS NULL OR role <> 'hijacked'"""
_AUC = """
    WITH ranked AS (
        SELECT ring, days, rank() OVER (PARTITION BY days ORDER BY value)
               + (count(*) OVER (PARTITION BY days, value) - 1) / 2 AS place
        FROM facts WHERE value IS NOT NULL),
    apart AS (
        SELECT count(*) FILTER (ring) AS m, count(*) FILTER (NOT ring) AS n,
               sum(place) FILTER (ring) AS places
        FROM ranked GROUP BY days)
    SELECT sum((places - m * (m + 1) / 2) / n) / sum(m) AS auc FROM apart WHERE m > 0 AND n > 0"""

_LONG = ["ring", "days", "value"]


def single_facts(tables: Mapping[str, pa.Table]) -> pa.Table:
    """Measure how well each single fact of an account separates attackers from honest ones.

    Accounts that were hijacked are neither; those that sent nothing are left out. A fact that an
    account does not have, as a card's of one that never paid, is compared among those that have it.

    Args:
        tables: `accounts` as of one day, `requests` and `payments` of all days, and `truth`.

    Returns:
        fact: string; auc: double, null without an attacker to compare. The one furthest from 0.5
        comes first.
    """
    free = [name for name, _ in MAIL_DOMAINS]
    facts = sql.query(_FACTS, tables, {"free": free})
    names = [name for name in facts.column_names if name not in ("ring", "days")]
    found = [
        sql.query(_AUC, {"facts": facts.select(["ring", "days", name]).rename_columns(_LONG)})
        for name in names
    ]
    aucs = pa.table({"fact": names, "auc": pa.concat_tables(found)["auc"].combine_chunks()})
    distance = pc.abs(pc.subtract(aucs["auc"], 0.5))
    order = pc.sort_indices(pa.table([distance], ["d"]), [("d", "descending")])
    return aucs.take(order)
