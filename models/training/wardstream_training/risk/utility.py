"""The utility of the PhysioNet/CinC Challenge 2019 (Reyna et al., Crit Care Med 2020;48:210-217), of calls at the end of each hour."""

import numpy as np

# Hours from the onset at which a true call begins to count, counts most, and counts no more; and what calls are worth.
EARLY, OPTIMAL, LATE = -12.0, -6.0, 3.0
MOST_TRUE, LEAST_MISSED, FALSE_CALL = 1.0, -2.0, -0.05


def worth(hours: np.ndarray, onset: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a call and what silence is worth at `hours` [n] since admission, with the stay's `onset` [n], infinite where none. Shapes [n]."""
    t = np.where(np.isfinite(onset), hours - onset, -np.inf)
    rising = MOST_TRUE * (t - EARLY) / (OPTIMAL - EARLY)
    falling = MOST_TRUE * (LATE - t) / (LATE - OPTIMAL)
    call = np.where(t <= OPTIMAL, np.maximum(rising, FALSE_CALL), falling)
    silence = np.where(t <= OPTIMAL, 0.0, LEAST_MISSED * (t - OPTIMAL) / (LATE - OPTIMAL))
    late = t > LATE
    none = ~np.isfinite(onset)
    call = np.where(none, FALSE_CALL, np.where(late, 0.0, call))
    silence = np.where(none | late, 0.0, silence)
    return call, silence


def sums(hours: np.ndarray, onset: np.ndarray, called: np.ndarray, stay: np.ndarray, stays: int) -> np.ndarray:
    """Of each stay what its calls are worth, what the best calls would be, and what silence is. Shape [stays, 3]."""
    call, silence = worth(hours, onset)
    best = np.where(np.isfinite(onset) & (hours >= onset + EARLY) & (hours <= onset + LATE), call, silence)
    each = (np.where(called, call, silence), best, silence)
    return np.stack([np.bincount(stay, weights=value, minlength=stays) for value in each], 1)


def normalised(of_stays: np.ndarray) -> float:
    """1 for the best calls, 0 for silence. Of [stays, 3] as `sums` gives it."""
    observed, best, silence = of_stays.sum(0)
    return float((observed - silence) / (best - silence))
