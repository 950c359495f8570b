"""Whether the source-grid-load-storage parks of Baicheng and Songyuan keep their rules, and what the rules cost.

The built-in study lifts each rule of each park alone. Two looks into its cube follow: whether a rule that the year
keeps is kept week by week as well, and how much of the cost of all rules the single rules explain.

    python examples/studies/pilots.py [CASE]
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt

from gridopt.studies.builtin.program import run_study, study_of
from gridopt.studies.builtin.tell import print_study


def main(case: str = "jilin-2030") -> None:
    """Run the study and look into its cube."""
    # %% The study. What its folder holds already is not solved again.
    folder = Path("results") / f"study-pilots-{Path(case).stem}"
    cube = run_study("pilots", [case], out=folder, workers=2)
    study = study_of("pilots")
    print_study(study, cube)

    # %% Week by week: share of the park's own wind and sun that it feeds in, and share of what it uses that it buys.
    own = cube.sel(variant="rules")
    flows = ["pilot_export_mwh", "pilot_import_mwh", "pilot_available_mwh", "pilot_generation_mwh"]
    weeks = own[flows].to_dataframe()[flows]
    weeks["fed in, %"] = 100 * weeks["pilot_export_mwh"] / weeks["pilot_available_mwh"]
    used = weeks["pilot_import_mwh"] + weeks["pilot_generation_mwh"] - weeks["pilot_export_mwh"]
    weeks["bought, %"] = 100 * weeks["pilot_import_mwh"] / used
    print(weeks[["fed in, %", "bought, %"]].unstack("pilot").round(1).to_string())

    # %% Do the rules bind together? Cost of all of them, and the sum of what each saves when it is lifted alone.
    total = cube["objective_cny"].sel(period="total") / 1e6
    rules = study.table(cube)
    together = float(total.sel(variant="rules") - total.sel(variant="no rules"))
    print(f"all rules cost {together:,.2f} mn CNY a year, one by one {rules['cost_mn_cny'].sum():,.2f}")

    # %% What each rule costs, as a drawing.
    drawn = rules.set_index(["zone", "rule"])["cost_mn_cny"].plot.barh(figsize=(8, 4))
    drawn.set(xlabel="mn CNY a year", ylabel="", title="What each rule costs the whole system")
    plt.tight_layout()
    plt.savefig(folder / "figures" / "cost_of_rules.png", dpi=150)


if __name__ == "__main__":
    main(*sys.argv[1:2])
