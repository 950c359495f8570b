"""Numbers in the words of a planner, in Chinese and in English."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

from gridopt.studies.builtin.study import Pair

_NONE: Pair = ("–", "–")
_ROUNDING = 1e-6


def say(zh: str, en: str, /, **numbers: Pair) -> Pair:
    """A sentence in both languages.

    Examples
    --------
    >>> say("弃电{much}", "curtails {much}", much=energy(2.5e6))
    ('弃电25.00亿千瓦时', 'curtails 2.50 TWh')
    """
    in_zh, in_en = ({name: pair[at] for name, pair in numbers.items()} for at in (0, 1))
    return zh.format(**in_zh), en.format(**in_en)


def clean(value: float) -> float:
    """What differs from zero by rounding alone is zero."""
    return 0.0 if abs(value) < _ROUNDING else value


def _if_known(words: Callable[[float], Pair]) -> Callable[[float], Pair]:
    """A dash for a number that is not known; the words for all others, cleaned."""

    @functools.wraps(words)
    def said(value: float) -> Pair:
        return words(clean(value)) if math.isfinite(value) else _NONE

    return said


def _in_units(value: float, units: tuple[tuple[float, str], ...]) -> str:
    """A value in the largest of the units that it fills."""
    size, unit = next((each for each in units if abs(value) >= each[0]), units[-1])
    return f"{value / size:,.2f}{unit}"


@_if_known
def energy(mwh: float) -> Pair:
    """Energy [MWh].

    Examples
    --------
    >>> energy(1234.5)
    ('123.45万千瓦时', '1.23 GWh')
    """
    zh = _in_units(mwh, ((1e5, "亿千瓦时"), (10.0, "万千瓦时"), (1.0, "兆瓦时")))
    en = _in_units(mwh, ((1e6, " TWh"), (1e3, " GWh"), (1.0, " MWh")))
    return zh, en


@_if_known
def power(mw: float) -> Pair:
    """Power [MW]."""
    return f"{mw / 10:,.1f}万千瓦", f"{mw:,.0f} MW"


@_if_known
def money(cny: float) -> Pair:
    """Money [CNY].

    Examples
    --------
    >>> money(-25_300_000.0)
    ('-2,530.00万元', '-25.30 mn CNY')
    """
    zh = _in_units(cny, ((1e8, "亿元"), (1e4, "万元"), (1.0, "元")))
    return zh, _in_units(cny, ((1e9, " bn CNY"), (1e6, " mn CNY"), (1e3, " thousand CNY"), (1.0, " CNY")))


@_if_known
def price(cny_per_mw: float) -> Pair:
    """Worth of capacity [CNY/MW over all hours]."""
    return f"{cny_per_mw:,.0f}元/兆瓦", f"{cny_per_mw:,.0f} CNY/MW"


@_if_known
def share(pu: float) -> Pair:
    """A share [pu].

    Examples
    --------
    >>> share(0.0512)
    ('5.12%', '5.12%')
    """
    return plain(f"{pu:.2%}")


def plain(text: object) -> Pair:
    """The same in both languages."""
    return str(text), str(text)


def joined(parts: list[Pair]) -> Pair:
    """A list in words."""
    return "，".join(part[0] for part in parts), ", ".join(part[1] for part in parts)
