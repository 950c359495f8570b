"""Small nets, each with one thing that a DC model easily gets wrong; all have a solution in ``rundcpp``."""

import copy
import functools

import numpy as np
import pandapower as pp
import pandas as pd

LINE = {"r_ohm_per_km": 0.05, "x_ohm_per_km": 0.4, "c_nf_per_km": 10.0, "max_i_ka": 1.0}
TRAFO = {
    "sn_mva": 250.0,
    "vn_hv_kv": 500.0,
    "vn_lv_kv": 225.0,
    "vkr_percent": 0.3,
    "vk_percent": 14.0,
    "pfe_kw": 80.0,
    "i0_percent": 0.06,
}
TRAFO3W = {
    "vn_hv_kv": 500.0,
    "vn_mv_kv": 220.0,
    "vn_lv_kv": 35.0,
    "sn_hv_mva": 500.0,
    "sn_mv_mva": 400.0,
    "sn_lv_mva": 120.0,
    "vk_hv_percent": 12.0,
    "vk_mv_percent": 16.0,
    "vk_lv_percent": 18.0,
    "vkr_hv_percent": 0.3,
    "vkr_mv_percent": 0.4,
    "vkr_lv_percent": 0.5,
    "pfe_kw": 90.0,
    "i0_percent": 0.05,
}


@functools.cache
def _template():
    return pp.create_empty_network()


def empty_net(sn_mva):
    """An empty net; copying one is much faster than making it."""
    net = copy.deepcopy(_template())
    net["sn_mva"] = sn_mva
    return net


def built_once(build):
    """Build a net once and hand out copies."""
    cached = functools.cache(build)
    return functools.wraps(build)(lambda *args: copy.deepcopy(cached(*args)))


def add_line(net, from_bus, to_bus, length_km=50.0, **kwargs):
    return pp.create_line_from_parameters(net, from_bus, to_bus, length_km, **{**LINE, **kwargs})


def add_trafo(net, hv_bus, lv_bus, **kwargs):
    return pp.create_transformer_from_parameters(net, hv_bus, lv_bus, **{**TRAFO, **kwargs})


def add_trafo3w(net, hv_bus, mv_bus, lv_bus, **kwargs):
    return pp.create_transformer3w_from_parameters(net, hv_bus, mv_bus, lv_bus, **{**TRAFO3W, **kwargs})


@built_once
def meshed(sn_mva=100.0):
    """Four 220 kV buses in a ring with a diagonal, a slack and a gen, ids that are not 0 … 3."""
    net = empty_net(sn_mva)
    buses = [pp.create_bus(net, 220.0, index=i) for i in (3, 11, 7, 20)]
    pp.create_ext_grid(net, buses[0], va_degree=10.0)
    pp.create_gen(net, buses[2], p_mw=70.0, min_p_mw=0.0, max_p_mw=300.0)
    for from_bus, to_bus, length in [(0, 1, 50), (1, 2, 30), (2, 3, 80), (3, 0, 40), (0, 2, 120)]:
        add_line(net, buses[from_bus], buses[to_bus], float(length))
    for bus, p_mw in zip(buses[1:], (60.0, 35.5, 120.0), strict=True):
        pp.create_load(net, bus, p_mw=p_mw, q_mvar=5.0)
    return net


@built_once
def two_levels():
    """The ring, fed over 500 kV by two transformers in parallel paths."""
    net = meshed()
    high = [pp.create_bus(net, 500.0, index=i) for i in (30, 31)]
    net.ext_grid.loc[0, "bus"] = high[0]
    add_line(net, high[0], high[1], 70.0)
    add_trafo(net, high[0], 3)
    add_trafo(net, high[1], 20)
    return net


def taps():
    net = two_levels()
    common = {"tap_neutral": 0, "tap_min": -9, "tap_max": 9, "tap_step_percent": 1.5, "tap_changer_type": "Ratio"}
    add_trafo(net, 31, 7, tap_side="hv", tap_pos=4, **common)
    add_trafo(net, 30, 11, tap_side="lv", tap_pos=-6, **common)
    return net


