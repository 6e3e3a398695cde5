"""Reads what `wardstream features` wrote. Training uses nothing else but the outcomes."""

import csv
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from .risk.derived import DERIVED_FROM
from .risk.survivors import illness_of_survivors

PER_VARIABLE = 12
# Places of a variable's features in its twelve (see src/features/encoder.ts).
LAST, MEAN, COUNT, AGE, SEEN = range(5)
WINDOW = range(4, 12)

# Columns of the graph; the last three are the onset of an endpoint within the horizon.
OUTPUTS = ["mortality", "circulatory", "respiratory", "deterioration"]
ENDPOINTS = {"circulatory": "circulatoryFailure", "respiratory": "respiratoryFailure", "deterioration": "deterioration"}
# Hours. As in src/study/alarms.ts (Hyland et al. 2020).
HORIZON, LEAST, RESET = 8.0, 5 / 60, 25 / 60


@dataclass(frozen=True)
class Cohort:
    x: np.ndarray  # [stays, steps, features], float32; the row of a step as of its end
    died: np.ndarray  # [stays], 0 or 1
    illness: np.ndarray  # [stays], as `died`, but a share of 1 for those who left and died later, or stayed long
    saps: np.ndarray  # [stays], SAPS-I as the Challenge gives it; -1 unknown
    scores: np.ndarray  # [stays, steps, scores], bedside scores; NaN unknown
    events: dict  # of each endpoint [start, end] in hours since admission, by stay
    hours: np.ndarray  # [stays], from admission to the last value
    description: dict  # stays.json

    @property
    def names(self) -> list[str]:
        return self.description["featureNames"]

    @property
    def variables(self) -> int:
        return len(self.description["encoder"]["variables"])

    @property
    def derived_start(self) -> int:
        return next((i for i, name in enumerate(self.names) if name.startswith("derived.")), len(self.names))

    @cached_property
    def dropping(self) -> np.ndarray:
        """What goes when a variable goes: 1 where feature f is made of variable v. Shape [variables, features]."""
        ids = [each["id"] for each in self.description["encoder"]["variables"]]
        table = np.zeros((len(ids), len(self.names)), dtype=np.float32)
        for variable, id in enumerate(ids):
            table[variable, variable * PER_VARIABLE : (variable + 1) * PER_VARIABLE] = 1
            for feature in range(self.derived_start, len(self.names)):
                table[variable, feature] = id in DERIVED_FROM[self.names[feature].split(".")[1]]
        return table


def load_config(path: str) -> dict:
    """The config file, with its paths taken from the folder `models/training`."""
    config = json.loads(Path(path).read_text())
    base = Path(path).resolve().parent.parent
    for key in ("features", "outcomes", "output", "readers", "runs"):
        config[key] = str((base / config[key]).resolve())
    return config


def load_cohort(config: dict) -> Cohort:
    folder = Path(config["features"])
    description = json.loads((folder / "stays.json").read_text())
    stays, steps = description["stays"], description["steps"]
    x = np.fromfile(folder / "features.f32", dtype="<f4").reshape(stays, steps, description["features"])
    scores = np.fromfile(folder / "scores.f32", dtype="<f4").reshape(stays, steps, len(description["scoreNames"]))
    endpoints = json.loads((folder / "endpoints.json").read_text())
    with open(config["outcomes"], newline="") as file:
        rows = {row["RecordID"]: row for row in csv.DictReader(file)}
    outcomes = [rows[stay] for stay in description["ids"]]
    died = np.array([int(row["In-hospital_death"]) for row in outcomes], dtype=np.float32)
    illness = np.where(died == 1, 1.0, illness_of_survivors(outcomes, **config["illness"]))
    saps = np.array([int(row["SAPS-I"]) for row in outcomes], dtype=np.float32)
    return Cohort(x, died, illness, saps, scores, endpoints["events"], np.array(endpoints["hours"]), description)


