"""Worlds made to catch one failing each, and what graphkit finds in them by its defaults.

The quality table asks how well rings are found where everything is mixed. These worlds take it
apart: is somebody accused where nobody is guilty (`worlds.py`: no ring; one kind of honest group);
can the innocent be drawn in by what others can write; does noise hide a ring or move another; and
what does each evasion cost the one who finds rings. `python -m benchmarks.special` measures what is
missing and writes `pages/special.md`; with `--small` it measures a small form and prints it.
"""
