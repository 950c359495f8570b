"""Every equation of every component, recomputed in numpy over the stitched hours of a solved horizon.

Nothing of the model is used but its data: a seam between two windows must not be seen here.
"""

from __future__ import annotations

import numpy as np

from gridopt.horizon.record import Record
from gridopt.model.system import System

# Of states that are handed over at a seam [units, MW, MWh].
TOLERANCE = 1e-4


def check(system: System, record: Record) -> None:
    """All equations of all components that the system has."""
    for name, rule in RULES.items():
        data = system.part(name)
        if data is not None:
            rule(data, record.outputs[name], system.step_h)
    balance(system, record)
    limits(system, record)
    costs(system, record)


def at_most(left, right, tolerance=TOLERANCE):
    excess = np.max(np.asarray(left) - np.asarray(right), initial=0.0)
    assert excess <= tolerance, f"exceeded by {excess:.3g}"


def equal(left, right, tolerance=TOLERANCE):
    np.testing.assert_allclose(left, right, rtol=0.0, atol=tolerance)


def before(first, series):
    return np.column_stack([first, series[:, :-1]])


def thermal(d, out, h):
    on, start, stop = (out[f"generator_{name}_units"] for name in ("on", "start", "stop"))
    above = out["generator_p_mw"] - d.min_mw[:, None] * on
    on0, above0 = before(d.initial_on_units, on), before(d.initial_above_min_mw, above)
    equal(on - on0, start - stop)
    at_most(d.must_run_units, on)
    at_most(on, d.n_units[:, None])
    at_most(d.heat_floor_mw, above)
    for i in range(d.count):
        minimum_times(d, i, on[i], start[i], stop[i])
    span, low, high = (d.max_mw - d.min_mw)[:, None], d.min_mw[:, None], d.max_mw[:, None]
    rise = d.startup_ramp_mw[:, None] - low
    fall = d.shutdown_ramp_mw[:, None] - low
    next_stop = np.column_stack([stop[:, 1:], np.zeros(d.count)])
    room = span * on - d.heat_cut_mw - above
    first = (high - d.startup_ramp_mw[:, None]) * start
    last = (high - d.shutdown_ramp_mw[:, None]) * next_stop
    long = (d.min_up_steps >= 2)[:, None]
    at_most(np.where(long, first + last, np.maximum(first, last)), room)
    both = on - start
    up = np.minimum(d.ramp_up_mw_per_h[:, None] * h, span) * both + rise * start
    down = np.minimum(d.ramp_down_mw_per_h[:, None] * h, span) * both + fall * stop
    at_most(above - above0, up)
    at_most(above0 - above, down)


def minimum_times(d, i, on, start, stop):
    since, steps = int(d.initial_steps_in_state[i]), on.size
    past = 200
    starts, stops = np.zeros(past + steps), np.zeros(past + steps)
    starts[past:], stops[past:] = start, stop
    if since <= past:
        starts[past - since], stops[past - since] = d.initial_on_units[i], d.n_units[i] - d.initial_on_units[i]
    for t in range(steps):
        now = past + t + 1
        at_most(starts[now - min(d.min_up_steps[i], past) : now].sum(), on[t])
        at_most(stops[now - min(d.min_down_steps[i], past) : now].sum(), d.n_units[i] - on[t])


def generator(d, out, h):
    at_most(d.min_mw, out["generator_p_mw"])
    at_most(out["generator_p_mw"], d.max_mw)


def renewable(d, out, h):
    power = out["renewable_p_mw"]
    at_most(-power, 0.0)
    at_most(power, d.available_mw)
    equal(out["renewable_curtailment_mw"], d.available_mw - power)


def hydro(d, out, h):
    level, power, spill = out["hydro_energy_mwh"], out["hydro_p_mw"], out["hydro_spill_mw"]
    equal(level - before(d.start_e_mwh, level), (d.inflow_mw - power - spill) * h)
    at_most(d.min_e_mwh, level)
    at_most(level, d.max_e_mwh)
    at_most(-spill, 0.0)
    at_most(d.min_p_mw[:, None], power)
    at_most(power, d.max_p_mw[:, None])
    at_most(d.min_release_mw[:, None], power + spill)


def storage(d, out, h):
    charge, discharge, level = (out[f"storage_{name}"] for name in ("charge_mw", "discharge_mw", "energy_mwh"))
    kept = (1 - d.self_discharge_per_h * h)[:, None] * before(d.start_e_mwh, level)
    equal(level, kept + h * (d.eta_charge[:, None] * charge - discharge / d.eta_discharge[:, None]))
    for power, most in ((charge, d.charge_mw), (discharge, d.discharge_mw)):
        at_most(-power, 0.0)
        at_most(power, most[:, None])
    at_most(d.min_e_mwh[:, None], level)
    at_most(level, d.max_e_mwh[:, None])
    at_most(np.where(d.returns, d.start_e_mwh, 0.0), level[:, -1])