def phase_shift():
    net = two_levels()
    add_trafo(net, 31, 7, shift_degree=4.0)
    add_trafo(net, 30, 11, shift_degree=-2.5, parallel=2)
    return net


def ideal_phase_shifters():
    net = two_levels()
    common = {"tap_neutral": 0, "tap_min": -9, "tap_max": 9, "tap_changer_type": "Ideal"}
    add_trafo(net, 31, 7, tap_side="hv", tap_pos=3, tap_step_degree=1.2, **common)
    add_trafo(net, 30, 11, tap_side="lv", tap_pos=-4, tap_step_degree=0.8, **common)
    add_trafo(net, 30, 20, tap_side="hv", tap_pos=2, tap_step_percent=1.0, **common)
    return net


def cross_regulator():
    net = two_levels()
    common = {"tap_neutral": 0, "tap_min": -9, "tap_max": 9, "tap_changer_type": "Ratio"}
    add_trafo(net, 31, 7, tap_side="hv", tap_pos=5, tap_step_percent=1.1, tap_step_degree=60.0, **common)
    add_trafo(net, 30, 11, tap_side="lv", tap_pos=5, tap_step_percent=0.9, tap_step_degree=90.0, **common)
    return net


def tap_table():
    net = two_levels()
    trafo = add_trafo(net, 31, 7, tap_side="hv", tap_neutral=0, tap_min=-2, tap_max=2, tap_pos=2)
    net.trafo.loc[trafo, ["tap_dependency_table", "id_characteristic_table", "tap_changer_type"]] = [True, 0, "Tabular"]
    net.trafo["tap_dependency_table"] = net.trafo["tap_dependency_table"].fillna(False).astype(bool)
    net["trafo_characteristic_table"] = pd.DataFrame(
        {
            "id_characteristic": 0,
            "step": [-2, -1, 0, 1, 2],
            "voltage_ratio": [0.95, 0.975, 1.0, 1.025, 1.05],
            "angle_deg": [-2.0, -1.0, 0.0, 1.0, 2.0],
            "vk_percent": [13.0, 13.5, 14.0, 14.8, 15.6],
            "vkr_percent": [0.3] * 5,
        }
    )
    return net


def t_model():
    """Large magnetizing current, which changes the series reactance of the T-equivalent."""
    net = two_levels()
    add_trafo(net, 31, 7, i0_percent=3.0, pfe_kw=900.0)
    return net


@built_once
def three_windings():
    net = two_levels()
    low = [pp.create_bus(net, 35.0, index=i) for i in (40, 41)]
    add_trafo3w(net, 30, 11, low[0], shift_lv_degree=30.0)
    add_trafo3w(net, 31, 7, low[1], tap_side="mv", tap_neutral=0, tap_min=-8, tap_max=8, tap_pos=3)
    net.trafo3w.loc[1, ["tap_step_percent", "tap_changer_type"]] = [1.25, "Ratio"]
    pp.create_load(net, low[0], p_mw=40.0)
    pp.create_load(net, low[1], p_mw=25.0)
    return net


def three_windings_star_tap():
    net = three_windings()
    net.trafo3w.loc[0, ["tap_side", "tap_neutral", "tap_min", "tap_max", "tap_pos"]] = ["hv", 0, -8, 8, -5]
    net.trafo3w.loc[0, ["tap_step_percent", "tap_changer_type", "tap_at_star_point"]] = [1.0, "Ratio", True]
    net.trafo3w["tap_step_degree"] = 0.0
    net.trafo3w["tap_at_star_point"] = net.trafo3w["tap_at_star_point"].astype(bool)
    return net


def parallel():
    net = two_levels()
    net.line.loc[net.line.index[0], ["parallel", "df"]] = [3, 0.9]
    net.trafo.loc[0, "parallel"] = 2
    return net


