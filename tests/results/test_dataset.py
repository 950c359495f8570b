"""The labelled result: complete, described, and enough to check the balance and the costs with."""

from __future__ import annotations

import numpy as np
import pandapower as pp
import pandas as pd
import pytest
import xarray as xr

import gridopt
from gridopt.results.result import Result
from tests.model.systems import case_of, generator, grid, load, profiles, put, wind
from tests.results import solved

DIMENSIONS = {
    "time": 48, "bus": 5, "generator": 5, "renewable": 4, "hydro": 3, "storage": 2, "tie": 2, "program": 4,
    "flexible_load": 6, "prosumer": 4, "pilot": 1, "reserve": 5, "emission": 1,
    "branch": 9, "interface": 1, "component": 14, "budget": 7, "window": 2, "cause": 6,
}  # fmt: skip
UNITS = ("MW", "MWh", "Mvar", "%", "CNY", "CNY/MWh", "CNY/MW", "1", "t", "1e6 m3", "m3/s", "budget_unit")
ONLY_COMMITTED = tuple(
    f"generator_{name}"
    for name in (
        *("on_units", "start_units", "stop_units", "forced_stop_units", "available_units"),
        *("heat_mw", "boiler_mw", "regulation_mw", "start_discount_cny", "reserve_mw"),
    )
)
# Missing where there is nothing of the kind: volumes of reservoirs in energy terms, counts where nothing is counted.
MAY_LACK = (
    *ONLY_COMMITTED,
    *("hydro_volume_mm3", "hydro_turbined_m3_per_s", "hydro_spill_m3_per_s"),
    *("storage_pump_units", "storage_turbine_units", "response_called", "flexible_load_on"),
)


@pytest.fixture(scope="module", params=["tiny", "mixed", "case9"])
def result(request: pytest.FixtureRequest) -> Result:
    return getattr(solved, request.param)()


def test_dimensions_of_tiny() -> None:
    assert dict(solved.tiny().dataset.sizes) == DIMENSIONS


def test_every_variable_and_coordinate_is_described(result: Result) -> None:
    for name, variable in result.dataset.variables.items():
        assert variable.attrs.get("long_name"), name
    for name, variable in result.dataset.data_vars.items():
        assert variable.attrs["units"] in UNITS, name


def test_all_values_are_float64_and_there(result: Result) -> None:
    for name, variable in result.dataset.data_vars.items():
        # the log of the windows counts; everything else is a quantity
        counts = str(name).startswith("window_") and name not in ("window_mip_gap", "window_lower_bound_cny")
        assert variable.dtype == (np.int64 if counts else np.float64), name
        missing = np.isnan(variable)
        assert name in MAY_LACK or not missing.any(), name
        assert bool((missing.all("time") == missing.any("time")).all() if "time" in missing.dims else True), name


def test_what_may_lack_is_missing_for_the_right_elements() -> None:
    data = solved.tiny().dataset
    for name in ("hydro_volume_mm3", "hydro_turbined_m3_per_s", "hydro_spill_m3_per_s"):
        assert with_missing(data[name]) == {"east river"}
    assert with_missing(data["flexible_load_on"]) == {"vehicles", "storage heaters", "furnaces", "data centre work"}
    # nothing is counted without whole units
    for name, dimension in (("storage_pump_units", "storage"), ("response_called", "program")):
        assert with_missing(data[name]) == set(data[dimension].values.tolist())


def with_missing(values: xr.DataArray) -> set[str]:
    """Labels of the elements that have no value in some step."""
    (dimension,) = set(values.dims) - {"time"}
    return set(values[dimension].values[np.isnan(values).any("time").values].tolist())


def test_only_generators_without_commitment_have_no_units() -> None:
    for outcome, plain in ((solved.tiny(), {"reference"}), (solved.mixed(), {"reference", "B", "D"})):
        for name in ONLY_COMMITTED:
            if name == "generator_reserve_mw" and "reserve" not in outcome.dataset.dims:
                assert name not in outcome.dataset
                continue
            values = outcome.dataset[name]
            assert with_missing(values.isel(reserve=0) if "reserve" in values.dims else values) == plain


