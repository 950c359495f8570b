"""Headline numbers, and the energy balance of the whole run."""

from __future__ import annotations

import numpy as np

from gridopt.report.html.parts import COLOURS, Figure, Section, Table, Text, Tile, Tiles, lying_bars
from gridopt.report.html.view import View
from gridopt.report.html.words import text
from gridopt.results.tables.words import HEADLINES, Language, words

#: Quantity of each number of the summary by the end of its name.
_ENDS = {"_mwh": "mwh", "_mw": "mw", "_cny": "cny", "_tce": "tce", "_t": "t"}
_TILES = (
    *("demand_mwh", "peak_load_mw", "curtailment_rate", "curtailment_mwh", "utilisation_wind", "utilisation_solar"),
    *("net_export_mwh", "nonfossil_share_generation", "co2_t", "operating_cost_cny", "unserved_mwh"),
)
_SOURCES = (
    *(("thermal_mwh", "coal"), ("biomass_mwh", "biomass"), ("hydro_mwh", "hydro"), ("wind_mwh", "wind")),
    *(("solar_mwh", "solar"), ("phs_discharge_mwh", "phs"), ("battery_discharge_mwh", "battery")),
    *(("import_mwh", "import"), ("export_mwh", "export"), ("curtailment_mwh", "curtailed")),
)


def quantity(key: str) -> str:
    """Quantity of a number of the summary, from its name.

    Examples
    --------
    >>> quantity("demand_mwh"), quantity("curtailment_rate"), quantity("coal_tce")
    ('mwh', 'pu', 'tce')
    """
    return next((name for end, name in _ENDS.items() if key.endswith(end)), "pu")


def label(key: str, language: Language) -> str:
    """Words of a number of the summary."""
    for known in (key, f"{key}_pu"):
        if known in HEADLINES:
            return words(HEADLINES[known], language)
    return text(f"key_{key}", language)


def section(view: View) -> Section:
    """Tiles, and a bar for each kind of energy with its share of the demand."""
    s = view.folder.summary
    tiles = [
        Tile(label(key, view.language), view.shown(s.get(key), quantity(key)))
        for key in _TILES
        if s.get(key) is not None
    ]
    present = [(key, kind) for key, kind in _SOURCES if s.get(key)]
    energies = [float(s[key]) for key, _ in present]
    scale = view.units.scale("mwh", max(energies, default=0.0))
    rows = [
        [label(key, view.language), shown, view.shown(value / float(s["demand_mwh"] or 1.0), "pu")]
        for (key, _), value, shown in zip(present, energies, view.alike(energies, "mwh"), strict=True)
    ]
    blocks: list[Text | Tiles | Figure | Table] = [Text(_scope(view)), Tiles(tiles)]
    if s.get("unserved_mwh"):
        blocks.insert(1, Text(view.say("unserved_note", energy=view.shown(s["unserved_mwh"], "mwh")), "attention"))
    if present:
        labels = [label(key, view.language) for key, _ in present][::-1]
        trace = lying_bars("", labels, scale.factor * np.array(energies[::-1]), "", scale.unit)
        trace["marker"] = {"color": [COLOURS[kind] for _, kind in present][::-1]}
        layout = {"xaxis": {"title": {"text": scale.unit}}, "showlegend": False, "yaxis": {"automargin": True}}
        blocks.append(Figure("energy", view.say("energy_figure"), [trace], layout, 60 + 26 * len(labels)))
        blocks.append(Table([view.say("energy"), view.say("amount"), view.say("of_demand")], rows))
    return Section("headline", view.say("headline_title"), blocks)


def _scope(view: View) -> str:
    begin, data = view.begin, view.data.attrs
    end = view.data.indexes["time"][-1]
    return view.say(
        "scope",
        begin=f"{begin[0]:%Y-%m-%d %H:%M}",
        end=f"{end:%Y-%m-%d %H:%M}",
        hours=f"{view.hours:,.0f}",
        network=view.say(f"network_{data.get('network_level', 'dc')}"),
        commitment=view.say(f"commitment_{data.get('unit_commitment', 'off')}"),
    )
