"""
Leaves each cohort out in turn: `python -m wardstream_training.risk.across --config configs/risk.json`. Trees are fitted on stays no record of which is of the cohort, and scored on
the stays no record of which they saw, beside the trees out of fold that saw both. Writes across.json. Of death the demo alone can be left out: nothing else but 2012 knows it.
"""

import argparse
import json

import numpy as np

from .calibration import expected_calibration_error
from .evaluate import Figures
from .labels import ONSETS
from .train import Round, is_from, open_round, out_of_fold_trees, predict_trees, text_of_trees

# Of each cohort what its sources have in their names, and what is scored on it. The hour of death is that of the figures.
COHORTS = {"2012": ONSETS, "2019": ONSETS, "meds": ["death", *ONSETS]}
HOUR_OF_DEATH = 24


def without(of: Round, cohort: str, output: str) -> str:
    """LightGBM's text of trees that saw no record of a stay with one of the cohort."""
    make = lambda: text_of_trees(of, output, ~has_record_of(of, cohort), of.config["seed"])
    return of.once(f"trees-{output}-without-{cohort}", make)


def has_record_of(of: Round, cohort: str) -> np.ndarray:
    """Whether a stay, or one linked to it, is of the cohort. Shape [stays]."""
    groups = {each["group"] for each in of.rows.stays if cohort in each["source"]}
    return np.array([each["group"] in groups for each in of.rows.stays])


def figures(of: Round, cohort: str, output: str) -> dict:
    found = Figures(of)
    labels = found.labels(output)
    is_of = is_from(of.rows, cohort)[found.scored]
    at = np.flatnonzero(is_of & ~np.isnan(labels) & ((np.abs(found.hours - HOUR_OF_DEATH) < 1e-3) | (output != "death")))
    without_it = predict_trees(of, without(of, cohort, output), found.scored[at]).astype(np.float64)
    with_it = out_of_fold_trees(of, output)[found.among][at].astype(np.float64)
    result = found.estimates(labels[at], {"without": without_it, "with": with_it}, found.stay[at], ("with",))
    return result | {"rows": len(at), "stays": int(len(np.unique(found.stay[at]))), "share": round(float(labels[at].mean()), 4), "ece": round(expected_calibration_error(labels[at], 1 / (1 + np.exp(-without_it))), 4)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    of = open_round(parser.parse_args().config)
    result = {cohort: {output: figures(of, cohort, output) for output in outputs} for cohort, outputs in COHORTS.items()}
    (of.folder / "across.json").write_text(json.dumps(result, indent=1))
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
