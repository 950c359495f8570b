"""What demand response is worth, and in which weeks.

The built-in study compares ten ways of calling demand response. Its cube holds every number of every variant and
week; three looks into it follow that the printed table does not have.

    python examples/studies/demand_response.py [CASE]
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt

from gridopt.studies.builtin.program import run_study, study_of
from gridopt.studies.builtin.tell import print_study


def main(case: str = "jilin-2030") -> None:
    """Run the study and look into its cube."""
    # %% The study. What its folder holds already is not solved again.
    folder = Path("results") / f"study-demand-response-{Path(case).stem}"
    cube = run_study("demand-response", [case], out=folder, workers=2)
    print_study(study_of("demand-response"), cube)

    # %% In which weeks is the money saved? Each week counts as often as it stands for others [mn CNY a year].
    weeks = cube.isel(period=slice(0, -1))
    saved = (weeks["objective_cny"].sel(variant="none") - weeks["objective_cny"]) * weeks["weight"] / 1e6
    by_week = saved.transpose("variant", "period").to_pandas()
    print(by_week.round(2).to_string())

    # %% How much load is called away at most, and for how many hours?
    print(weeks[["dr_peak_mw", "dr_hours", "dr_calls"]].sel(variant="economic 5 %").to_dataframe().iloc[:, -3:])

    # %% What does a MW save in running cost, and what would it save in capacity? Two different worths of one program.
    year = cube.sel(period="total")
    worth = year[["dr_capability_mw", "firm_mw"]].to_dataframe()[["dr_capability_mw", "firm_mw"]]
    worth["firm share"] = worth["firm_mw"] / worth["dr_capability_mw"]
    print(worth.round(3).to_string())

    # %% The same as a drawing.
    drawn = by_week.drop(index="none").plot.barh(stacked=True, figsize=(8, 4))
    drawn.set(xlabel="saved against no response, mn CNY a year", ylabel="", title="When demand response saves")
    plt.tight_layout()
    plt.savefig(folder / "figures" / "by_week.png", dpi=150)


if __name__ == "__main__":
    main(*sys.argv[1:2])