def test_labels_and_coordinates_are_those_of_the_net(result: Result) -> None:
    net, data = result.case.net, result.dataset
    bus_name = net.bus["name"].astype(str)
    tables = {"generator": ["gen", "ext_grid"], "renewable": ["sgen"], "hydro": ["gen"], "storage": ["storage"]}
    for dimension, elements in tables.items():
        for label in data[dimension].values if dimension in data.dims else ():
            rows = [net[e][net[e]["name"] == label].iloc[0] for e in elements if (net[e]["name"] == label).any()]
            assert len(rows) == 1, label
            row, element = rows[0], data.sel({dimension: label})
            assert element[f"{dimension}_bus"] == bus_name[row["bus"]]
            assert element[f"{dimension}_technology"] == row.get("technology", "")
            for rate in ("co2_t_per_mwh", "coal_tce_per_mwh") if dimension == "generator" else ():
                assert element[f"generator_{rate}"] == pytest.approx(np.nan_to_num(row.get(rate, 0.0)))
    words = [str(word) for name in data.coords if data[name].dtype.kind == "U" for word in data[name].values]
    assert not {"nan", "None", "<NA>"} & set(words)
    assert data.indexes["time"].equals(result.case.time)


def test_the_city_travels_with_the_bus() -> None:
    assert solved.mixed().dataset["bus_city"].values.tolist() == ["Baicheng", ""]


def test_attributes_say_what_was_solved_with_what(result: Result) -> None:
    attributes = result.dataset.attrs
    assert attributes["case"] == result.case.name
    assert attributes["input_sha256"] == result.case.input_sha256 == result.summary["input_sha256"]
    assert attributes["step_h"] == result.case.settings.step_h
    assert attributes["unit_commitment"] == result.case.settings.unit_commitment
    assert f"gridopt {gridopt.__version__}" in attributes["versions"]
    assert {part.split()[0] for part in attributes["versions"].split(", ")} >= {"cvxpy", "highspy", "pandapower"}
    assert attributes["solver"].startswith("HiGHS ")
    assert pd.Timestamp(attributes["created"]).tzinfo is not None


def test_round_trip_through_netcdf(result: Result, tmp_path) -> None:
    folder = result.save(tmp_path / "out")
    with xr.open_dataset(folder / "results.nc") as read:
        xr.testing.assert_identical(without_types(read.load()), without_types(result.dataset))


def without_types(dataset: xr.Dataset) -> xr.Dataset:
    """Attributes as plain values: netCDF gives back numpy's."""
    copy = dataset.copy()
    copy.attrs = {key: getattr(value, "item", lambda value=value: value)() for key, value in dataset.attrs.items()}
    return copy


# --- balance -------------------------------------------------------------------------------------------------


def injection_mw(data: xr.Dataset, bus: str) -> np.ndarray:
    """Everything that elements give to a bus, from names of the dataset alone; response is at all of its loads."""
    signs = {
        ("generator", "generator_p_mw"): 1, ("renewable", "renewable_p_mw"): 1, ("hydro", "hydro_p_mw"): 1,
        ("storage", "storage_discharge_mw"): 1, ("storage", "storage_charge_mw"): -1, ("tie", "tie_export_mw"): -1,
        ("flexible_load", "flexible_load_p_mw"): -1, ("flexible_load", "flexible_load_discharge_mw"): 1,
        ("prosumer", "prosumer_p_mw"): 1, ("heat_source", "heat_source_electric_mw"): -1,
    }  # fmt: skip
    total = np.zeros(data.sizes["time"])
    for (dimension, name), sign in signs.items():
        if name in data:
            here = (data[f"{dimension}_bus"] == bus).values
            total += sign * data[name].values[here].sum(axis=0)
    for name, sign in {"demand_mw": -1, "unserved_mw": 1, "excess_mw": -1, "fixed_injection_mw": 1}.items():
        total += sign * data[name].sel(bus=bus).values
    return total


