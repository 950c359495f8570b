"""The flexible demand side: vehicles, electric heating, hydrogen, production, data centres, prosumers, response.

Sizes are parts of the consumption in ``demand.csv``; a row's ``p_mw`` is the annual mean of what its user takes out
of the store, so that ``p_mw / eta`` is what it draws. Every number without a source is an assumption with its reason.
"""

from __future__ import annotations

import pandas as pd
from demand_tables import (
    DATA_CENTRE_TWH,
    ELECTRIC_HEATING_TWH,
    ELECTROLYSER_TWH,
    EV_TWH,
    prosumer_twh,
)
from facts import YEARS, between, judgement, write

MWH_PER_TWH, HOURS = 1e6, 8760.0
SOLAR_FROM, SOLAR_FULL = 2025, 2030
# Vehicles: 3.5 MWh from the grid a year; 2.5 kW of chargers each (in 2025: 0.43 GW, as 12 000 piles of 35 kW);
# 8 kWh of the battery, about a day's use, are free for shifting; from 2028 on 5 % can give back (all assumed).
EV_MWH_PER_YEAR, EV_CHARGER_KW, EV_STORE_KWH, EV_V2G_SHARE, EV_V2G_FROM, EV_ETA = 3.5, 2.5, 8.0, 0.05, 2028, 0.90
# Electric heating: storage heaters with twice the peak use as power and eight hours of it as store (assumed).
HEATING_PEAK_OVER_MEAN, HEATING_ETA, HEATING_LOSS_PER_H = 4.4, 0.98, 0.005
# Electrolysers: twice the mean power (facts: 0.42 of full hours where wind and sun feed a park alone), least load 0.2
# and 52 kWh/kg (recalled); hydrogen store of 12 h where a synthesis loop follows, 48 h elsewhere (assumed).
POWER_OVER_MEAN, LEAST_LOAD, KG_H2_PER_MWH = 2.0, 0.2, 1000.0 / 52.0
STORE_H = {"loop": 12.0, "hydrogen": 48.0}
# Synthesis loop: 0.7 MWh of its own per tonne of ammonia (assumed), with 176 kg of hydrogen (17.6 % by weight); may
# run between 0.3 and 1.2 of its mean with seven days of product in tanks (range recalled, tanks assumed).
LOOP_MWH_PER_T, HYDROGEN_KG_PER_T = 0.7, 176.0
HYDROGEN_MWH_PER_T = HYDROGEN_KG_PER_T / KG_H2_PER_MWH
LOOP_NODES = ("qianguo", "daan")
LOOP_LEAST, LOOP_MOST, LOOP_STORE_H = 0.3, 1.2, 168.0
HYDROGEN_SHORTFALL = 2000.0  # product not made, CNY/MWh (assumed)
# Least energy of the year: what the product contracts ask for at least, of the mean (assumed).
LEAST_OF_YEAR = 0.95
# Production: between 0.4 and 1.8 of its mean power, three hours of intermediate product (assumed).
INDUSTRY_LEAST, INDUSTRY_MOST, INDUSTRY_STORE_H, INDUSTRY_SHORTFALL = 0.4, 1.8, 3.0, 5000.0
# Data centres: 15 % of their work can wait, two hours of it (assumed).
DATA_SHIFT, DATA_STORE_H = 0.15, 2.0
ASSUMED = {"source": "energy of demand.csv; rest own rule, see demand_side_tables.py", "confidence": "assumed"}


def _mean_mw(twh: float) -> float:
    return twh * MWH_PER_TWH / HOURS


def vehicles(city: str, bus: str, share: float, year: int) -> dict[str, object]:
    """The fleet of a city."""
    twh = share * between(EV_TWH, year)
    fleet = twh * MWH_PER_TWH / EV_MWH_PER_YEAR
    chargers = EV_CHARGER_KW * fleet / 1e3
    return {
        "name": f"ev_{city}",
        "bus": bus,
        "kind": "ev",
        "profile": "use_ev",
        "plugged_profile": "plugged_ev",
        "p_mw": EV_ETA * _mean_mw(twh),
        "max_p_mw": chargers,
        "max_e_mwh": EV_STORE_KWH * fleet / 1e3,
        "max_discharge_mw": EV_V2G_SHARE * chargers if year >= EV_V2G_FROM else 0.0,
        "eta": EV_ETA,
        "eta_discharge": 0.90,
        "wear_cny_per_mwh": 300.0,
        "shortfall_cny_per_mwh": 10000.0,
    }


