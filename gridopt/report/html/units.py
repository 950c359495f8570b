"""Numbers with their unit, in the words of a language: MW and GWh, or 万千瓦 and 亿千瓦时."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from gridopt.report.html.words import UNIT_WORDS
from gridopt.results.tables.words import Language, words

Counting = Literal["mw", "wankw"]
MISSING = "–"
_ALWAYS = 0.0


@dataclass(frozen=True)
class Scale:
    """How numbers are shown.

    Parameters
    ----------
    size
        One unit in units of the API.
    unit
        Its name.
    digits
        Digits after the point.
    """

    size: float
    unit: str
    digits: int

    @property
    def factor(self) -> float:
        """What a number of the API is multiplied with."""
        return 1.0 / self.size

    def shown(self, value: float) -> str:
        """The number without its unit."""
        text = f"{value / self.size:,.{self.digits}f}"
        return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text

    def with_unit(self, value: float) -> str:
        """The number with its unit."""
        return f"{self.shown(value)} {self.unit}".strip()


# Scales of each quantity by the counting: from which size on, size of the unit, key of its name, digits.
_Steps = tuple[tuple[float, float, str, int], ...]
_POWER: dict[Counting, _Steps] = {
    "mw": ((1e4, 1e3, "GW", 2), (_ALWAYS, 1.0, "MW", 0)),
    "wankw": ((1e4, 10.0, "wankw", 0), (_ALWAYS, 10.0, "wankw", 1)),
}
_ENERGY: dict[Counting, _Steps] = {
    "mw": ((1e6, 1e6, "TWh", 2), (1e4, 1e3, "GWh", 1), (1e3, 1e3, "GWh", 2), (_ALWAYS, 1.0, "MWh", 0)),
    "wankw": ((1e4, 1e5, "yikwh", 2), (_ALWAYS, 10.0, "wankwh", 1)),
}
_MONEY: _Steps = ((1e8, 1e8, "yi_cny", 2), (1e3, 1e4, "wan_cny", 1), (_ALWAYS, 1.0, "cny", 0))
_MONEY_MN: _Steps = ((1e9, 1e9, "bn_cny", 2), (1e5, 1e6, "mn_cny", 2), (_ALWAYS, 1.0, "cny", 0))
_MASS: dict[Counting, _Steps] = {
    "mw": ((1e6, 1e6, "Mt", 2), (1e3, 1e3, "kt", 1), (_ALWAYS, 1.0, "t", 0)),
    "wankw": ((1e4, 1e4, "wan_t", 1), (_ALWAYS, 1.0, "t", 0)),
}
_PLAIN: dict[str, _Steps] = {
    "cny_per_mwh": ((_ALWAYS, 1.0, "cny_per_mwh", 1),),
    "cny_per_mw": ((_ALWAYS, 1.0, "cny_per_mw", 0),),
    "h": ((_ALWAYS, 1.0, "h", 0),),
    "pu": ((_ALWAYS, 0.01, "%", 1),),
    "percent": ((_ALWAYS, 1.0, "%", 1),),
    "vm_pu": ((_ALWAYS, 1.0, "pu", 3),),
    "count": ((_ALWAYS, 1.0, "", 0),),
}


@dataclass(frozen=True)
class Units:
    """Units of a report.

    Parameters
    ----------
    language
        Language of the names.
    counting
        ``mw`` for MW, GWh, TWh; ``wankw`` for 10⁴ kW and 10⁸ kWh.
    """

    language: Language
    counting: Counting

    @classmethod
    def of(cls, language: Language, counting: Counting | None) -> Units:
        """Units of a language; by default in the counting that it is used to."""
        return cls(language, counting or ("wankw" if language == "zh" else "mw"))

    def scale(self, quantity: str, largest: float) -> Scale:
        """Scale of a quantity (``mw``, ``mwh``, ``cny``, ``t``, ``tce``, ``cny_per_mwh``, ``pu``, ``h`` …).

        Examples
        --------
        >>> Units("en", "mw").scale("mw", 27150.0)
        Scale(size=1000.0, unit='GW', digits=2)
        >>> Units("zh", "wankw").scale("mwh", 2e6).unit
        '亿千瓦时'
        """
        steps = self._steps(quantity)
        _, size, name, digits = next(step for step in steps if abs(largest) >= step[0])
        unit = words(UNIT_WORDS[name], self.language) if name in UNIT_WORDS else name
        if quantity == "tce" and unit:
            unit += words(UNIT_WORDS["coal_equivalent"], self.language)
        return Scale(size, unit, digits)

    def _steps(self, quantity: str) -> _Steps:
        if quantity == "mw":
            return _POWER[self.counting]
        if quantity == "mwh":
            return _ENERGY[self.counting]
        if quantity == "cny":
            return _MONEY if self.language == "zh" else _MONEY_MN
        if quantity in ("t", "tce"):
            return _MASS[self.counting]
        return _PLAIN[quantity]

    def shown(self, value: float | None, quantity: str) -> str:
        """A number with its unit; a dash where there is none.

        Examples
        --------
        >>> Units("en", "mw").shown(659.6, "mwh"), Units("zh", "wankw").shown(27150.0, "mw")
        ('660 MWh', '2,715 万千瓦')
        >>> Units("en", "mw").shown(0.0306, "pu"), Units("en", "mw").shown(None, "mw")
        ('3.1 %', '–')
        """
        if value is None or math.isnan(value):
            return MISSING
        if value == 0:
            return f"0 {self.scale(quantity, 0.0).unit}".strip()
        return self.scale(quantity, value).with_unit(value)