def tie(d, out, h):
    export = out["tie_export_mw"]
    at_most(d.min_mw, export)
    at_most(export, d.max_mw)
    at_most(np.abs(export - before(d.contract_mw[:, 0], export)), d.ramp_mw_per_h[:, None] * h)
    due = h * (export - d.contract_mw).sum(axis=1)
    equal(due[d.keeps_energy], 0.0)


def response(d, out, h):
    reduced = out["response_mw"]
    at_most(-reduced, 0.0)
    at_most(reduced, d.capability_mw)
    at_most(reduced.sum(axis=1) * h, d.energy_mwh)


RULES = {
    "thermal": thermal,
    "generator": generator,
    "renewable": renewable,
    "hydro": hydro,
    "storage": storage,
    "tie": tie,
    "response": response,
}


def balance(system, record):
    """Injections of all components, summed at the nodes, are those of the record and cancel in every island."""
    out = {name: values for part in record.outputs.values() for name, values in part.items()}
    power = {
        "demand": out["unserved_mw"] - out["excess_mw"] - out["demand_mw"] + out["fixed_injection_mw"],
        "generator": record.outputs.get("generator", {}).get("generator_p_mw"),
        "thermal": record.outputs.get("thermal", {}).get("generator_p_mw"),
        "renewable": out.get("renewable_p_mw"),
        "hydro": out.get("hydro_p_mw"),
        "storage": out["storage_discharge_mw"] - out["storage_charge_mw"] if "storage_charge_mw" in out else None,
        "tie": -out["tie_export_mw"] if "tie_export_mw" in out else None,
        "response": out.get("response_mw"),
    }
    total = -np.repeat(system.network.shunt_mw[:, None], len(system.time), axis=1)
    for _, data in system.parts:
        total = total + data.nodes @ power[next(name for name, part in _named(system) if part is data)]
    equal(total, record.injection_mw)
    equal(system.balance_areas() @ total, 0.0)


def _named(system):
    return [(kind.name, data) for kind, data in system.parts]


def limits(system, record):
    flow = system.limits.matrix @ record.injection_mw + system.limits.offset_mw[:, None]
    at_most(flow, system.limits.upper_mw[:, None], 1e-3)
    at_most(system.limits.lower_mw[:, None], flow, 1e-3)


def costs(system, record):
    """Resource cost and penalties, from outputs and prices."""
    h, out = system.step_h, record.outputs
    expected = {}
    for name, d in _named(system):
        expected[name] = (0.0, 0.0)
        if name == "demand":
            lack = (d.lost_load_cny_per_mwh[:, None] * out[name]["unserved_mw"]).sum()
            expected[name] = (0.0, h * (lack + d.excess_cny_per_mwh * out[name]["excess_mw"].sum()))
        elif name == "thermal":
            part = out[name]
            fuel = h * (
                d.output_cny_per_mwh @ part["generator_p_mw"] + d.no_load_cny_per_h @ part["generator_on_units"]
            )
            expected[name] = (fuel.sum() + (d.start_cost_cny @ part["generator_start_units"]).sum(), 0.0)
        elif name == "generator":
            power = out[name]["generator_p_mw"]
            fuel = d.cp1_cny_per_mwh @ power + d.cp2_cny_per_mw2h @ power**2 + d.cp0_cny_per_h.sum()
            assert not d.piece_of.size
            expected[name] = (h * fuel.sum(), 0.0)
        elif name == "renewable":
            part = out[name]
            expected[name] = (
                h * (d.output_cny_per_mwh @ part["renewable_p_mw"]).sum(),
                h * (d.curtailment_cny_per_mwh @ part["renewable_curtailment_mw"]).sum(),
            )
        elif name == "hydro":
            part = out[name]
            fuel = h * (d.output_cny_per_mwh @ part["hydro_p_mw"]).sum()
            expected[name] = (fuel, h * d.water_spill_cny_per_mwh * part["hydro_spill_mw"].sum())
        elif name == "storage":
            part = out[name]
            wear = d.wear_cny_per_mwh @ part["storage_discharge_mw"]
            draw = d.draw_cny_per_mwh @ (part["storage_charge_mw"] - part["storage_discharge_mw"])
            expected[name] = (h * (wear + draw).sum(), 0.0)
        elif name == "tie":
            expected[name] = (-h * (d.value_cny_per_mwh @ out[name]["tie_export_mw"]).sum(), 0.0)
        elif name == "response":
            expected[name] = (h * (d.price_cny_per_mwh @ out[name]["response_mw"]).sum(), 0.0)
    for name, (operating, penalty) in expected.items():
        np.testing.assert_allclose(record.operating_cny[name].sum(), operating, rtol=1e-8, atol=1e-2)
        np.testing.assert_allclose(record.penalty_cny[name].sum(), penalty, rtol=1e-8, atol=1e-2)
