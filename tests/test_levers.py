from __future__ import annotations

import numpy as np
import pandapower as pp
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridopt.case import Case
from gridopt.errors import InputError
from gridopt.levers import LEVERS, PATTERNS, apply_levers, is_lever, known_names, levers_of, table_of_levers
from gridopt.levers.lever import EXTENSIVE
from gridopt.network.build import build
from gridopt.network.columns import with_defaults
from gridopt.settings import Settings

# A value other than the present one for every lever that the tiny case has.
VALUES = {
    "demand.scale": 1.2,
    "wind.p_mw": 900.0,
    "solar.p_mw": 180.0,
    "wind.west_share": 0.5,
    "storage.phs.p_mw": 300.0,
    "storage.phs.hours": 9.0,
    "storage.battery.p_mw": 40.0,
    "storage.battery.hours": 4.0,
    "thermal.retire_mw": 200.0,
    "thermal.retrofit_share": 0.6,
    "thermal.min_stable_pu": 0.3,
    "policy.dr_share_of_peak": 0.1,
    "policy.dr_price": 900.0,
    "export.hvdc_mw": 300.0,
    "export.energy_twh": 1.0,
    "interface.west_export.max_mw": 700.0,
    "carbon.price_cny_per_t": 80.0,
    "biomass.p_mw": 60.0,
    "heat.electric_share": 0.3,
    "heat.store_hours": 9.0,
    "hydro.inflow_scale": 0.8,
    "reserve.scale": 1.5,
    "grid.reverse_flow_scale": 0.5,
    "ev.fleet": 100_000.0,
    "ev.v2g_share": 0.2,
    "hydrogen.p_mw": 90.0,
    "hydrogen.store_hours": 8.0,
    "electric_heating.p_mw": 40.0,
    "industry.p_mw": 45.0,
    "industry.store_hours": 4.0,
    "data_centre.p_mw": 20.0,
    "prosumer.captive.p_mw": 60.0,
    "prosumer.building.p_mw": 30.0,
    "prosumer.data_centre.p_mw": 24.0,
    "prosumer.virtual_power_plant.p_mw": 40.0,
    "pilot.west_park.self_use_min": 0.2,
    "pilot.west_park.feed_in_max": 0.7,
    "pilot.west_park.self_supply_min": 0.4,
    "pilot.west_park.import_max_mw": 100.0,
    "pilot.west_park.export_max_mw": 300.0,
    "tie.hvdc.renewable_share_min": 0.3,
    "tie.north tie.renewable_share_min": 0.1,
    "reserve.up.mw": 50.0,
    "reserve.down.mw": 50.0,
    "reserve.ramp.mw": 20.0,
    "reserve.inertia.mw": 3000.0,
    "reserve.emergency.mw": 80.0,
}
FAMILIES = ("interface.", "pilot.", "tie.", "reserve.")
# These are changes of what is there, not states that could be read again.
CHANGES = ("demand.scale", "thermal.retire_mw", "thermal.retrofit_share", "hydro.inflow_scale", "reserve.scale")
CHANGES += ("grid.reverse_flow_scale",)
# What each lever may change; all other tables stay the very same objects.
TOUCHED = {
    "demand.scale": {"load", "flexible_load", "prosumer"},
    "wind.p_mw": {"sgen"},
    "solar.p_mw": {"sgen"},
    "wind.west_share": {"sgen"},
    "storage.phs.p_mw": {"storage"},
    "storage.phs.hours": {"storage"},
    "storage.battery.p_mw": {"storage"},
    "storage.battery.hours": {"storage"},
    "thermal.retire_mw": {"gen", "poly_cost"},
    "thermal.retrofit_share": {"gen", "deep_regulation"},
    "thermal.min_stable_pu": {"gen"},
    "policy.dr_price": {"demand_response"},
    "export.hvdc_mw": {"tie"},
    "export.energy_twh": {"tie"},
    "interface.west_export.max_mw": {"interface"},
    "biomass.p_mw": {"gen"},
    "heat.electric_share": {"heat_source"},
    "heat.store_hours": {"heat_zone"},
    "hydro.inflow_scale": {"reservoir"},
    "reserve.scale": {"reserve_product"},
    "grid.reverse_flow_scale": {"bus"},
    **{name: {"flexible_load"} for name in VALUES if name.startswith(("ev.", "hydrogen.", "industry."))},
    **{name: {"flexible_load"} for name in ("electric_heating.p_mw", "data_centre.p_mw")},
    **{name: {"prosumer"} for name in VALUES if name.startswith("prosumer.")},
    **{name: {"pilot_zone"} for name in VALUES if name.startswith("pilot.")},
    **{name: {"tie"} for name in VALUES if name.startswith("tie.")},
    **{name: {"reserve_product"} for name in VALUES if name.startswith("reserve.") and name != "reserve.scale"},
}


