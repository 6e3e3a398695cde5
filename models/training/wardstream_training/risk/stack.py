"""Puts the components together: of each output, weights of attention and trees that calibrate as well, beside what extremes add."""

import numpy as np
import torch

from .columns import standardised
from .graph import ColumnsOf, Extremes
from .labels import OUTPUTS
from .stacking import fit_stack, stack_terms
from .train import CHUNK, Round, elapsed_at, out_of_fold_attention, out_of_fold_regression, out_of_fold_trees

COMPONENTS = ("attention", "trees", "regression")


def extremes(of: Round) -> Extremes:
    """By the table of src/clinical/extremes.ts: of death, and of the onset that a sign belongs to, alone and with the other."""
    scalings = {each["id"]: each for each in of.rows.about["encoder"]["variables"]}
    names = of.columns.names
    places, starts, limits, weights = [], [], [], []
    for each in of.rows.about["extremes"]:
        if each["id"] not in scalings:
            continue
        low, both = each["side"] == "low", f"{each['id']}.last:over" in names
        column = f"{each['id']}.last:{'under' if low else 'over'}" if both else f"{each['id']}.last"
        places.append(names.index(column))
        starts.append(standardised(scalings[each["id"]], each["begins"]))
        limits.append(standardised(scalings[each["id"]], each["limit"]))
        told = {"death", each["onset"], "deterioration" if each["onset"] else None}
        weights.append([each["logit"] if output in told else 0.0 for output in OUTPUTS])
    return Extremes(places, starts, limits, np.array(weights))


def added(of: Round) -> np.ndarray:
    """What extremes add at the ends of hours. Shape [ends, outputs]."""

    def make() -> np.ndarray:
        columns, module = ColumnsOf(of.columns), extremes(of)
        ends = of.sequences.ends
        out = np.empty((len(ends), len(OUTPUTS)), dtype=np.float32)
        with torch.no_grad():
            for start in range(0, len(ends), CHUNK):
                out[start : start + CHUNK] = module(*columns(torch.from_numpy(of.rows.x(ends[start : start + CHUNK])))).numpy()
        return out

    return of.once("added-by-extremes", make)


class Stack:
    """The components of one output at the ends of hours, and what they give together."""

    def __init__(self, of: Round, output: str, leave_out: str | None = None):
        """`leave_out`: a component to do without, to see what it is worth."""
        place = OUTPUTS.index(output)
        parts = {"attention": lambda: out_of_fold_attention(of)[:, place], "trees": lambda: out_of_fold_trees(of, output)}
        if output == "death":
            parts["regression"] = lambda: out_of_fold_regression(of)
        ends = of.sequences.ends
        nothing = np.zeros(len(ends))
        raw = np.stack([parts[each]().astype(np.float64) if each in parts and each != leave_out else nothing for each in COMPONENTS], 1)
        self.terms = stack_terms(raw, elapsed_at(of, ends))
        self.offset = added(of)[:, place].astype(np.float64)
        self.labels = of.labels(output)[ends].astype(np.float64)
        stay = of.rows.stay[ends]
        self.weight, self.fold = of.split.weight[stay], of.split.fold[stay]
        self.known = ~np.isnan(self.labels) & ~np.isnan(raw).any(1)
        # Of death after the window only those tell who are in both cohorts: too few, and too ill, to calibrate by.
        if output == "death":
            self.known &= of.rows.hours[ends] <= of.config["attention"]["steps"]

    def fitted(self, excluded: int | None) -> np.ndarray:
        """The weights, without a fold; never of stays kept for the final look."""
        rows = self.known & (self.fold >= 0) & (self.fold != excluded)
        return fit_stack(self.terms[rows], self.labels[rows], self.weight[rows], self.offset[rows])

    def logits(self) -> np.ndarray:
        """Calibrated logits, each fold's by weights fitted on the others, those of stays kept for the final look by the weights of all. Shape [ends]."""
        out = np.full(len(self.terms), np.nan)
        for each in np.unique(self.fold):
            rows = self.fold == each
            out[rows] = self.terms[rows] @ self.fitted(None if each < 0 else int(each)) + self.offset[rows]
        return out
