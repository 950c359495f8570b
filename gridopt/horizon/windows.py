"""Cuts the horizon into windows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gridopt.model.component import State, Window
from gridopt.model.system import System

# Part of the horizon over which reservoirs come back to the plan: the water of its end belongs to what comes after it.
_CLOSING = 1 / 12
# Shorter horizons have no season to come back from [h].
_SEASONS_H = 4380.0


@dataclass(frozen=True)
class Span:
    """Steps of one window: ``core`` are kept, up to ``steps`` are looked at."""

    start: int
    steps: int
    core: int


def spans(total: int, core: int, look_ahead: int) -> Iterator[Span]:
    """Cut ``total`` steps into windows of ``core`` steps that look ``look_ahead`` steps further.

    The last window takes what is left; a rest shorter than half a window is taken by the window before it, so
    that no window is solved for a handful of hours.

    Examples
    --------
    >>> list(spans(10, 4, 2))
    [Span(start=0, steps=6, core=4), Span(start=4, steps=6, core=4), Span(start=8, steps=2, core=2)]
    >>> list(spans(9, 4, 2))
    [Span(start=0, steps=6, core=4), Span(start=4, steps=5, core=5)]
    >>> list(spans(3, 4, 2))
    [Span(start=0, steps=3, core=3)]
    """
    start = 0
    while start < total:
        left = total - start
        if left < core + (core + 1) // 2 or left == core:
            yield Span(start, left, left)
            return
        yield Span(start, min(core + look_ahead, left), core)
        start += core


def room_at(span: Span, total: int, step_h: float) -> float:
    """Part of the room around the plan of the whole horizon that a window leaves to reservoirs.

    All of it until the last twelfth of the horizon, none at its end: water that is used beyond the plan is lacking
    afterwards, and a year that ends with less of it is no cheaper than another.  Horizons of less than half a year keep
    their room.

    Examples
    --------
    >>> [round(room_at(Span(start, 144, 96), 8760, 1.0), 2) for start in (0, 7872, 8160, 8664)]
    [1.0, 1.0, 0.62, 0.0]
    """
    if total * step_h < _SEASONS_H:
        return 1.0
    left = max(total - span.start - span.steps, 0)
    return min(left / (_CLOSING * total), 1.0)


def window_of(
    system: System, span: Span, state: Mapping[str, State], energy_price_cny_per_mwh: float, most_room: float = 1.0
) -> Window:
    """The window of a span, with what the one before it handed over."""
    total = len(system.time)
    return Window(
        start=span.start,
        steps=span.steps,
        core=span.core,
        last=span.start + span.steps == total,
        state=state,
        energy_price_cny_per_mwh=energy_price_cny_per_mwh,
        room=min(most_room, room_at(span, total, system.step_h)),
    )