def applied(case: Case, **values: float | str) -> tuple[pp.pandapowerNet, Settings]:
    return apply_levers(case.net, case.settings, {name.replace("__", "."): value for name, value in values.items()})


def fault_of(case: Case, name: str, value: float | str) -> str:
    with pytest.raises(InputError) as caught:
        apply_levers(case.net, case.settings, {name: value}, "my.yaml")
    (fault,) = caught.value.faults
    return str(fault)


def test_the_tiny_case_has_every_lever_but_the_weather(tiny: Case) -> None:
    listed = [row.lever.name for row in table_of_levers(tiny.net, tiny.settings)]
    assert set(listed) == set(VALUES)
    assert {lever.name for lever in LEVERS} - set(listed) == {"weather_year"}


@pytest.mark.parametrize(("name", "value"), VALUES.items())
def test_a_lever_sets_its_present_value_and_touches_nothing_else(tiny: Case, name: str, value: float) -> None:
    before = {table: tiny.net[table].copy() for table in tiny.net if isinstance(tiny.net[table], pd.DataFrame)}
    lever = levers_of(tiny.net)[name]
    net, changed = lever.apply(tiny.net, tiny.settings, value)
    for table, content in before.items():
        pd.testing.assert_frame_equal(tiny.net[table], content)
        if table in TOUCHED.get(name, set()):
            assert not net[table].equals(content)
        else:
            assert net[table] is tiny.net[table]
    if name not in TOUCHED:
        assert changed != tiny.settings
    if name not in CHANGES:
        assert lever.present(net, changed) == pytest.approx(value)


@pytest.mark.parametrize("name", VALUES)
def test_a_value_out_of_range_or_no_number_is_refused(tiny: Case, name: str) -> None:
    lever = levers_of(tiny.net)[name]
    assert f"my.yaml: lever {name}: must be within" in fault_of(tiny, name, lever.high * 1.01 + 1)
    assert f"my.yaml: lever {name}: must be within" in fault_of(tiny, name, lever.low - 0.5)
    assert "needs a number" in fault_of(tiny, name, "much")


@pytest.mark.parametrize("name", [*VALUES, "weather_year"])
def test_a_lever_that_matches_nothing_is_an_error(tiny: Case, name: str) -> None:
    net = pp.create_empty_network()
    bare = Case.from_pandapower(with_defaults(_one_bus(net)))
    if name.startswith(FAMILIES) and name != "reserve.scale":
        assert "unknown lever" in fault_of(bare, name, 1.0)
    else:
        assert fault_of(bare, name, 0.5) == f"my.yaml: lever {name}: has nothing to act on in this case"


def _one_bus(net: pp.pandapowerNet) -> pp.pandapowerNet:
    bus = pp.create_bus(net, 110.0)
    pp.create_ext_grid(net, bus)
    return net


def test_all_faults_of_several_levers_are_named(tiny: Case) -> None:
    with pytest.raises(InputError) as caught:
        apply_levers(tiny.net, tiny.settings, {"wind.pmw": 1, "demand.scale": 99, "weather_year": 2020})
    assert [str(fault) for fault in caught.value.faults] == [
        "lever wind.pmw: unknown lever; did you mean 'wind.p_mw'?",
        "lever demand.scale: must be within 0 … 5 , got 99",
        "lever weather_year: has nothing to act on in this case",
    ]


def test_an_unknown_section_names_the_known_one(tiny: Case) -> None:
    assert "did you mean 'interface.west_export.max_mw'?" in fault_of(tiny, "interface.west_exprt.max_mw", 1.0)


