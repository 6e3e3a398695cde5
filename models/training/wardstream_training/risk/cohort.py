"""Reads what `wardstream features` wrote, and splits it by stay. Training uses nothing else."""

import csv
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .survivors import illness_of_survivors


@dataclass(frozen=True)
class Rows:
    """Sorted by stay, then time."""

    file: np.ndarray  # [rows, features], float32, on disk, in the order of writing
    place: np.ndarray  # [rows], where each row is in the file
    stay: np.ndarray  # [rows], place of the stay in `stays`
    hours: np.ndarray  # [rows], since admission
    is_moment: np.ndarray  # [rows], whether values had just arrived; else the end of an hour
    scores: np.ndarray  # [rows, scores], bedside scores; NaN unknown
    stays: list  # of each stay id, source, group, hours, outcome, onsets
    about: dict  # rows.json

    @property
    def names(self) -> list[str]:
        return self.about["featureNames"]

    def x(self, chosen: np.ndarray) -> np.ndarray:
        """Features of rows [n], as known at the row's time. Shape [n, features]."""
        places = self.place[chosen]
        order = np.argsort(places)
        found = np.empty((len(places), self.file.shape[1]), dtype=np.float32)
        found[order] = self.file[places[order]]
        return found


@dataclass(frozen=True)
class Split:
    fold: np.ndarray  # [stays], 0 to folds - 1; -1 kept for the final look
    weight: np.ndarray  # [stays], 1 over the records of the stay: linked records count once


def load_rows(folder: str | Path, accepted: tuple[str, ...] = ()) -> Rows:
    """
    Raises ValueError where a variable of a source does not look like itself elsewhere and is not `accepted`: a unit mapped wrongly
    is learnt as if it were true.
    """
    folder = Path(folder)
    about = json.loads((folder / "rows.json").read_text())
    odd = [each["text"] for each in about["suspects"] if each["variable"] not in accepted]
    if odd:
        raise ValueError("; ".join(odd) + ". Mend the mapping, or accept the variable by name in the configuration (`accepted`)")
    x = np.memmap(folder / "rows.f32", dtype="<f4", mode="r", shape=(about["rows"], about["features"]))
    at = np.fromfile(folder / "at.f32", dtype="<f4").reshape(-1, 3)
    scores = np.fromfile(folder / "row-scores.f32", dtype="<f4").reshape(len(at), -1)
    place = np.argsort(at[:, 0], kind="stable")
    at = at[place]
    return Rows(x, place, at[:, 0].astype(np.int64), at[:, 1], at[:, 2] == 1, scores[place], about["stays"], about)


def share_of(group: str, salt: str) -> float:
    """A number from 0 to 1 that is a group's for ever, whatever else is in the cohort."""
    return int.from_bytes(hashlib.sha256(f"{salt}:{group}".encode()).digest()[:7], "big") / 2**56


def split(rows: Rows, folds: int, final: float, seed: int) -> Split:
    """
    Folds by group: all records of one stay lie in one. A share `final` of the groups with a record whose death is known is kept for one
    look at the end, with all their records; it depends on the group's name alone, not on `seed`.
    """
    knows_death = {each["group"] for each in rows.stays if is_of_death(each)}
    records: dict[str, int] = {}
    for each in rows.stays:
        records[each["group"]] = records.get(each["group"], 0) + 1
    fold = [
        -1 if each["group"] in knows_death and share_of(each["group"], "final look") < final
        else int(share_of(each["group"], f"fold {seed}") * folds)
        for each in rows.stays
    ]
    return Split(np.array(fold), np.array([1 / records[each["group"]] for each in rows.stays]))


def illness(rows: Rows, outcomes: list[Path], options: dict) -> np.ndarray:
    """
    How ill each stay turned out, 0 to 1: 1 for death in hospital, a share of it for death soon after discharge and for a long stay
    (`illness_of_survivors`), of every record that is linked; NaN where death is not known. `outcomes`: the Challenge 2012's files. Shape [stays].
    """
    told: dict[str, dict] = {}
    for file in outcomes:
        with open(file, newline="") as lines:
            told |= {row["RecordID"]: row for row in csv.DictReader(lines)}
    known = [each for each in rows.stays if each["id"] in told]
    shares = illness_of_survivors([told[each["id"]] for each in known], **options)
    by_group = {each["group"]: share for each, share in zip(known, shares)}
    died = {each["group"]: each["outcome"]["happened"] for each in rows.stays if is_of_death(each)}
    return np.array([np.nan if each["group"] not in died else 1.0 if died[each["group"]] else by_group.get(each["group"], 0.0) for each in rows.stays])


def is_of_death(stay: dict) -> bool:
    return stay["outcome"] is not None and stay["outcome"]["of"] == "death in hospital"