def test_every_bus_balances_in_every_hour(result: Result) -> None:
    data = result.dataset
    largest = 0.0
    for bus in data["bus"].values:
        out = (data["branch_from_bus"] == bus).values, (data["branch_to_bus"] == bus).values
        leaving = data["branch_flow_mw"].values[out[0]].sum(axis=0) - data["branch_flow_mw"].values[out[1]].sum(axis=0)
        given = injection_mw(data, bus) + response_mw(result, bus)
        np.testing.assert_allclose(given, leaving, atol=1e-4)
        largest = max(largest, np.abs(leaving).max())
    assert largest > 10.0, "something flows"


def response_mw(result: Result, bus: str) -> np.ndarray:
    """Load reduced at a bus: each program by the share of the bus in the load that it is for."""
    net, data = result.case.net, result.dataset
    total = np.zeros(data.sizes["time"])
    here = net.load["bus"].map(net.bus["name"].astype(str)) == bus
    for _, program in net.demand_response.iterrows():
        mine = (net.load["kind"] == program["target"]) | (program["target"] == "")
        size = (net.load["p_mw"] * net.load["scaling"]).where(mine, 0.0)
        total += size[here].sum() / size.sum() * data["response_mw"].sel(program=program["name"]).values
    return total


def test_flows_keep_their_limits_and_interfaces_are_sums_of_branches() -> None:
    result = solved.tiny()
    data, net = result.dataset, result.case.net
    assert (abs(data["branch_flow_mw"]) <= data["branch_limit_mw"] + 1e-4).all()
    assert data["interface_flow_mw"].max() <= 400.0 + 1e-4
    members = net.interface_branch
    total = np.zeros(data.sizes["time"])
    for element, index, sign in zip(members["element"], members["index"], members["sign"], strict=True):
        mine = ((data["branch_element"] == element) & (data["branch_index"] == index)).values
        total += sign * data["branch_flow_mw"].values[mine].sum(axis=0)
    np.testing.assert_allclose(data["interface_flow_mw"].sel(interface="west_export"), total, atol=1e-6)


def test_storage_and_reservoirs_keep_their_books() -> None:
    result = solved.tiny()
    data, net = result.dataset, result.case.net
    for label in data["storage"].values:
        row = net.storage[net.storage["name"] == label].iloc[0]
        level, one = data["storage_energy_mwh"].sel(storage=label).values, data.sel(storage=label)
        before = np.concatenate([[row["soc_percent"] / 100 * row["max_e_mwh"]], level[:-1]])
        kept = before * (1 - row["self_discharge_per_h"])
        change = row["eta_charge"] * one["storage_charge_mw"] - one["storage_discharge_mw"] / row["eta_discharge"]
        np.testing.assert_allclose(level, kept + change.values, atol=1e-4)


def test_a_cascade_keeps_its_books() -> None:
    # Per 1e6 m3 the upper dam (0.4 MW per m3/s) gives 111.1 MWh, the one below it (0.5) 138.9 MWh.  Before the
    # horizon the upper dam let through what flowed in; its water takes three hours.
    data = solved.tiny().dataset
    upper, lower = data.sel(hydro="upper dam"), data.sel(hydro="east dam")
    inflow, released = upper["hydro_inflow_mw"].values, (upper["hydro_p_mw"] + upper["hydro_spill_mw"]).values
    arriving = 0.5 / 0.4 * np.concatenate([np.full(3, inflow[0]), released[:-3]])
    for dam, start_mm3, per_mm3, gained in (
        (upper, 5.0, 0.4 / 0.0036, inflow),
        (lower, 10.8, 0.5 / 0.0036, lower["hydro_inflow_mw"].values + arriving),
    ):
        before = np.concatenate([[start_mm3 * per_mm3], dam["hydro_energy_mwh"].values[:-1]])
        used = (dam["hydro_p_mw"] + dam["hydro_spill_mw"]).values
        np.testing.assert_allclose(dam["hydro_energy_mwh"], before + gained - used, atol=1e-4)
        np.testing.assert_allclose(dam["hydro_volume_mm3"] * per_mm3, dam["hydro_energy_mwh"], atol=1e-6)
    assert released.max() > 1.0