@settings(max_examples=10, deadline=None)
@given(order=st.permutations(sorted(VALUES)))
def test_the_order_of_levers_in_the_file_does_not_matter(tiny: Case, order: list[str]) -> None:
    straight, _ = apply_levers(tiny.net, tiny.settings, VALUES)
    shuffled, _ = apply_levers(tiny.net, tiny.settings, {name: VALUES[name] for name in order})
    for table in ("load", "gen", "sgen", "storage", "tie", "interface", "poly_cost", "flexible_load", "prosumer"):
        pd.testing.assert_frame_equal(straight[table], shuffled[table])


def test_power_of_storage_keeps_its_hours(tiny: Case) -> None:
    net, _ = applied(tiny, storage__phs__p_mw=300.0)
    row, old = net.storage.iloc[0], tiny.net.storage.iloc[0]
    assert (row["min_p_mw"], row["max_p_mw"], row["max_e_mwh"], row["min_e_mwh"]) == pytest.approx(
        (-300.0, 315.0, 1800.0, 90.0)
    )
    assert row["soc_percent"] == old["soc_percent"]
    pd.testing.assert_series_equal(net.storage.iloc[1], tiny.net.storage.iloc[1], check_dtype=False)


def test_hours_of_storage_keep_its_power(tiny: Case) -> None:
    net, _ = applied(tiny, storage__battery__hours=4.0)
    battery = net.storage.iloc[1]
    assert (battery["min_p_mw"], battery["max_e_mwh"], battery["min_e_mwh"]) == pytest.approx((-80.0, 320.0, 16.0))


def test_storage_can_be_taken_away_and_the_case_stays_valid(tiny: Case) -> None:
    case = tiny.override({"storage.phs.p_mw": 0, "storage.battery.p_mw": 0})
    assert case.net.storage[["max_p_mw", "min_p_mw", "max_e_mwh", "min_e_mwh"]].abs().to_numpy().max() == 0


def test_wind_moves_between_the_sides_and_its_total_stays(tiny: Case) -> None:
    net, _ = applied(tiny, wind__west_share=0.25)
    wind = net.sgen[net.sgen["technology"] == "wind"]
    assert wind["max_p_mw"].to_list() == pytest.approx([0.25 * 740, 0.75 * 740])
    others = net.sgen["technology"] != "wind"
    pd.testing.assert_series_equal(net.sgen.loc[others, "max_p_mw"], tiny.net.sgen.loc[others, "max_p_mw"])


def test_solar_counts_the_roofs_too(tiny: Case) -> None:
    net, _ = applied(tiny, solar__p_mw=720.0)
    assert net.sgen["max_p_mw"].to_list() == pytest.approx([620.0, 600.0, 120.0, 120.0])


def test_retirement_takes_whole_units_the_smallest_first(tiny: Case) -> None:
    net, _ = applied(tiny, thermal__retire_mw=450.0)
    chp = net.gen.set_index("name").loc["centre chp"]
    old = tiny.net.gen.set_index("name").loc["centre chp"]
    assert (old["n_units"], chp["n_units"]) == (3, 1)  # two units of 200 MW; the third would be too much
    for column in EXTENSIVE["gen"]:
        if column in tiny.net.gen and np.isfinite(float(old[column])):
            assert chp[column] == pytest.approx(old[column] / 3), column
    assert chp["start_cost_cny"] == old["start_cost_cny"]
    costs, old_costs = (n.poly_cost.set_index(["et", "element"]).loc[("gen", 0)] for n in (net, tiny.net))
    assert costs["cp0_eur"] == pytest.approx(old_costs["cp0_eur"] / 3)
    assert costs["cp1_eur_per_mw"] == old_costs["cp1_eur_per_mw"]


def test_a_cluster_without_units_is_out_of_service(tiny: Case) -> None:
    net, _ = applied(tiny, thermal__retire_mw=900.0)
    plants = net.gen.set_index("name")
    assert not plants.loc["centre chp", "in_service"]
    assert plants.loc["south coal", ["n_units", "max_p_mw"]].to_list() == [1, 300.0]
    assert "only 1200 MW of coal" in fault_of(tiny, "thermal.retire_mw", 1201.0)