def open_line_ends():
    net = meshed()
    pp.create_switch(net, 11, 0, et="l", closed=False)
    pp.create_switch(net, 20, 3, et="l", closed=False)
    pp.create_switch(net, 7, 2, et="l", closed=True)
    return net


def line_open_at_both_ends():
    net = meshed()
    pp.create_switch(net, 3, 4, et="l", closed=False)
    pp.create_switch(net, 7, 4, et="l", closed=False)
    return net


def open_trafo_ends():
    net = two_levels()
    add_trafo(net, 31, 7, shift_degree=5.0)
    pp.create_switch(net, 30, 0, et="t", closed=False)
    pp.create_switch(net, 7, 2, et="t", closed=False)
    return net


def open_three_winding_sides():
    net = three_windings()
    pp.create_switch(net, 11, 0, et="t3", closed=False)
    pp.create_switch(net, 41, 1, et="t3", closed=False)
    net.load.loc[net.load.bus == 41, "in_service"] = False
    return net


@built_once
def bus_switches():
    """A substation of three sections, two of them coupled; the third one is fed over its own line."""
    net = meshed()
    sections = [pp.create_bus(net, 220.0, index=i) for i in (50, 51, 52)]
    pp.create_switch(net, 11, sections[0], et="b", closed=True)
    pp.create_switch(net, sections[0], sections[1], et="b", closed=True)
    pp.create_switch(net, sections[1], sections[2], et="b", closed=False)
    add_line(net, 20, sections[2], 15.0)
    add_line(net, 3, sections[1], 25.0)
    for section, p_mw in zip(sections, (11.0, 12.0, 13.0), strict=True):
        pp.create_load(net, section, p_mw=p_mw)
    return net


def impedance_switch():
    net = bus_switches()
    pp.create_switch(net, 51, 52, et="b", closed=True, z_ohm=2.0)
    return net


def shunts_and_wards():
    net = meshed()
    pp.create_shunt(net, 11, q_mvar=-20.0, p_mw=1.5, step=2, max_step=3)
    pp.create_shunt(net, 20, q_mvar=10.0, p_mw=0.7, vn_kv=230.0)
    pp.create_ward(net, 7, ps_mw=8.0, qs_mvar=1.0, pz_mw=3.0, qz_mvar=0.5)
    pp.create_xward(net, 20, ps_mw=6.0, qs_mvar=0.0, pz_mw=2.0, qz_mvar=0.0, r_ohm=1.0, x_ohm=9.0, vm_pu=1.0)
    pp.create_xward(
        net, 11, ps_mw=5.0, qs_mvar=0.0, pz_mw=1.0, qz_mvar=0.0, r_ohm=1.0, x_ohm=9.0, vm_pu=1.0, in_service=False
    )
    return net


def other_injections():
    net = meshed()
    pp.create_sgen(net, 11, p_mw=30.0, scaling=0.8)
    pp.create_storage(net, 20, p_mw=12.0, max_e_mwh=50.0, scaling=0.5)
    pp.create_storage(net, 7, p_mw=-9.0, max_e_mwh=50.0)
    pp.create_motor(net, 7, pn_mech_mw=6.0, cos_phi=0.9, efficiency_percent=95.0, loading_percent=80.0)
    net.load.loc[0, "scaling"] = 1.3
    return net


def impedances():
    net = meshed()
    pp.create_impedance(net, 11, 20, rft_pu=0.01, xft_pu=0.08, sn_mva=150.0, rtf_pu=0.02, xtf_pu=0.09)
    pp.create_impedance(net, 3, 11, rft_pu=0.0, xft_pu=-0.03, sn_mva=150.0)
    return net


def two_islands():
    net = two_levels()
    other = [pp.create_bus(net, 66.0, index=i) for i in (60, 61, 62)]
    add_line(net, other[0], other[1], 20.0)
    add_line(net, other[1], other[2], 20.0)
    pp.create_gen(net, other[2], p_mw=0.0, slack=True, min_p_mw=0.0, max_p_mw=80.0)
    pp.create_load(net, other[0], p_mw=22.0)
    return net


