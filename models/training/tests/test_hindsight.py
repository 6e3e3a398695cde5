"""What the models of mortality are taught: never by a teacher that saw the stay, nor one that saw the fold left out."""

import numpy as np

from wardstream_training.baselines import linear_knots
from wardstream_training.data import Cohort
from wardstream_training.risk.survivors import illness_of_survivors
from wardstream_training.train import Run


class Taught(Run):
    """A run whose teachers say which folds they were fitted without."""

    def __init__(self):
        self.config = {"folds": 5, "teacherWeight": 1.0}
        self.fold = np.arange(40) % 5
        self.cohort = type("Cohort", (), {"illness": np.zeros(40)})
        self.asked: list[tuple[int, ...]] = []

    def teacher(self, excluded: tuple[int, ...]) -> np.ndarray:
        self.asked.append(excluded)
        return np.full(len(self.fold), len(self.asked) - 1.0)


def test_a_teacher_saw_neither_the_stay_nor_the_fold_left_out():
    for name in ("fold-0", "fold-3", "all"):
        run = Taught()
        target = run.taught(name)
        left_out = run.without(name)
        for stay, fold in enumerate(run.fold):
            if fold in left_out:
                assert np.isnan(target[stay])
            else:
                assert set(run.asked[int(target[stay])]) == {fold, *left_out}


def test_survivors_are_graded_by_later_death_and_days_in_hospital():
    row = lambda survival, days: {"Survival": str(survival), "Length_of_stay": str(days)}
    outcomes = [row(-1, 5), row(-1, 13), row(-1, 200), row(30, 7), row(100, 7), row(400, 7), row(60, 67)]
    options = dict(diedAfter=[{"days": 60, "share": 0.35}, {"days": 365, "share": 0.2}], stayed={"beyondDays": 7, "perDays": 60, "most": 0.25}, most=0.5)
    assert np.allclose(illness_of_survivors(outcomes, **options), [0, 0.1, 0.25, 0.35, 0.2, 0, 0.5])


def test_linear_models_learn_less_of_hindsight_the_later():
    rng = np.random.default_rng(0)
    names = [f"heartRate.f{place}" for place in range(12)] + ["time.elapsed"]
    x = rng.normal(size=(300, 12, len(names))).astype(np.float32)
    died = (rng.random(300) < 0.3).astype(np.float32)
    description = {"featureNames": names, "encoder": {"variables": [{"id": "heartRate"}]}}
    cohort = Cohort(x, died, died, np.zeros(300), np.zeros((300, 12, 0)), {}, np.full(300, 12.0), description)
    train, target = np.arange(200), rng.random(300)
    fitted = lambda target, most: np.column_stack(linear_knots(cohort, train, target, 0.01, 0.01, most))
    taught, outcome, mixed = fitted(target, 0.0), fitted(died, 0.0), fitted(target, 0.8)
    # The knots are at 3, 6, 9 and 12 of 12 steps.
    share = np.array([0.2, 0.4, 0.6, 0.8])[:, None]
    assert np.allclose(mixed, (1 - share) * taught + share * outcome)
    assert np.abs(taught - outcome).max() > 0.01
