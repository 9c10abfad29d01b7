"""graphkit: from daily records to explained rings of accounts that one operator runs."""