def two_slacks():
    """Two slacks in one island: rundcpp fixes both angles."""
    net = meshed()
    pp.create_ext_grid(net, 20, va_degree=7.0)
    return net


def out_of_service():
    net = three_windings()
    net.line.loc[4, "in_service"] = False
    dead = pp.create_bus(net, 220.0, index=70, in_service=False)
    add_line(net, 11, dead, 10.0)
    add_trafo(net, 30, dead)
    pp.create_load(net, dead, p_mw=500.0)
    pp.create_load(net, 11, p_mw=500.0, in_service=False)
    pp.create_gen(net, 11, p_mw=500.0, in_service=False)
    pp.create_shunt(net, 7, q_mvar=1.0, p_mw=500.0, in_service=False)
    add_trafo3w(net, 30, 20, 41, in_service=False)
    pp.create_bus(net, 220.0, index=71)
    return net


def dc_line():
    net = meshed()
    pp.create_dcline(net, 3, 20, p_mw=40.0, loss_percent=2.0, loss_mw=1.0, vm_from_pu=1.0, vm_to_pu=1.0)
    return net


PURPOSE_NETS = {
    build.__name__: build
    for build in (
        *(meshed, two_levels, taps, phase_shift, ideal_phase_shifters, cross_regulator, tap_table, t_model),
        *(three_windings, three_windings_star_tap, parallel, open_line_ends, line_open_at_both_ends),
        *(open_trafo_ends, open_three_winding_sides, bus_switches, impedance_switch, shunts_and_wards),
        *(other_injections, impedances, two_islands, two_slacks, out_of_service, dc_line),
    )
}


def random_net(seed):
    """A random meshed net of two voltage levels with taps, shifts, shunts, open ends and outages."""
    rng = np.random.default_rng(seed)
    net = empty_net(float(rng.choice([1.0, 10.0, 100.0])))
    n_low, n_high = int(rng.integers(3, 12)), int(rng.integers(2, 5))
    low = [pp.create_bus(net, 220.0) for _ in range(n_low)]
    high = [pp.create_bus(net, 500.0) for _ in range(n_high)]
    for level in (low, high):
        for position in range(1, len(level)):
            add_line(net, level[int(rng.integers(position))], level[position], float(rng.uniform(5, 150)))
        for _ in range(int(rng.integers(0, 4))):
            ends = rng.choice(len(level), 2, replace=False)
            parallel = int(rng.integers(1, 4))
            add_line(net, level[ends[0]], level[ends[1]], float(rng.uniform(5, 150)), parallel=parallel)
    for _ in range(int(rng.integers(2, 5))):
        add_trafo(
            net,
            int(rng.choice(high)),
            int(rng.choice(low)),
            shift_degree=float(rng.choice([0.0, 0.0, 3.0, -7.0])),
            parallel=int(rng.integers(1, 3)),
            tap_side=str(rng.choice(["hv", "lv"])),
            tap_neutral=0,
            tap_min=-9,
            tap_max=9,
            tap_pos=int(rng.integers(-9, 10)),
            tap_step_percent=1.25,
            tap_changer_type="Ratio",
        )
    pp.create_ext_grid(net, int(rng.choice(high)))
    for bus in low:
        pp.create_load(net, bus, p_mw=float(rng.uniform(0, 90)))
    pp.create_gen(net, int(rng.choice(low)), p_mw=float(rng.uniform(0, 200)))
    pp.create_shunt(net, int(rng.choice(low)), q_mvar=0.0, p_mw=float(rng.uniform(0, 5)))
    line = int(rng.integers(len(net.line)))
    pp.create_switch(net, int(net.line.at[line, "from_bus"]), line, et="l", closed=bool(rng.integers(2)))
    pp.create_switch(net, low[0], low[-1], et="b", closed=bool(rng.integers(2)))
    if rng.integers(2):
        net.line.loc[int(rng.integers(len(net.line))), "in_service"] = False
    return net