# --- costs ---------------------------------------------------------------------------------------------------


def cost_from_tables(result: Result) -> dict[str, float]:
    """Cost by component from the tables of the net and the series of the dataset alone [CNY]."""
    net, data, prices = result.case.net, result.dataset, result.case.settings.prices
    h = result.case.settings.step_h

    def price(table: str, row: int, column: str = "cp1_eur_per_mw") -> float:
        mine = (net.poly_cost["et"] == table) & (net.poly_cost["element"] == row)
        return float(net.poly_cost.loc[mine, column].sum())

    def energy(name: str, label: str) -> float:
        dimension = data[name].dims[0]
        return float(data[name].sel({dimension: label}).sum()) * h

    total = dict.fromkeys(data["component"].values.tolist(), 0.0)
    for row, gen in net.gen.iterrows():
        label = gen["name"]
        if label in data.get("hydro", xr.DataArray([])).values:
            total["hydro"] += price("gen", row) * energy("hydro_p_mw", label)
            total["hydro"] += prices.water_spill_cny_per_mwh * energy("hydro_spill_mw", label)
            continue
        fuel = price("gen", row) + np.nan_to_num(gen["co2_t_per_mwh"]) * prices.co2_cny_per_t
        part = "thermal" if gen["committable"] else "generator"
        total[part] += fuel * energy("generator_p_mw", label)
        if part == "thermal":
            on, starts = energy("generator_on_units", label), energy("generator_start_units", label) / h
            total[part] += price("gen", row, "cp0_eur") / gen["n_units"] * on
            tiers = net.start_cost.loc[net.start_cost["index"] == row, "cost_cny"]
            total[part] += (np.nan_to_num(gen["start_cost_cny"]) if tiers.empty else tiers.iloc[-1]) * starts
            total[part] -= float(data["generator_start_discount_cny"].sel(generator=label).sum())
            total[part] += h * wear_of_bands(net, row, data["generator_regulation_mw"].sel(generator=label).values)
    for label in data["renewable"].values:
        total["renewable"] += prices.curtailment_cny_per_mwh * energy("renewable_curtailment_mw", label)
    for _, store in net.storage.iterrows():
        wear = store["throughput_cost_cny_per_mwh"]
        total["storage"] += wear * energy("storage_discharge_mw", store["name"])
    for _, tie in net.tie.iterrows():
        total["tie"] -= tie["price_cny_per_mwh"] * energy("tie_export_mw", tie["name"])
    for _, program in net.demand_response.iterrows():
        paid = energy("response_down_mw", program["name"])
        if program["kind"] == "valley_filling":
            paid = -energy("response_up_mw", program["name"])
        total["response"] += program["price_cny_per_mwh"] * paid
    for _, row in net.flexible_load.iterrows():
        own, general = row["shortfall_cny_per_mwh"], prices.value_of_lost_load_cny_per_mwh
        total["flexible_load"] += row["wear_cny_per_mwh"] * energy("flexible_load_discharge_mw", row["name"])
        total["flexible_load"] -= row["value_cny_per_mwh"] * energy("flexible_load_p_mw", row["name"])
        total["flexible_load"] += prices.excess_cny_per_mwh * energy("flexible_load_spill_mw", row["name"])
        lacking = energy("flexible_load_shortfall_mw", row["name"])
        total["flexible_load"] += (general if np.isnan(own) else own) * lacking
    for _, site in net.prosumer.iterrows():
        total["prosumer"] += site["generation_cny_per_mwh"] * energy("prosumer_generation_mw", site["name"])
        total["prosumer"] += site["store_wear_cny_per_mwh"] * energy("prosumer_discharge_mw", site["name"])
        unused = energy("prosumer_pv_available_mw", site["name"]) - energy("prosumer_pv_mw", site["name"])
        total["prosumer"] += prices.curtailment_cny_per_mwh * unused
    for product in data.get("reserve", xr.DataArray([])).values:
        row = net.reserve_product.set_index("name").loc[product]
        total["reserve"] += row["price_cny_per_mwh"] * energy("reserve_shortfall_mw", product)
    if "budget" in total:
        total["budget"] = float((data["budget_breach"] * data["budget_price_cny"]).sum())
    total["demand"] += prices.value_of_lost_load_cny_per_mwh * float(data["unserved_mw"].sum()) * h
    total["demand"] += prices.excess_cny_per_mwh * float(data["excess_mw"].sum()) * h
    return total


