"""How ill those were who lived."""

import numpy as np

from wardstream_training.risk.survivors import illness_of_survivors


def test_survivors_are_graded_by_later_death_and_days_in_hospital():
    row = lambda survival, days: {"Survival": str(survival), "Length_of_stay": str(days)}
    outcomes = [row(-1, 5), row(-1, 13), row(-1, 200), row(30, 7), row(100, 7), row(400, 7), row(60, 67)]
    options = dict(diedAfter=[{"days": 60, "share": 0.35}, {"days": 365, "share": 0.2}], stayed={"beyondDays": 7, "perDays": 60, "most": 0.25}, most=0.5)
    assert np.allclose(illness_of_survivors(outcomes, **options), [0, 0.1, 0.25, 0.35, 0.2, 0, 0.5])
