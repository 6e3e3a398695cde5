"""How ill those were who lived."""

import numpy as np


def illness_of_survivors(outcomes: list[dict], diedAfter: list[dict], stayed: dict, most: float) -> np.ndarray:
    """
    How ill a patient was who was alive at discharge, as a share of a death: the `share` of the first of `diedAfter` within whose
    `days` of discharge the patient died (`Survival` counts days from admission, -1 where unknown), and 1 / `perDays` for each day in
    hospital beyond `beyondDays`; at most `most`, of the days alone and of the sum. Shape [stays].
    """
    survival, days = (np.array([int(row[column]) for row in outcomes]) for column in ("Survival", "Length_of_stay"))
    later = np.zeros(len(outcomes))
    for each in reversed(diedAfter):
        later[(survival > 0) & (survival - days <= each["days"])] = each["share"]
    long = np.clip((days - stayed["beyondDays"]) / stayed["perDays"], 0, stayed["most"])
    return np.minimum(most, later + long)