def test_retrofit_brings_bands_and_a_lower_heat_season_minimum(tiny: Case) -> None:
    """Half of the coal (south) is retrofitted: a share of 0.75 means half of the heating cluster."""
    net, _ = applied(tiny, thermal__retrofit_share=0.75)
    plants = net.gen.set_index("name")
    assert plants.loc["centre chp", "min_p_mw"] == pytest.approx(0.40 * 600)
    assert plants.loc["centre chp", "heat_season_min_pu"] == pytest.approx((0.62 + 0.45) / 2)
    assert plants.loc["south coal", "min_p_mw"] == 0.45 * 600
    assert plants["retrofitted"].to_dict() == {name: name in ("centre chp", "south coal") for name in plants.index}
    bands = net["deep_regulation"].set_index("index")["width_mw"]
    assert bands[1].tolist() == [45.0, 45.0]  # as they were
    assert bands[0] == pytest.approx(0.5 * 0.05 * 600)
    full, _ = applied(tiny, thermal__retrofit_share=1.0)
    again = Case.from_pandapower(full, tiny.source.profiles)
    assert "1 of the coal capacity is retrofitted already" in fault_of(again, "thermal.retrofit_share", 0.5)


def test_a_condensing_plant_is_retrofitted_down_to_a_third(tiny: Case) -> None:
    net = with_defaults(tiny.net)
    net.gen["retrofitted"] = False
    net["deep_regulation"] = net["deep_regulation"].iloc[:0]
    changed, _ = apply_levers(net, tiny.settings, {"thermal.retrofit_share": 1.0})
    bands = changed["deep_regulation"].set_index("index")["width_mw"].to_dict()
    assert bands == pytest.approx({0: 0.05 * 600, 1: (0.45 - 0.30) * 600})


def test_bands_and_start_costs_follow_the_units_that_are_left(tiny: Case) -> None:
    net, _ = applied(tiny, thermal__retire_mw=900.0)  # the heating cluster and one unit of two of the south
    assert net["deep_regulation"]["width_mw"].tolist() == [22.5, 22.5]
    assert net["start_cost"]["index"].tolist() == [1, 1, 1]


def test_more_vehicles_bring_chargers_batteries_and_use(tiny: Case) -> None:
    old = tiny.net["flexible_load"].set_index("name").loc["vehicles"]
    fleet = 18.0 / 0.9 * 8760 / 3.5
    net, _ = applied(tiny, ev__fleet=2 * fleet)
    new = net["flexible_load"].set_index("name").loc["vehicles"]
    for column in ("p_mw", "max_p_mw", "max_e_mwh", "max_discharge_mw"):
        assert new[column] == pytest.approx(2 * old[column]), column
    assert new["eta"] == old["eta"]


def test_hydrogen_takes_its_ammonia_loop_along(tiny: Case) -> None:
    net, _ = applied(tiny, hydrogen__p_mw=30.0)
    table = net["flexible_load"].set_index("name")
    assert table.loc[["electrolyser", "ammonia loop"], "max_p_mw"].tolist() == pytest.approx([30.0, 1.2])
    assert table.loc["ammonia loop", "p_mw"] == pytest.approx(1.0)
    assert table.loc["vehicles", "p_mw"] == 18.0


@pytest.mark.parametrize(
    "name", ["ev.fleet", "hydrogen.p_mw", "industry.p_mw", "prosumer.building.p_mw", "demand.scale"]
)
def test_what_is_taken_away_goes_out_of_service_and_the_case_stays_valid(tiny: Case, name: str) -> None:
    case = tiny.override({name: 0})
    tables = [case.net["flexible_load"], case.net["prosumer"]]
    assert sum((~table["in_service"].astype(bool)).sum() for table in tables) > 0


def test_the_price_of_response_leaves_the_worth_of_valley_filling(tiny: Case) -> None:
    net, _ = applied(tiny, policy__dr_price=900.0)
    assert net["demand_response"]["price_cny_per_mwh"].tolist() == [900.0, 900.0, 900.0, 50.0]


def test_a_pilot_that_is_not_there_names_the_one_that_is(tiny: Case) -> None:
    assert "did you mean 'pilot.west_park.self_use_min'?" in fault_of(tiny, "pilot.westpark.self_use_min", 0.5)
    assert is_lever("pilot.anything.self_use_min")
    assert not is_lever("pilot..self_use_min")
    assert not is_lever("pilot.west_park.colour")


