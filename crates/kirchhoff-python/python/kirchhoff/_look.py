"""How pictures look, as native code takes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict, get_type_hints

from ._errors import QuestionError


class Look(TypedDict, total=False):
    """How pictures look: the arguments of :meth:`kirchhoff.Explanation.picture`, ``plot`` and ``save``, as the tool's options."""

    #: Whether single pictures have a title, a colour bar and its scale.
    titled: bool
    #: Relevance over the input in grey, of which the most relevant pixels cover this share, from 0 to 1.
    overlay: float | None
    #: Palettes: ``blue-red``, ``purple-green`` or ``brown-teal`` for values around 0; ``heat``, ``viridis``, ``cividis`` or
    #: ``greys`` for all others.
    colours: str | Sequence[str]
    #: The quantile beyond which values take the colour of the end, above 0.5; 1 for none.
    clip: float | None
    #: How colour channels are joined: ``or``, ``and``, ``sum`` or ``max``; by the semiring's ⊕ where it is not said.
    channels: str | None


_NAMES = tuple(get_type_hints(Look))


def _list(words: str | Sequence[str]) -> list[str]:
    return words.split(",") if isinstance(words, str) else [str(word) for word in words]


def native(
    look: Look, *, formats: str | Sequence[str] = "png", same_scale: str | None = None, pictures: int = 100, layers: int = 100
) -> dict[str, Any]:
    """How pictures look, as native code takes it."""
    unknown = look.keys() - set(_NAMES)
    if unknown:
        raise QuestionError(f"there is no argument {', '.join(sorted(unknown))}; there are {', '.join(_NAMES)}")
    for name, number in (("pictures", pictures), ("layer_pictures", layers)):
        if not isinstance(number, int) or number < 0:
            raise QuestionError(f"{name} is a number from 0 on, and not {number!r}")
    return {
        "titled": bool(look.get("titled", False)),
        "overlay": look.get("overlay"),
        "colours": _list(look.get("colours", ())),
        "clip": look.get("clip"),
        "channels": look.get("channels"),
        "formats": _list(formats),
        "same_scale": same_scale,
        "pictures": pictures,
        "layers": layers,
    }
