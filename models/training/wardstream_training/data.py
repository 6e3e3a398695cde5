"""Reads what `wardstream features` wrote. Training uses nothing else but the outcomes."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

PER_VARIABLE = 12


@dataclass(frozen=True)
class Cohort:
    x: np.ndarray  # [stays, steps, features], float32; the row of a step as of its end
    died: np.ndarray  # [stays], 0 or 1
    saps: np.ndarray  # [stays], SAPS-I as the Challenge gives it; -1 unknown
    description: dict  # stays.json

    @property
    def variables(self) -> int:
        return len(self.description["encoder"]["variables"])


def load_config(path: str) -> dict:
    """The config file, with its paths taken from the folder `models/training`."""
    config = json.loads(Path(path).read_text())
    base = Path(path).resolve().parent.parent
    for key in ("features", "outcomes", "output", "runs"):
        config[key] = str((base / config[key]).resolve())
    return config


def load_cohort(config: dict) -> Cohort:
    folder = Path(config["features"])
    description = json.loads((folder / "stays.json").read_text())
    shape = (description["stays"], description["steps"], description["features"])
    x = np.fromfile(folder / "features.f32", dtype="<f4").reshape(shape)
    with open(config["outcomes"], newline="") as file:
        rows = {row["RecordID"]: row for row in csv.DictReader(file)}
    stays = [rows[stay] for stay in description["ids"]]
    died = np.array([int(row["In-hospital_death"]) for row in stays], dtype=np.float32)
    saps = np.array([int(row["SAPS-I"]) for row in stays], dtype=np.float32)
    return Cohort(x, died, saps, description)


def folds(died: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Fold of each stay (one stay a patient), with as many deaths in each as can be. Shape [stays]."""
    fold = np.zeros(len(died), dtype=np.int64)
    rng = np.random.default_rng(seed)
    for outcome in (0, 1):
        members = rng.permutation(np.flatnonzero(died == outcome))
        fold[members] = np.arange(len(members)) % count
    return fold


def summary(cohort: Cohort, hour: int) -> np.ndarray:
    """Summary features at an hour for the baselines: per variable last, first, mean, min, max, recent mean, count, seen; statics."""
    row = cohort.x[:, hour - 1]
    v = cohort.variables * PER_VARIABLE
    per = row[:, :v].reshape(len(row), cohort.variables, PER_VARIABLE)
    recent = cohort.x[:, max(0, hour - 6) : hour, :v].reshape(len(row), -1, cohort.variables, PER_VARIABLE)
    observed = recent[..., 4] > 0
    total = (recent[..., 1] * observed).sum(1)
    recent_mean = total / np.maximum(1, observed.sum(1))
    columns = [per[..., 0], per[..., 11], per[..., 7], per[..., 8], per[..., 9], recent_mean, per[..., 10], per[..., 6]]
    return np.concatenate([*columns, row[:, v:]], axis=1)