def heating(city: str, bus: str, share: float, year: int) -> dict[str, object]:
    """Storage heaters and boilers of a city, outside district heat."""
    mean = HEATING_ETA * _mean_mw(share * between(ELECTRIC_HEATING_TWH, year))
    peak = HEATING_PEAK_OVER_MEAN * mean
    return {
        "name": f"heating_{city}",
        "bus": bus,
        "kind": "electric_heating",
        "profile": "use_electric_heating",
        "p_mw": mean,
        "max_p_mw": 2.0 * peak,
        "max_e_mwh": 8.0 * peak,
        "eta": HEATING_ETA,
        "self_discharge_per_h": HEATING_LOSS_PER_H,
        "shortfall_cny_per_mwh": 10000.0,
    }


def hydrogen(year: int) -> list[dict[str, object]]:
    """Electrolysers by site, and the ammonia loop of those sites that have one."""
    parks = judgement("parks").query("commission_year <= @year")
    sites = judgement("electrolysers")
    weight = [*zip(sites["node"], sites["mw_2030"].astype(float), strict=True)]
    weight += [*zip(parks["bus"], parks["flexible_load_mw"].astype(float), strict=True)]
    total = sum(size for _, size in weight)
    rows: list[dict[str, object]] = []
    for bus, size in weight:
        mean = _mean_mw(between(ELECTROLYSER_TWH, year)) * size / total
        loop = bus in LOOP_NODES
        own = mean * LOOP_MWH_PER_T / (LOOP_MWH_PER_T + HYDROGEN_MWH_PER_T) if loop else 0.0
        drawn, name = mean - own, f"electrolyser_{str(bus).lower()}"
        rows.append(
            {
                "name": name,
                "bus": bus,
                "kind": "electrolyser",
                "profile": "" if loop else "load_flat",
                "p_mw": 0.0 if loop else drawn,
                "max_p_mw": POWER_OVER_MEAN * drawn,
                "eta": 1.0,
                "max_e_mwh": STORE_H["loop" if loop else "hydrogen"] * drawn,
                "annual_mwh": LEAST_OF_YEAR * drawn * HOURS,
                "min_part_load_pu": LEAST_LOAD,
                "kg_h2_per_mwh": round(KG_H2_PER_MWH, 6),
                "shortfall_cny_per_mwh": HYDROGEN_SHORTFALL,
            }
        )
        if loop:
            rows.append(
                {
                    "name": f"ammonia_{str(bus).lower()}",
                    "bus": bus,
                    "kind": "ammonia",
                    "profile": "load_flat",
                    "p_mw": own,
                    "max_p_mw": LOOP_MOST * own,
                    "min_part_load_pu": LOOP_LEAST / LOOP_MOST,
                    "eta": 1.0,
                    "max_e_mwh": LOOP_STORE_H * own,
                    "feeds": name,
                    "kg_h2_per_mwh": round(HYDROGEN_KG_PER_T / LOOP_MWH_PER_T, 6),
                    # A tonne not made costs its electrolysis too.
                    "shortfall_cny_per_mwh": HYDROGEN_SHORTFALL * HYDROGEN_MWH_PER_T / LOOP_MWH_PER_T,
                }
            )
    return rows


def industry() -> list[dict[str, object]]:
    """Energy-intensive production that can store its intermediate product."""
    return [
        {
            "name": f"industry_{site.bus}",
            "bus": site.bus,
            "kind": "industry",
            "profile": "load",
            "p_mw": _mean_mw(site.twh),
            "max_p_mw": INDUSTRY_MOST * _mean_mw(site.twh),
            "eta": 1.0,
            "min_p_mw": INDUSTRY_LEAST * _mean_mw(site.twh),
            "max_e_mwh": INDUSTRY_STORE_H * _mean_mw(site.twh),
            "shortfall_cny_per_mwh": INDUSTRY_SHORTFALL,
        }
        for site in judgement("industry_sites").itertuples()
    ]


def data_centres(year: int) -> dict[str, object]:
    """Computing work that can wait; the data centres with their own plant are prosumers."""
    mean = _mean_mw(between(DATA_CENTRE_TWH, year))
    return {
        "name": "datacentre_work_changchun",
        "bus": "changchun_urban",
        "kind": "data_centre",
        "profile": "load_flat",
        "p_mw": mean,
        "max_p_mw": (1 + DATA_SHIFT) * mean,
        "min_p_mw": (1 - DATA_SHIFT) * mean,
        "eta": 1.0,
        "max_e_mwh": 2 * DATA_STORE_H * DATA_SHIFT * mean,
        "shortfall_cny_per_mwh": 20000.0,
    }


