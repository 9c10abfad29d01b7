"""The batch system: one night's run, and where its results lie."""
