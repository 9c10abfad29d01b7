"""Requests as a provider logs them, written in each form that is read.

Everything follows from the row's number through the engine's hash, so a file of n rows is the same
wherever it is written. An account has 25 requests from three addresses. Prompts are four to seven
of 4,093 phrases of ten words, 180 to 440 bytes; one in five has line breaks and commas, one in
seven quotes, and most have letters beyond ASCII.
"""

import sys
from pathlib import Path

import duckdb

DAY = "2026-11-22"
FORMS = ("csv", "jsonl", "parquet")
_WORDS = """
the of and to in is you that it for on are with as write explain function list Python table summary
please return value error data model query step über naïve 数据 example user system count
"""
_ROWS = """
WITH words AS (
    SELECT string_split($words, ' ') AS words
), phrases AS (
    SELECT list(array_to_string(list_transform(
        range(10), lambda k: words[1 + CAST(hash(i, k) % len(words) AS BIGINT)]
    ), ' ') ORDER BY i) AS phrases
    FROM range(4093) AS numbers(i), words
), numbers AS (
    SELECT i, hash(i) % $accounts AS account, hash(hash(i) % $accounts, hash(i, 2) % 3) AS host
    FROM range($rows) AS numbers(i)
)
SELECT 'acct_' || lpad(CAST(account AS VARCHAR), 8, '0') AS account_id,
    CAST(CAST($day AS DATE) AS TIMESTAMPTZ)
        + to_milliseconds(CAST(hash(i, 1) % 86400000 AS BIGINT)) AS ts,
    concat_ws('.', 11 + host % 180, host // 256 % 256, host // 65536 % 256,
        host // 16777216 % 256) AS ip,
    'python-openai/1.' || hash(i, 3) % 60 || ' (linux; x86_64)' AS user_agent,
    'model-' || hash(i, 4) % 5 AS model,
    repeat('Say "', CAST(i % 7 = 0 AS INT)) || array_to_string(list_transform(
        range(4 + CAST(hash(i, 5) % 4 AS BIGINT)),
        lambda k: phrases[1 + CAST(hash(i, k) % len(phrases) AS BIGINT)]
            || CASE WHEN i % 5 = 0 THEN ',' || chr(10) ELSE ' ' END
    ), '') AS prompt,
    CAST(hash(i, 6) % 4000 AS BIGINT) AS input_tokens,
    CAST(hash(i, 7) % 900 AS BIGINT) AS output_tokens
FROM numbers, phrases
"""
_SPELLED = """
SELECT * REPLACE (strftime(ts, '%Y-%m-%dT%H:%M:%S.%gZ') AS ts)
FROM read_parquet($rows, hive_partitioning = false)
"""
_COPIES = {"csv": "HEADER", "jsonl": "FORMAT JSON"}


def place(folder: Path, form: str) -> Path:
    """Where the file of a form lies: as the day's requests in a snapshots folder of its own."""
    return folder / form / f"dt={DAY}" / f"requests.{form}"


def main(folder: Path, rows: int) -> None:
    """Write the same rows in each form."""
    for form in FORMS:
        place(folder, form).parent.mkdir(parents=True, exist_ok=True)
    engine = duckdb.connect()
    engine.execute("LOAD icu; SET TimeZone = 'UTC'")
    parquet = str(place(folder, "parquet"))
    words = " ".join(_WORDS.split())
    values = {"accounts": max(rows // 25, 1), "day": DAY, "rows": rows, "words": words}
    engine.execute(f"COPY ({_ROWS}) TO '{parquet}' (FORMAT PARQUET)", values)
    for form, how in _COPIES.items():
        engine.execute(f"COPY ({_SPELLED}) TO '{place(folder, form)}' ({how})", {"rows": parquet})


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