def flexible_loads(points: pd.DataFrame) -> pd.DataFrame:
    """Every flexible load of every year."""
    share = points.groupby("city")["load_share"].sum()
    nodes = judgement("city_nodes")
    rows: list[dict[str, object]] = []
    for year in YEARS:
        here = [make(c, b, share[c], year) for c, b in zip(nodes["city"], nodes["bus"], strict=True) for make in MAKERS]
        here += [*hydrogen(year), *industry(), data_centres(year)]
        rows += [{**row, "year": year} for row in here if row["max_p_mw"] > 1e-6]
    order = ["name", "bus", "kind", "year", "profile", "plugged_profile", "feeds", "p_mw", "max_p_mw", "min_p_mw"]
    order += ["max_discharge_mw", "eta", "eta_discharge", "max_e_mwh", "self_discharge_per_h", "min_part_load_pu"]
    order += ["annual_mwh", "shortfall_cny_per_mwh", "wear_cny_per_mwh", "kg_h2_per_mwh"]
    table = pd.DataFrame(rows)[order]
    text = ["profile", "plugged_profile", "feeds"]
    table[text] = table[text].fillna("")
    for column, default in (("eta_discharge", 1.0), *((c, 0.0) for c in ZERO)):
        table[column] = table[column].astype(float).fillna(default)
    return table.round(6).assign(**ASSUMED)


MAKERS = (vehicles, heating)
ZERO = ("min_p_mw", "max_discharge_mw", "self_discharge_per_h", "min_part_load_pu", "wear_cny_per_mwh")


def prosumers() -> pd.DataFrame:
    """Captive plants, buildings, data centres and virtual power plants by year."""
    table = judgement("prosumers")
    frames = []
    for year in YEARS:
        mean = _mean_mw(1.0) * prosumer_twh(year)
        pv, store = (
            pd.Series(
                [
                    between({SOLAR_FROM - 1: 0.0, SOLAR_FROM: float(a), SOLAR_FULL: float(b)}, year)
                    for a, b in zip(table[f"{what}_2025"], table[f"{what}_2030"], strict=True)
                ]
            )
            for what in ("pv", "store")
        )
        captive = table["kind"] == "captive"
        plant = table["generation_mw"].astype(float)
        frame = table[["name", "name_zh", "kind", "bus", "city"]].assign(
            year=year,
            profile=(table["kind"] == "data_centre").map({True: "load_flat", False: "load"}),
            p_mw=mean,
            shift_share=table["shift_share"],
            shift_window_h=24.0,
            generation_mw=plant,
            # Captive plants give process steam: half of their power at least (assumed). Small units as in the study.
            generation_min_mw=0.5 * plant,
            generation_cny_per_mwh=captive.map({True: 0.454 * 900.0, False: 0.0}),
            generation_co2_t_per_mwh=captive.map({True: round(0.454 * 2.768, 4), False: 0.0}),
            generation_tce_per_mwh=captive.map({True: 0.454, False: 0.0}),
            pv_mw=pv,
            pv_profile=("solar_" + table["bus"]).where(pv > 0, ""),
            store_mw=store,
            store_mwh=2.0 * store,
            store_eta=0.93,
            store_wear_cny_per_mwh=200.0,
            # The meter lets in half again the mean load's peak, and out what the rule of its kind allows.
            import_max_mw=2.0 * mean,
            export_max_mw=table["export_share"] * (pv + store) + captive * plant * 0.2,
            ramp_mw_per_h=(0.5 * mean).where(table["kind"] == "virtual_power_plant"),
            reason=table["reason"],
        )
        frames.append(frame[frame["p_mw"] > 1e-6])
    return pd.concat(frames, ignore_index=True).round(5).assign(**ASSUMED)


def write_all(points: pd.DataFrame) -> None:
    """Write the tables of this module."""
    write(flexible_loads(points), "flexible_loads")
    write(prosumers(), "prosumers")
    response = judgement("demand_response")
    source = "no rule of the province is public: prices and limits as usual elsewhere, see reason"
    write(response.assign(source=source, confidence="assumed"), "demand_response")
    write(judgement("reserve_products"), "reserve_products")
