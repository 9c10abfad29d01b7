"""Prompt similarity by itself: a labelled corpus, and what the keys of texts find in it.

python -m benchmarks.similarity            quality, beside MinHash of two libraries
python -m benchmarks.similarity.worlds     the same keys on simulated worlds
python -m benchmarks.similarity.headline   28.8 million prompts
"""
