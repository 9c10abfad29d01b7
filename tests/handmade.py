"""Settings for worlds of a few accounts written by hand.

Such a world lasts a day and its strangers have nothing in common, which no fitted card has seen.
Tests of what comes after the evidence weigh it by hand, so that they hang on no fit.
"""

from typing import Any

from graphkit.settings import GraphSettings

_WORTH = {
    **{"ip": (600, 9000), "card": (700, 9000), "prompt": (700, 5500)},
    # A whole text says it all.
    **{"device": (0, 0), "opening": (0, 0), "closing": (0, 0)},
}
_KINDS: dict[str, Any] = {
    kind: {"per_bit": per_bit, "ceiling": ceiling} for kind, (per_bit, ceiling) in _WORTH.items()
}
# What is left of an account whose address and card were taken out must be no tie.
_PRIOR_BITS = 12.0
BY_HAND = GraphSettings.model_validate({"kinds": _KINDS, "prior_bits": _PRIOR_BITS})
# The same as lines of a settings file.
BY_HAND_TOML = f"prior_bits = {_PRIOR_BITS}\n" + "".join(
    f"[graph.kinds.{kind}]\nper_bit = {per_bit}\nceiling = {ceiling}\n"
    for kind, (per_bit, ceiling) in _WORTH.items()
)
