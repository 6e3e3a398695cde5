"""
Trains the one model of all cohorts: `python -m wardstream_training.risk.train --config configs/risk.json [--part trees|regression|attention] [--output NAME …] [--unbound]`.
Of each component there is one model without each fold, and one of everyone. What is in the run's folder already is not fitted again, so parts can go side by side.
"""

import argparse
import json
import pickle
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import lightgbm
import numpy as np
import torch

from .attention import Inputs, MonotoneAttention
from .cohort import Rows, Split, illness, load_rows, split
from .columns import Columns, monotone_columns
from .labels import OUTPUTS, labels_of
from .models import fit_trees
from .regression import Regression, fit_regression
from .sequences import Sequences, columns_of_groups, drawn_missing, fit_attention, logits_of, sequences_of

# Rows a prediction takes at once.
CHUNK = 50_000


@dataclass
class Round:
    config: dict
    rows: Rows
    split: Split
    folder: Path
    base: Path

    def say(self, what: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {what}", flush=True)

    @cached_property
    def columns(self) -> Columns:
        return monotone_columns(self.rows)

    @cached_property
    def ids(self) -> list[str]:
        return [each["id"] for each in self.rows.about["encoder"]["variables"]]

    @cached_property
    def inputs(self) -> Inputs:
        return Inputs.of(self.columns, self.rows.about["kinds"])

    @cached_property
    def sequences(self) -> Sequences:
        return sequences_of(self.rows, self.columns, self.folder / "columns.f16")

    @cached_property
    def illness(self) -> np.ndarray:
        return illness(self.rows, [self.base / each for each in self.config["outcomes"]], self.config["illness"])

    def names(self) -> list[str]:
        """The models to train: one without each fold, and one of everyone."""
        return [*(f"fold-{each}" for each in range(self.config["folds"])), "all"]

    def excluded(self, name: str) -> int | None:
        return None if name == "all" else int(name.split("-")[1])

    def scored_by(self, name: str) -> int:
        """The fold that a model scores out of fold: the one left out, or, that of everyone, the stays kept for the final look."""
        return -1 if name == "all" else self.excluded(name)

    def seed_of(self, name: str) -> int:
        return self.config["seed"] + self.names().index(name)

    def trains(self, name: str) -> np.ndarray:
        """Whether a stay is trained on: not where it is in the fold left out, nor kept for the final look. Shape [stays]."""
        return (self.split.fold >= 0) & (self.split.fold != self.excluded(name))

    def fold_of_rows(self) -> np.ndarray:
        return self.split.fold[self.rows.stay]

    def labels(self, output: str) -> np.ndarray:
        """Shape [rows]."""
        return self.once(f"labels-{output}", lambda: labels_of(self.rows, output))

    def once(self, name: str, make):
        """What `make` gave, when it was first asked for in this run."""
        file = self.folder / f"{name}.pkl"
        if not file.exists():
            part = file.with_suffix(".part")
            part.write_bytes(pickle.dumps(make()))
            part.rename(file)
            self.say(name)
        return pickle.loads(file.read_bytes())


def open_round(path: str) -> Round:
    config = json.loads(Path(path).read_text())
    base = Path(path).resolve().parent.parent
    rows = load_rows(base / config["rows"], tuple(config["accepted"]))
    folder = base / config["runs"]
    folder.mkdir(parents=True, exist_ok=True)
    return Round(config, rows, split(rows, config["folds"], config["final"], config["seed"]), folder, base)


def is_from(rows: Rows, year: str) -> np.ndarray:
    """Whether the row's source has the year in its name. Shape [rows]."""
    return np.array([year in each["source"] for each in rows.stays])[rows.stay]


def rows_of_onset(of: Round, labels: np.ndarray, options: dict) -> tuple[np.ndarray, np.ndarray]:
    """
    Rows to fit on, of all folds, and their weights. Of a stay at most `ofStay` rows of either label are drawn; then positives are thinned to
    about `mostPositive` and negatives until about `most` are left. Weights make up for it, so that all rows known of a stay with its
    linked records weigh 1. Shapes [n].
    """
    rows = of.rows
    rng = np.random.default_rng(of.config["seed"])
    usable = ~np.isnan(labels) & (of.fold_of_rows() >= 0) & (rows.hours >= of.config["firstHour"])
    known = np.bincount(rows.stay[usable], minlength=len(rows.stays))
    kept, weights = [], []
    for label in (1, 0):
        chosen = np.flatnonzero(usable & (labels == label))
        chosen = chosen[np.lexsort((rng.random(len(chosen)), rows.stay[chosen]))]
        stay = rows.stay[chosen]
        of_stay = np.bincount(stay, minlength=len(rows.stays))
        rank = np.arange(len(stay)) - (np.cumsum(of_stay) - of_stay)[stay]
        drawn = chosen[rank < options["ofStay"]]
        stay = rows.stay[drawn]
        weight = of_stay[stay] / np.minimum(of_stay[stay], options["ofStay"]) / known[stay] * of.split.weight[stay]
        most = options["mostPositive"] if label == 1 else options["most"] - len(kept[0])
        share = most / max(1, len(drawn))
        if share < 1:
            thinned = rng.random(len(drawn)) < share
            drawn, weight = drawn[thinned], weight[thinned] / share
        kept.append(drawn)
        weights.append(weight)
    chosen, weight = np.concatenate(kept), np.concatenate(weights)
    order = np.argsort(chosen)
    return chosen[order], weight[order]


def rows_of_death(of: Round) -> tuple[np.ndarray, np.ndarray]:
    """The ends of some hours of stays whose death is known, and some of the moments at which values arrived; all rows of a stay with its linked records weigh 1. Shapes [n]."""
    rows, config = of.rows, of.config
    rng = np.random.default_rng(config["seed"])
    known = ~np.isnan(of.illness)[rows.stay] & (of.fold_of_rows() >= 0)
    ends = known & ~rows.is_moment & np.isin(np.round(rows.hours, 2), config["deathHours"])
    moments = known & rows.is_moment & (rows.hours >= config["firstHour"]) & (rng.random(len(rows.hours)) < config["deathMoments"])
    chosen = np.flatnonzero(ends | moments)
    stay = rows.stay[chosen]
    return chosen, of.split.weight[stay] / np.bincount(stay, minlength=len(rows.stays))[stay]


def training_set(of: Round, output: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, their targets, 0 to 1, and weights; of all folds. Shapes [n]."""
    if output == "death":
        chosen, weight = rows_of_death(of)
        return chosen, of.illness[of.rows.stay[chosen]], weight
    labels = of.labels(output)
    chosen, weight = rows_of_onset(of, labels, of.config["rowsPerOutput"] | of.config["rowsOf"].get(output, {}))
    return chosen, labels[chosen], weight


def columns_for_training(of: Round, chosen: np.ndarray) -> np.ndarray:
    """Columns of rows, of a share of which whole groups of variables are missing, as at a hospital that has none of them. Shape [n, columns]."""
    rng = np.random.default_rng(of.config["seed"])
    x = of.columns.of(of.rows.x(chosen))
    dropout = of.config["dropout"]
    thinned = rng.random(len(x)) < of.config["thinned"]
    gone = drawn_missing(columns_of_groups(of.columns, of.ids), dropout["variable"], dropout["group"], rng, len(x))
    return np.where(gone & thinned[:, None], of.columns.fills, x)


def text_of_trees(of: Round, output: str, trained: np.ndarray, seed: int, unbound: bool = False) -> str:
    """LightGBM's text of one output's trees, of stays `trained` [stays]; `unbound`: without directions, to see what they cost."""
    chosen, target, weight = training_set(of, output)
    mine = trained[of.rows.stay[chosen]]
    x = columns_for_training(of, chosen)[mine]
    directions = np.zeros(len(of.columns.columns), int) if unbound else of.columns.directions
    options = of.config["trees"] | of.config["treesOf"].get(output, {})
    return fit_trees(x, target[mine], weight[mine] / weight[mine].mean(), directions.tolist(), options, seed).model_to_string()


def trees(of: Round, output: str, name: str, unbound: bool = False) -> str:
    make = lambda: text_of_trees(of, output, of.trains(name), of.seed_of(name), unbound)
    return of.once(f"trees{'-unbound' if unbound else ''}-{output}-{name}", make)


def predict_trees(of: Round, text: str, ends: np.ndarray) -> np.ndarray:
    """Logits of rows. Shape [n]."""
    booster = lightgbm.Booster(model_str=text)
    out = np.empty(len(ends), dtype=np.float32)
    for start in range(0, len(ends), CHUNK):
        out[start : start + CHUNK] = booster.predict(of.columns.of(of.rows.x(ends[start : start + CHUNK])), raw_score=True, num_threads=1)
    return out


def out_of_fold(of: Round, names: list[str], predict) -> np.ndarray:
    """
    Logits at the ends of hours, each by the one of the models that saw none of the stay's records, of stays kept for the final look by that of everyone; NaN where it is
    not among `names`. `predict` takes a name and places [n] of ends, and gives [n]. Shape [ends].
    """
    fold = of.split.fold[of.rows.stay[of.sequences.ends]]
    out = np.full(len(fold), np.nan, dtype=np.float32)
    for name in names:
        part = np.flatnonzero(fold == of.scored_by(name))
        out[part] = predict(name, part)
    return out


def out_of_fold_trees(of: Round, output: str, unbound: bool = False) -> np.ndarray:
    """Logits by trees, of the stays of folds only where they are `unbound`. Shape [ends]."""
    names = [each for each in of.names() if each != "all" or not unbound]
    predict = lambda name, part: predict_trees(of, trees(of, output, name, unbound), of.sequences.ends[part])
    return of.once(f"logits-trees{'-unbound' if unbound else ''}-{output}", lambda: out_of_fold(of, names, predict))


def elapsed_at(of: Round, rows: np.ndarray) -> np.ndarray:
    """The share of the window that has passed at rows [n]."""
    return np.minimum(1.0, of.rows.hours[rows].astype(np.float64) / of.config["attention"]["steps"])


def regression(of: Round, name: str) -> Regression:
    """Of death."""

    def make() -> Regression:
        chosen, target, weight = training_set(of, "death")
        mine = of.trains(name)[of.rows.stay[chosen]]
        x = columns_for_training(of, chosen)[mine]
        return fit_regression(x, of.inputs.known, elapsed_at(of, chosen[mine]), target[mine], weight[mine], of.columns, of.config["regression"]["ridge"])

    return of.once(f"regression-{name}", make)


def predict_regression(of: Round, fitted: Regression, places: np.ndarray) -> np.ndarray:
    """Logits at places among the ends of hours. Shape [n]."""
    parts = np.array_split(places, max(1, len(places) // CHUNK))
    return np.concatenate([fitted.logits(of.sequences.x[some].astype(np.float32), of.inputs.known, elapsed_at(of, of.sequences.ends[some])) for some in parts])


def out_of_fold_regression(of: Round) -> np.ndarray:
    """Shape [ends]."""
    return of.once("logits-regression", lambda: out_of_fold(of, of.names(), lambda name, part: predict_regression(of, regression(of, name), part)))


def hindsight(of: Round, name: str) -> np.ndarray:
    """
    How ill everyone was in hindsight of `hindsightAt` hours, by trees that saw neither the stay's fold nor the one left out (privileged information, Lopez-Paz
    et al. 2016). NaN where death is not known, of stays left out, and of those that were over sooner. Shape [stays].
    """

    def make() -> np.ndarray:
        rows, fold = of.rows, of.split.fold
        last = np.flatnonzero(~rows.is_moment & (np.abs(rows.hours - of.config["hindsightAt"]) < 1e-3) & ~np.isnan(of.illness)[rows.stay] & of.trains(name)[rows.stay])
        x, stay = of.columns.of(rows.x(last)), rows.stay[last]
        soft = np.full(len(rows.stays), np.nan)
        for each in np.unique(fold[stay]):
            train = fold[stay] != each
            fitted = fit_trees(x[train], of.illness[stay[train]], of.split.weight[stay[train]], of.columns.directions.tolist(), of.config["hindsight"], of.config["seed"])
            soft[stay[~train]] = fitted.predict(x[~train], num_threads=1)
        return soft

    return of.once(f"hindsight-{name}", make)


def targets(of: Round, name: str) -> np.ndarray:
    """What attention learns at the ends of hours: the labels; of death how ill the stay turned out, mixed with hindsight. Shape [ends, outputs]."""
    ends = of.sequences.ends
    stay = of.rows.stay[ends]
    soft, share = hindsight(of, name), of.config["hindsightShare"]
    ill = np.where(np.isnan(soft), of.illness, (1 - share) * of.illness + share * soft)
    return np.stack([ill[stay] if output == "death" else of.labels(output)[ends] for output in OUTPUTS], 1).astype(np.float32)


def fitted_attention(of: Round, name: str, start: dict | None = None) -> MonotoneAttention:
    """The network of the stays that `name` trains on, from weights `start` if given."""
    options = of.config["attention"]
    weights = np.array([options["taskWeights"][each] for each in OUTPUTS])
    stays = np.flatnonzero(of.trains(name))
    return fit_attention(of.sequences, of.columns, of.rows.about["kinds"], stays, targets(of, name), of.split.weight, weights, of.ids, options, of.seed_of(name), of.say, start)


def new_network(of: Round) -> MonotoneAttention:
    options = of.config["attention"]
    return MonotoneAttention(of.inputs, options["steps"], len(OUTPUTS), **options["model"])


def attention(of: Round, name: str) -> MonotoneAttention:
    """The fitted network."""
    model = new_network(of)
    model.load_state_dict(of.once(f"attention-{name}", lambda: fitted_attention(of, name).state_dict()))
    return model.eval()


def logits_left_out(of: Round, name: str, model: MonotoneAttention) -> np.ndarray:
    """Logits of the stays that `name` scores out of fold; NaN of others. Shape [ends, outputs]."""
    return logits_of(model, of.sequences, of.inputs, np.flatnonzero(of.split.fold == of.scored_by(name)), len(of.sequences.ends))


def joined(parts: list[np.ndarray]) -> np.ndarray:
    """Of parts [ends, outputs] what each knows. Shape [ends, outputs]."""
    out = np.full_like(parts[0], np.nan)
    for part in parts:
        known = ~np.isnan(part[:, 0])
        out[known] = part[known]
    return out


def out_of_fold_attention(of: Round) -> np.ndarray:
    """Logits by networks that saw none of the stay's records; of stays kept for the final look by that of everyone. Shape [ends, outputs]."""
    return joined([of.once(f"logits-attention-{name}", lambda: logits_left_out(of, name, attention(of, name))) for name in of.names()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--part", choices=["trees", "regression", "attention"])
    parser.add_argument("--output", nargs="*", default=OUTPUTS, choices=OUTPUTS)
    parser.add_argument("--unbound", action="store_true", help="trees without directions too")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    of = open_round(arguments.config)
    if arguments.part in (None, "trees"):
        for output in arguments.output:
            out_of_fold_trees(of, output)
            if arguments.unbound:
                out_of_fold_trees(of, output, True)
    if arguments.part in (None, "regression"):
        out_of_fold_regression(of)
    if arguments.part in (None, "attention"):
        out_of_fold_attention(of)


if __name__ == "__main__":
    main()
