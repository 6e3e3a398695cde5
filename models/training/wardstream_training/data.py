"""Reads what `wardstream features` wrote. Training uses nothing else but the outcomes."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

PER_VARIABLE = 12
# Places of a variable's features in its twelve (see src/features/encoder.ts).
LAST, MEAN, COUNT, AGE, SEEN = range(5)
WINDOW = range(4, 12)


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
    """Summary features at an hour for the baselines: per variable last, seen, and over the steps mean, spread, min, max, count, first, recent; statics."""
    row = cohort.x[:, hour - 1]
    v = cohort.variables * PER_VARIABLE
    per = row[:, :v].reshape(len(row), cohort.variables, PER_VARIABLE)
    columns = [per[..., LAST], *(per[..., each] for each in WINDOW)]
    return np.concatenate([*columns, row[:, v:]], axis=1)


def next_means(cohort: Cohort, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The step means [stays, steps - 1, variables] that follow each step but the last, and where there is one (0 or 1)."""
    per = rows[:, 1:, : cohort.variables * PER_VARIABLE].reshape(*rows[:, 1:].shape[:2], cohort.variables, PER_VARIABLE)
    return np.ascontiguousarray(per[..., MEAN]), (per[..., COUNT] > 0).astype(np.float32)


def drop_variables(cohort: Cohort, rows: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Rows as if a random share of the variables, drawn for each stay, had never been measured. Shape as `rows`."""
    kept = rng.random((len(rows), 1, cohort.variables)) >= share
    mask = np.concatenate([np.repeat(kept, PER_VARIABLE, 2), np.ones((len(rows), 1, rows.shape[2] - cohort.variables * PER_VARIABLE), bool)], 2)
    return rows * mask.astype(np.float32)
