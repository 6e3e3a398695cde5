"""
One training round out of fold: `python -m wardstream_training.risk.train --config configs/risk.json [--output NAME …] [--variant NAME …]`.
Each output is fitted on the rows whose label is known: a stay trains what its cohort knows. What is in the run's folder already is not
fitted again.
"""

import argparse
import json
import pickle
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .cohort import Rows, Split, load_rows, split
from .columns import Columns, free_columns, monotone_columns
from .labels import OUTPUTS, labels_of
from .models import fit_linear, fit_trees

# What is compared: the columns, the kind of model, and which records it is fitted on.
VARIANTS = {
    "trees": ("monotone", "trees", "all"),
    "linear": ("monotone", "linear", "all"),
    "free-trees": ("free", "trees", "all"),
    "unbound-trees": ("unbound", "trees", "all"),
    "trees-without-2019": ("monotone", "trees", "2012"),
    "linear-without-2019": ("monotone", "linear", "2012"),
    "trees-hour-ends": ("monotone", "trees", "hour ends"),
}


@dataclass
class Round:
    config: dict
    rows: Rows
    split: Split
    folder: Path

    def say(self, what: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {what}", flush=True)

    def fold_of_rows(self) -> np.ndarray:
        return self.split.fold[self.rows.stay]

    def columns(self, kind: str) -> tuple[Columns, list[int]]:
        """`unbound` has the columns of the monotone model without their directions."""
        found = free_columns(self.rows) if kind == "free" else monotone_columns(self.rows)
        directions = found.all_directions
        return found, directions if kind == "monotone" else [0] * len(directions)

    def scored(self) -> np.ndarray:
        """Rows to score: the end of every hour of every stay that is not kept for the final look. Shape [n]."""
        return np.flatnonzero(~self.rows.is_moment & (self.fold_of_rows() >= 0))


def open_round(path: str) -> Round:
    config = json.loads(Path(path).read_text())
    base = Path(path).resolve().parent.parent
    rows = load_rows(base / config["rows"], tuple(config["accepted"]))
    folder = base / config["runs"]
    folder.mkdir(parents=True, exist_ok=True)
    return Round(config, rows, split(rows, config["folds"], config["final"], config["seed"]), folder)


def is_from(rows: Rows, year: str) -> np.ndarray:
    """Whether the row's source has the year in its name. Shape [rows]."""
    return np.array([year in each["source"] for each in rows.stays])[rows.stay]


def training_rows(of: Round, labels: np.ndarray, members: str) -> tuple[np.ndarray, np.ndarray]:
    """
    Rows to fit on, of all folds, and their weights. Of a stay at most `rowsOfStay` rows of either label are drawn; then positives are thinned to
    about `mostPositive` and negatives until about `mostRows` are left. Weights make up for it, so that all rows known of a stay with its
    linked records weigh 1. Shapes [n].
    """
    rows, config = of.rows, of.config
    rng = np.random.default_rng(config["seed"])
    usable = ~np.isnan(labels) & (of.fold_of_rows() >= 0) & (rows.hours >= config["firstHour"])
    if members == "2012":
        usable &= is_from(rows, "2012")
    elif members == "hour ends":
        usable &= ~rows.is_moment
    known = np.bincount(rows.stay[usable], minlength=len(rows.stays))
    kept, weights = [], []
    for label in (1, 0):
        chosen = np.flatnonzero(usable & (labels == label))
        chosen = chosen[np.lexsort((rng.random(len(chosen)), rows.stay[chosen]))]
        stay = rows.stay[chosen]
        of_stay = np.bincount(stay, minlength=len(rows.stays))
        rank = np.arange(len(stay)) - (np.cumsum(of_stay) - of_stay)[stay]
        drawn = chosen[rank < config["rowsOfStay"]]
        stay = rows.stay[drawn]
        weight = of_stay[stay] / np.minimum(of_stay[stay], config["rowsOfStay"]) / known[stay] * of.split.weight[stay]
        most = config["mostPositive"] if label == 1 else config["mostRows"] - len(kept[0])
        share = most / max(1, len(drawn))
        if share < 1:
            thinned = rng.random(len(drawn)) < share
            drawn, weight = drawn[thinned], weight[thinned] / share
        kept.append(drawn)
        weights.append(weight)
    chosen, weight = np.concatenate(kept), np.concatenate(weights)
    order = np.argsort(chosen)
    return chosen[order], weight[order]


def fit_out_of_fold(of: Round, output: str, variant: str) -> dict:
    """Logits [n] of the rows to score by models that saw none of the stay's records, and the models by fold."""
    kind, model, members = VARIANTS[variant]
    rows, config = of.rows, of.config
    columns, directions = of.columns(kind)
    labels = labels_of(rows, output)
    chosen, weight = training_rows(of, labels, members)
    x = columns.of(rows.x(chosen), rows.hours[chosen])
    fold = of.fold_of_rows()
    scored = of.scored()
    logits = np.full(len(scored), np.nan, dtype=np.float32)
    models = []
    of.say(f"{output} {variant}: {len(chosen)} rows of {len(np.unique(rows.stay[chosen]))} stays, {int((labels[chosen] == 1).sum())} positive, {x.shape[1]} columns")
    for each in range(config["folds"]):
        train = fold[chosen] != each
        if model == "trees":
            w = weight[train] / weight[train].mean()
            fitted = fit_trees(x[train], labels[chosen][train], w, directions, config["trees"], config["seed"] + each)
        else:
            fitted = fit_linear(x[train], rows.hours[chosen][train], labels[chosen][train], weight[train], directions, config["ridge"])
        models.append(fitted.model_to_string() if model == "trees" else fitted)
        test = np.flatnonzero(fold[scored] == each)
        for part in np.array_split(test, max(1, len(test) // 50_000)):
            hours = rows.hours[scored[part]]
            block = columns.of(rows.x(scored[part]), hours)
            logits[part] = fitted.predict(block, raw_score=True, num_threads=1) if model == "trees" else fitted.logits(block, hours)
        of.say(f"  fold {each}")
    return {"logits": logits, "models": models}


def once(of: Round, output: str, variant: str) -> dict:
    file = of.folder / f"{output}-{variant}.pkl"
    if not file.exists():
        part = file.with_suffix(".part")
        part.write_bytes(pickle.dumps(fit_out_of_fold(of, output, variant)))
        part.rename(file)
    return pickle.loads(file.read_bytes())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--output", nargs="*", default=OUTPUTS, choices=OUTPUTS)
    parser.add_argument("--variant", nargs="*", default=["trees", "linear"], choices=list(VARIANTS))
    arguments = parser.parse_args()
    of = open_round(arguments.config)
    for variant in arguments.variant:
        for output in arguments.output:
            once(of, output, variant)


if __name__ == "__main__":
    main()
