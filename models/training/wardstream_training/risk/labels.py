"""What each output learns, row by row: 1, 0, or NaN where the stay's cohort does not know or the patient is in it already."""

import numpy as np

from .cohort import Rows, is_of_death

ONSETS = ["circulatory", "hypotension", "respiratory"]
# The last: onset of hypotension or respiratory failure, whichever comes first.
OUTPUTS = ["death", *ONSETS, "sepsis", "deterioration"]
# Hours. As in src/study/alarms.ts (Hyland et al. 2020); the wash-out as in src/clinical/onsets.ts.
HORIZON, LEAST, WASH_OUT = 8.0, 5 / 60, 8.0
# Sepsis: labelled from 6 hours before the onset; more than 3 after it a call is of no use (Reyna et al. 2020).
SEPSIS_LEADS, SEPSIS_LATE = 6.0, 3.0


def death(rows: Rows) -> np.ndarray:
    """Of a stay and of every record linked to it. Shape [rows]."""
    died = {each["group"]: float(each["outcome"]["happened"]) for each in rows.stays if is_of_death(each)}
    return np.array([died.get(each["group"], np.nan) for each in rows.stays], dtype=np.float32)[rows.stay]


def onset(rows: Rows, name: str, orders: tuple[str, ...] = ("first", "recurrence")) -> np.ndarray:
    """
    1 where an onset of one of the `orders` comes within 8 hours and not within 5 minutes; NaN during an event, for 8 hours after it, and where the
    stay ends before the horizon, also with an event in between, since else only events would be known there. A stay that lacks what
    the endpoint is told from has no labels. Shape [rows].
    """
    labels = np.full(len(rows.stay), np.nan, dtype=np.float32)
    tellable = can_tell(rows, name)
    for place, start, end in spans_of_stays(rows):
        stay = rows.stays[place]
        if not tellable[place]:
            continue
        at = rows.hours[start:end].astype(np.float64)
        row = np.zeros(end - start, dtype=np.float32)
        for begin, _, order, _ in stay["onsets"][name]:
            lead = begin - at
            row[(lead >= LEAST) & (lead <= HORIZON)] = 1.0 if order in orders else np.nan
        for begin, over, _, _ in stay["onsets"][name]:
            row[(at > begin - LEAST) & (at < over + WASH_OUT)] = np.nan
        row[at + HORIZON > stay["hours"]] = np.nan
        labels[start:end] = row
    return labels


def either(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """1 where one of two labels is 1, 0 where both are 0, NaN where the patient is in one of them or one cannot be told. Shape [rows]."""
    return np.where(np.isnan(one) | np.isnan(other), np.nan, np.maximum(one, other)).astype(np.float32)


def can_tell(rows: Rows, name: str) -> np.ndarray:
    """
    Whether a stay has what an endpoint is told from: a lactate for circulatory failure by its published definition; for respiratory failure an
    FiO2, or a cohort that charts ventilation. Shape [stays].
    """
    if name == "hypotension":
        return np.ones(len(rows.stays), bool)
    if name == "circulatory":
        return ever(rows, "lactate")
    charts = {each["source"] for each, is_on in zip(rows.stays, ever(rows, "mechVent")) if is_on}
    return ever(rows, "fio2") | np.array([each["source"] in charts for each in rows.stays])


def ever(rows: Rows, variable: str) -> np.ndarray:
    """Whether a variable was seen by the stay's last row. Shape [stays]."""
    name = f"{variable}.seen"
    seen = np.zeros(len(rows.stays), bool)
    if name not in rows.names:
        return seen
    spans = list(spans_of_stays(rows))
    last = rows.place[[end - 1 for _, _, end in spans]]
    seen[[place for place, _, _ in spans]] = rows.file[last, rows.names.index(name)] == 1
    return seen


def sepsis(rows: Rows) -> np.ndarray:
    """1 from 6 hours before the onset to 3 after it, NaN later. Shape [rows]."""
    onset_at = np.array([sepsis_onset(each) for each in rows.stays])[rows.stay]
    labels = (rows.hours >= onset_at - SEPSIS_LEADS - 1e-3).astype(np.float32)
    labels[np.isnan(onset_at) | (rows.hours > onset_at + SEPSIS_LATE)] = np.nan
    return labels


def sepsis_onset(stay: dict) -> float:
    """Hours since admission; infinite where there was none, NaN where the cohort does not know."""
    outcome = stay["outcome"]
    if outcome is None or outcome["of"] != "sepsis":
        return np.nan
    return outcome["onsetHours"] if outcome["happened"] else np.inf


def labels_of(rows: Rows, output: str) -> np.ndarray:
    if output == "death":
        return death(rows)
    if output == "deterioration":
        return either(onset(rows, "hypotension"), onset(rows, "respiratory"))
    return sepsis(rows) if output == "sepsis" else onset(rows, output)


def spans_of_stays(rows: Rows):
    """Place of each stay with its first row and the one after its last."""
    starts = np.flatnonzero(np.append(True, np.diff(rows.stay) != 0))
    for start, end in zip(starts, np.append(starts[1:], len(rows.stay))):
        yield int(rows.stay[start]), int(start), int(end)
