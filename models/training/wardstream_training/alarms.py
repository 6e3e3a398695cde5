"""
Event-based evaluation of hourly scores by the rules of src/study/alarms.ts, which tests hold it to: after an alarm none for
30 minutes, none during an event nor 25 minutes after it; an event counts as caught if alarmed between 8 hours and 5 minutes
before. Times in hours since admission.
"""

from dataclasses import dataclass

import numpy as np

SILENCE, RESET, HORIZON, LEAST = 30 / 60, 25 / 60, 8.0, 5 / 60
BROUGHT_IN = 1.0


@dataclass(frozen=True)
class Monitored:
    """Stays under one endpoint, scored at the end of each hour."""

    hours: np.ndarray  # [stays], length of each
    watched: np.ndarray  # [stays, steps], where an alarm may sound
    claims: np.ndarray  # [stays, steps], where an alarm would be true
    events: list  # [stay, first step, step after the last] of each event that can be caught, and its start
    starts: np.ndarray  # [events]

    @staticmethod
    def of(events: list, hours: np.ndarray, steps: int) -> "Monitored":
        at = np.arange(1, steps + 1, dtype=np.float64)
        watched = at[None] <= hours[:, None] - LEAST
        scored = at[None] <= hours[:, None]
        claims = np.zeros_like(watched)
        caught, starts = [], []
        for stay, spells in enumerate(events):
            for start, end in spells:
                lead = start - at
                watched[stay] &= (lead > 0) | (at >= end + RESET)
                claims[stay] |= (lead >= LEAST) & (lead <= HORIZON)
                inside = np.flatnonzero((lead >= LEAST) & (lead <= HORIZON) & scored[stay])
                if start >= BROUGHT_IN and len(inside) > 0:
                    caught.append((stay, inside[0], inside[-1] + 1))
                    starts.append(start)
        return Monitored(hours, watched, claims, caught, np.array(starts))


def figures(of: Monitored, signal: np.ndarray, threshold: float) -> dict:
    """What alarms at or above a threshold of `signal` [stays, steps] do. A silence of 30 minutes ends before the next hour."""
    with np.errstate(invalid="ignore"):
        alarms = of.watched & (signal >= threshold)
    leads = []
    for (stay, first, end), start in zip(of.events, of.starts):
        hits = np.flatnonzero(alarms[stay, first:end])
        if len(hits) > 0:
            leads.append(start - (first + hits[0] + 1))
    count, true = int(alarms.sum()), int((alarms & of.claims).sum())
    return {
        "threshold": float(threshold),
        "events": len(of.events),
        "caught": len(leads),
        "alarms": count,
        "trueAlarms": true,
        "recall": len(leads) / max(1, len(of.events)),
        "precision": true / max(1, count),
        "alarmsPerPatientHour": count / float(of.hours.sum()),
        "medianLeadHours": float(np.median(leads)) if leads else float("nan"),
    }


def at_recall(of: Monitored, signal: np.ndarray, recall: float) -> dict:
    """The figures at the highest threshold that catches that share of events: of each event the best score in its window decides."""
    with np.errstate(invalid="ignore"):
        heard = np.where(of.watched & ~np.isnan(signal), signal, -np.inf)
    best = np.sort([heard[stay, first:end].max() for stay, first, end in of.events])[::-1]
    return figures(of, signal, best[min(len(best) - 1, int(np.ceil(recall * len(best))) - 1)])
