r"""Wind and solar: what the weather offers, less what is curtailed (formulation, section 2).

.. math:: 0 \le p_{i,t} \le a_{i,t}, \qquad \text{curtailment } a_{i,t} - p_{i,t} \text{ at the price } \kappa_i

**A cap on curtailment** (``policy.max_curtailment_rate`` :math:`\rho`), over all wind and solar sites, with a
breach at ``prices.rule_cny_per_mwh``:

.. math:: \sum_{\tau \le t} \sum_i (a_{i,\tau} - p_{i,\tau})\Delta \le
   \rho \sum_{\tau \le t} \sum_i a_{i,\tau} \Delta

**Sharing** (``policy.curtailment_sharing``).  Where several sites stand at one node the optimum says how much of
them is curtailed, and not whose: any split costs the same.  ``free`` leaves it as the solver found it;
``pro_rata`` gives all of them the same rate,

.. math:: p_{i,t} \leftarrow a_{i,t} \Big(1 - \frac{\sum_j (a_{j,t} - p_{j,t})}{\sum_j a_{j,t}}\Big) ,

after the solve.  Flows, costs and budgets stay as they are, as only sites share that stand at one node, cost the
same and belong to the same pilot zone; a site with a battery behind its connection keeps its own.  Between nodes
the network decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

from gridopt.model.component import Array, Component, ComponentData, Output, Window

if TYPE_CHECKING:
    from gridopt.case import Case
    from gridopt.network.matrices import DCNetwork


@dataclass(frozen=True)
class RenewableData(ComponentData):
    """Available power (element, time) [MW]; prices of curtailment and of output (element,) [CNY/MWh].

    Also of each element: what it costs while in service [CNY/h], CO2 [t/MWh], whether it counts for the cap on
    curtailment, and the number of the pool that shares its curtailment (None: nothing is shared).
    """

    available_mw: Array
    curtailment_cny_per_mwh: Array
    output_cny_per_mwh: Array
    standing_cny_per_h: Array
    co2_t_per_mwh: Array
    technology: tuple[str, ...]
    is_capped: NDArray[np.bool_]
    pool: NDArray[np.int64] | None


class Renewable(Component[RenewableData]):
    """Output of every wind and solar site."""

    name = "renewable"
    outputs = (
        Output("renewable_p_mw", "renewable", "MW", "output of wind and solar"),
        Output("renewable_available_mw", "renewable", "MW", "output that the weather allows"),
        Output("renewable_curtailment_mw", "renewable", "MW", "available output that is not used"),
    )

    def __init__(self, data: RenewableData, steps: int, step_h: float) -> None:
        super().__init__(data, steps, step_h)
        self.available = self.parameter(nonneg=True)
        self.output = self.variable(0.0, self.available).set_label("output that the weather allows")

    @classmethod
    def read(cls, case: Case, network: DCNetwork) -> RenewableData | None:
        """Arrays of all wind and solar rows, and whatever else follows a profile."""
        from gridopt.model.renewable_data import read_sites

        return read_sites(case, network)

    def bind(self, window: Window) -> None:
        """Available output of the window."""
        self.available.value = self.data.available_mw[:, window.span]

    def power(self) -> cp.Expression:
        """Output."""
        return self.output

    def cost(self) -> cp.Expression | None:
        """Cost of output and what a site costs while in service, where the net gives one."""
        d = self.data
        if not d.output_cny_per_mwh.any() and not d.standing_cny_per_h.any():
            return None
        standing = np.full(self.steps, d.standing_cny_per_h.sum() * self.step_h)
        return (d.output_cny_per_mwh * self.step_h) @ self.output + standing

    def penalty(self) -> cp.Expression:
        """Price of curtailment."""
        return (self.data.curtailment_cny_per_mwh * self.step_h) @ (self.available - self.output)

    def budget_use(self) -> list[cp.Expression]:
        """Curtailed energy of the sites that count for the cap [MWh]."""
        if not self.data.budgets:
            return []
        counted = self.data.is_capped.astype(float) * self.step_h
        return [counted @ (self.available - self.output)]

    def co2_t(self) -> cp.Expression | None:
        """CO2 of what follows a profile and burns something."""
        if not self.data.co2_t_per_mwh.any():
            return None
        return (self.data.co2_t_per_mwh * self.step_h) @ self.output

    def linear_outputs(self) -> dict[str, cp.Expression]:
        """Output, unless it is shared after the solve."""
        return {} if self.data.pool is not None else {"renewable_p_mw": self.output}

    def results(self) -> dict[str, Array]:
        """Output, available output, curtailment; shared where the policy says so."""
        available, output = self.available.value, self.output.value
        if self.data.pool is not None:
            output = shared_output(available, output, self.data.pool)
        return {
            "renewable_p_mw": output,
            "renewable_available_mw": available,
            "renewable_curtailment_mw": np.maximum(available - output, 0.0),
        }


def shared_output(available_mw: Array, output_mw: Array, pool: NDArray[np.int64]) -> Array:
    """Output if the sites of each pool are curtailed at the same rate; the sum of each pool stays.

    Parameters
    ----------
    available_mw, output_mw
        (element, step) [MW].
    pool
        (element,) number of each element's pool.

    Returns
    -------
    ndarray
        (element, step) [MW].

    Examples
    --------
    The first two of three sites share: 40 of their 100 MW are curtailed.

    >>> available = np.array([[75.0], [25.0], [50.0]])
    >>> shared_output(available, np.array([[35.0], [25.0], [20.0]]), np.array([0, 0, 1])).ravel()
    array([45., 15., 20.])
    """
    offered, used = np.zeros((2, int(pool.max()) + 1, available_mw.shape[1]))
    np.add.at(offered, pool, available_mw)
    np.add.at(used, pool, output_mw)
    rate = np.divide(used, offered, out=np.ones_like(used), where=offered > 0)
    shared: Array = available_mw * rate[pool]
    return shared
