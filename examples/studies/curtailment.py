"""Why wind and solar are curtailed, and what would have to be done about the last part of it.

The built-in study lifts one limit after the other. Three looks into its cube follow: the causes by season as shares,
how much of each measure's worth depends on the others, and how curtailment grows with the build-out.

    python examples/studies/curtailment.py [CASE]
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt

from gridopt.studies.builtin.program import run_study, study_of
from gridopt.studies.builtin.tell import print_study


def main(case: str = "jilin-2030") -> None:
    """Run the study and look into its cube."""
    # %% The study. What its folder holds already is not solved again.
    folder = Path("results") / f"study-curtailment-{Path(case).stem}"
    cube = run_study("curtailment", [case], out=folder, workers=2)
    study = study_of("curtailment")
    print_study(study, cube)

    # %% Which cause rules in which season? Share of the season's curtailment, by the rule of every result.
    causes = [f"curtailment_{cause}_mwh" for cause in ("network", "min_output", "export_limit", "storage", "other")]
    weeks = cube.sel(variant="case").isel(period=slice(0, -1))
    by_season = weeks[causes].to_dataframe()[causes]
    print(by_season.div(by_season.sum(axis=1), axis=0).mul(100).round(1).to_string())

    # %% How much does a measure depend on the others? Where the columns are far apart, it does.
    table = study.table(cube).set_index("cause")[["by_rule_gwh", "by_chain_gwh", "alone_gwh"]]
    print(table.round(0).to_string())

    # %% How does the rate grow with the build-out? And what share of an additional MWh is lost?
    names = ["build-out 0.7", "case", "build-out 1.3"]
    built = cube[["curtailment_rate", "curtailment_mwh", "wind_mwh", "solar_mwh"]].sel(period="total", variant=names)
    offered = built["curtailment_mwh"] + built["wind_mwh"] + built["solar_mwh"]
    lost = built["curtailment_mwh"].diff("variant") / offered.diff("variant")
    print(built["curtailment_rate"].to_series().mul(100).round(1).to_string())
    print("of what is added, curtailed:", lost.to_series().mul(100).round(1).to_dict())

    # %% The seasons as a drawing [GWh a year].
    drawn = by_season.mul(weeks["weight"].to_series(), axis=0).div(1e3).plot.bar(stacked=True, figsize=(8, 4))
    drawn.set(xlabel="", ylabel="GWh a year", title="Curtailment by season and cause")
    plt.tight_layout()
    plt.savefig(folder / "figures" / "by_season.png", dpi=150)


if __name__ == "__main__":
    main(*sys.argv[1:2])