def test_levers_of_jilin_have_a_unit_a_range_and_a_present_value_inside_it() -> None:
    net = build("jilin", 2030)
    rows = list(table_of_levers(net, Settings(network="jilin", year=2030)))
    names = {row.lever.name for row in rows}
    assert {lever.name for lever in LEVERS} <= names
    assert {"pilot.baicheng_park.self_use_min", "tie.hvdc_beijing.renewable_share_min"} <= names
    assert "reserve.emergency_northeast.mw" in names
    for row in rows:
        assert row.lever.description
        if not row.lever.words:
            assert row.lever.low <= float(row.present) <= row.lever.high, row.lever.name


def test_start_ramps_never_lie_below_the_minimum_output(tiny: Case) -> None:
    net, _ = applied(tiny, thermal__min_stable_pu=0.8)
    coal = net.gen[net.gen["technology"].isin(("coal", "coal_chp"))]
    assert (coal["startup_ramp_mw"] >= coal["min_p_mw"]).all()
    assert (coal["min_p_mw"] == 0.8 * coal["max_p_mw"]).all()


def _with_second_channel(case: Case) -> Case:
    net = with_defaults(case.net)
    newer = net["tie"].iloc[[1]].assign(name="new channel", commission_year=2029.0, max_p_mw=800.0)
    net["tie"] = pd.concat([net["tie"], newer], ignore_index=True)
    return Case.from_pandapower(net, case.source.profiles)


@pytest.mark.parametrize(
    ("total", "old", "new"), [(1000.0, 200.0, 800.0), (150.0, 150.0, None), (600.0, 200.0, 400.0), (1400, 200, 1200)]
)
def test_the_newest_channel_is_the_first_to_change(tiny: Case, total: float, old: float, new: float | None) -> None:
    net, _ = applied(_with_second_channel(tiny), export__hvdc_mw=total)
    ties = net["tie"].set_index("name")
    assert ties.loc["hvdc", "max_p_mw"] == pytest.approx(old)
    assert ties.loc["hvdc", "p_mw"] == pytest.approx(120.0 * old / 200.0)
    if new is None:
        assert not ties.loc["new channel", "in_service"]
    else:
        assert ties.loc["new channel", "max_p_mw"] == pytest.approx(new)
    assert ties.loc["north tie", "max_p_mw"] == 150.0


def test_export_energy_scales_the_exporting_contracts(tiny: Case) -> None:
    net = with_defaults(tiny.net)
    net["tie"].loc[0, "p_mw"] = -20.0
    case = Case.from_pandapower(net, tiny.source.profiles)
    changed, _ = applied(case, export__energy_twh=0.5)
    assert changed["tie"]["p_mw"].to_list() == pytest.approx([-20.0, 0.5e6 / 8760 + 20.0])
    assert "the importing ties alone bring 0.175 TWh" in fault_of(case, "export.energy_twh", -1.0)


def test_the_weather_year_of_shipped_profiles_is_a_lever(tiny: Case) -> None:
    shipped = tiny.settings.model_copy(update={"profiles": "jilin"})
    _, changed = apply_levers(tiny.net, shipped, {"weather_year": 2020.0})
    assert changed.weather_year == 2020
    _, changed = apply_levers(tiny.net, shipped, {"weather_year": "synthetic-1"})
    assert changed.weather_year == "synthetic-1"


def test_levers_of_the_data_model_are_there() -> None:
    promised = {
        *("demand.scale", "wind.p_mw", "solar.p_mw", "wind.west_share", "storage.phs.p_mw", "storage.phs.hours"),
        *("storage.battery.p_mw", "storage.battery.hours", "thermal.min_stable_pu", "thermal.retrofit_share"),
        *("thermal.retire_mw", "heat.electric_share", "policy.dr_share_of_peak", "policy.dr_price", "ev.fleet"),
        *("hydrogen.p_mw", "export.hvdc_mw", "export.energy_twh", "interface.NAME.max_mw", "carbon.price_cny_per_t"),
        *("weather_year", "pilot.NAME.self_use_min"),
    }
    assert promised <= set(known_names())
    assert len(known_names()) == len(set(known_names())) == len(LEVERS) + len(PATTERNS)