def wear_of_bands(net: pp.pandapowerNet, row: int, below_mw: np.ndarray) -> float:
    """Wear of what a cluster runs below its minimum, band by band from the top [CNY/h, summed over steps]."""
    cost, left = 0.0, below_mw.copy()
    for _, band in net.deep_regulation[net.deep_regulation["index"] == row].iterrows():
        used = np.minimum(left, band["width_mw"])
        cost, left = cost + band["wear_cny_per_mwh"] * used.sum(), left - used
    return cost


@pytest.mark.parametrize("name", ["tiny", "mixed"])
def test_costs_follow_from_the_tables_of_the_net(name: str) -> None:
    result = getattr(solved, name)()
    data = result.dataset
    reported = (data["operating_cost_cny"] + data["penalty_cny"]).sum("time")
    expected = cost_from_tables(result)
    assert set(expected) == set(reported["component"].values.tolist())
    for component, cost in expected.items():
        assert float(reported.sel(component=component)) == pytest.approx(cost, rel=1e-8, abs=1e-2), component
    assert result.summary["objective_cny"] == pytest.approx(sum(expected.values()), rel=1e-9)
    assert result.summary["objective_cny"] == pytest.approx(
        result.summary["operating_cost_cny"] + result.summary["penalty_cny"]
    )


def test_the_mixed_case_has_every_kind_of_cost() -> None:
    data = solved.mixed().dataset
    assert data["unserved_mw"].sum() > 1.0
    for name in ("generator_start_units", "response_mw", "storage_discharge_mw", "tie_export_mw"):
        assert abs(data[name]).sum() > 0.1, name


# --- shared dimensions ---------------------------------------------------------------------------------------


def test_rows_of_committed_and_plain_generators_keep_their_labels() -> None:
    result = solved.mixed()
    data = result.dataset
    assert result.case.net.gen["name"].tolist() == ["A", "B", "C", "D"]
    scarce = data["generator_p_mw"].isel(time=-1)
    # in the scarce hour everyone runs at the limit, and no two limits are the same
    assert {str(g): round(float(scarce.sel(generator=g)), 6) for g in scarce.generator.values} == {
        "reference": 0.0, "A": 80.0, "B": 30.0, "C": 20.0, "D": 25.0,
    }  # fmt: skip
    assert data["generator_on_units"].isel(time=-1).sel(generator="A") == pytest.approx(2.0)


def test_elements_of_one_name_in_two_tables_are_told_apart() -> None:
    net = grid(1)
    generator(net, 0, 7.0, 0.0, name="park", profile="breeze")
    wind(net, 0, 5.0, "breeze", name="park")
    load(net, 0, 50.0)
    put(net, "gen", 0, {"city": "Songyuan"})
    result = gridopt.solve(case_of(net, profiles(2, breeze=("availability", [1.0, 0.5]))))
    output = result.dataset["renewable_p_mw"].isel(time=0)
    assert {str(label): float(output.sel(renewable=label)) for label in output["renewable"].values} == {
        "park (sgen 0)": 5.0,
        "park (gen 0)": 7.0,
    }
    assert result.dataset["renewable_city"].sel(renewable="park (gen 0)") == "Songyuan"