def folds(died: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Fold of each stay (one stay a patient), with as many deaths in each as can be. Shape [stays]."""
    fold = np.zeros(len(died), dtype=np.int64)
    rng = np.random.default_rng(seed)
    for outcome in (0, 1):
        members = rng.permutation(np.flatnonzero(died == outcome))
        fold[members] = np.arange(len(members)) % count
    return fold


def summary(cohort: Cohort, hour: int, derived: bool = True) -> np.ndarray:
    """Summary features at an hour: per variable last, seen, and over the steps mean, spread, min, max, count, first, recent; statics; derived."""
    row = cohort.x[:, hour - 1, : None if derived else cohort.derived_start]
    return row[:, summary_columns(cohort, derived)]


def summary_columns(cohort: Cohort, derived: bool = True) -> np.ndarray:
    places = [LAST, *WINDOW]
    per = [variable * PER_VARIABLE + place for place in places for variable in range(cohort.variables)]
    return np.array([*per, *range(cohort.variables * PER_VARIABLE, len(cohort.names) if derived else cohort.derived_start)])


def onset_labels(cohort: Cohort, output: str) -> np.ndarray:
    """
    1 where an event of the endpoint begins within the horizon of the end of the step, 0 where none does, NaN where it cannot
    be told: during an event, or with the stay ending before the horizon, also where an event came in between, since else only
    events would be known there. Shape [stays, steps].
    """
    steps = cohort.x.shape[1]
    labels = np.full(cohort.x.shape[:2], np.nan, dtype=np.float32)
    at = np.arange(1, steps + 1, dtype=np.float64)
    for stay, events in enumerate(cohort.events[ENDPOINTS[output]]):
        hours = cohort.hours[stay]
        row = np.zeros(steps)
        for start, _ in events:
            row[(start - at >= LEAST) & (start - at <= HORIZON)] = 1.0
        for start, end in events:
            row[(at >= start) & (at < end + RESET)] = np.nan
        row[at + HORIZON > hours] = np.nan
        labels[stay] = row
    return labels


def of_variables(cohort: Cohort, rows: np.ndarray, place: int) -> np.ndarray:
    """The column at `place` of each variable's. rows [stays, steps, features] -> [stays, steps, variables]"""
    return rows[:, :, place : cohort.variables * PER_VARIABLE : PER_VARIABLE]


def means(cohort: Cohort, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The means of each step [stays, steps, variables], and where there is one (0 or 1)."""
    return np.ascontiguousarray(of_variables(cohort, rows, MEAN)), (of_variables(cohort, rows, COUNT) > 0).astype(np.float32)


@dataclass(frozen=True)
class Hidden:
    rows: np.ndarray  # [stays, steps, features]
    at: np.ndarray  # [stays, steps, variables], 1 where hidden, else 0


def hide_hours(cohort: Cohort, rows: np.ndarray, rng: np.random.Generator, share: float, spans: int, least: int, most: int) -> Hidden:
    """
    Rows as if some variables had never been measured during some steps: of a `share` of each stay's variables, `spans` runs of `least` to `most`
    steps, which may overlap or reach beyond the end.
    """
    stays, steps = rows.shape[:2]
    chosen = rng.random((stays, 1, cohort.variables)) < share
    at, hidden = np.arange(steps)[None, :, None], np.zeros((stays, steps, cohort.variables), bool)
    for _ in range(spans):
        first = rng.integers(0, steps, chosen.shape)
        hidden |= (at >= first) & (at < first + rng.integers(least, most + 1, chosen.shape)) & chosen
    hidden = hidden.astype(np.float32)
    return Hidden(rows * (hidden @ cohort.dropping == 0), hidden)


def drop_variables(cohort: Cohort, rows: np.ndarray, shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rows [stays, …, features] as if some variables, drawn for each stay by their `shares` [variables], had never been measured."""
    gone = (rng.random((len(rows), cohort.variables)) < shares).astype(np.float32)
    kept = (gone @ cohort.dropping == 0).astype(np.float32)
    return rows * kept.reshape(len(rows), *[1] * (rows.ndim - 2), -1)


def drop_shares(cohort: Cohort, share: float, extra: dict) -> np.ndarray:
    """Share of stays that lose each variable: `share`, or that of `extra` by id. Shape [variables]."""
    return np.array([extra.get(each.get("id"), share) for each in cohort.description["encoder"]["variables"]])
