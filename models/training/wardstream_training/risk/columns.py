"""
The model's columns, made of the rows so that it is monotone by construction where the table of directions (src/clinical/monotone.ts) says so.

A variable of which low and high values are bad becomes two columns, min(z, p) and max(z, p), p in the middle of what is normal: the
risk may not rise with the first nor fall with the second. Its averages and extremes are those of the bent last values of steps
(src/features/encoder.ts): so what is too low never makes up for what is too high. One that is bad in one direction is one column with that direction; of its
newest and its first value, which no average blurs, what lies beyond the limit is a further column that is free. Spread, counts and step
means, through which a worse value could lower a risk, are left out. Missing is NaN, but for variables that only one
small cohort has (`UNTOLD`): there missing is as normal.
"""


from dataclasses import dataclass, replace

import numpy as np

from .cohort import Rows

PER_VARIABLE = ["last", "windowMean", "windowMin", "windowMax", "first", "recent"]
# Of what bends, with their directions, in place of those of the step means.
BENT = [("least", -1), ("underMean", -1), ("underRecent", -1), ("greatest", 1), ("overMean", 1), ("overRecent", 1)]
OF_MEANS = {"windowMean", "windowMin", "windowMax", "recent"}
# Only these of a variable may bend freely on its healthy side: the others are averages or extremes of several values.
SINGLE = {"last", "first"}
# A ratio to the oxygen given speaks where these alone are healthy: no free side.
OXYGENATION = {"pao2", "sao2", "spo2"}
# Known of one small cohort alone.
UNTOLD = {"inr", "calciumIonised"}
# Ratios that say something bad at one end only: below, a falling part would be taken for better. On the scale of the quantity.
LEAST = {"derived.shockIndex": 0.7}
# Derived quantities that fall when one of their parts gets worse (creatinine, systolic pressure, averages of what bends); and variables that no direction is known of
# and one small cohort alone has.
LEFT_OUT = (
    "derived.ureaCreatinine", "derived.pulsePressure", "derived.urinePerHour.", "derived.shockIndex.recent", "derived.shockIndex.windowMean", "derived.shockIndex.worst",
    "derived.sbp.recent", "derived.sbp.windowMean", "cvp", "oxygenFlow",
)


@dataclass(frozen=True)
class Column:
    name: str
    source: int  # place in the row
    seen: int  # place of what is 0 where the column is missing; -1: where the value itself is 0; -2: never missing
    low: float  # z is raised to this
    high: float  # z is lowered to this
    direction: int  # 1: more is worse, -1: less is worse, 0: free
    fill: float = np.nan  # what stands for missing


@dataclass(frozen=True)
class Columns:
    columns: list[Column]

    @property
    def names(self) -> list[str]:
        return [each.name for each in self.columns]

    @property
    def directions(self) -> np.ndarray:
        return np.array([each.direction for each in self.columns])

    def of(self, x: np.ndarray) -> np.ndarray:
        """Rows [n, features] of the export -> [n, columns], NaN where missing."""
        out = np.empty((len(x), len(self.columns)), dtype=np.float32)
        for place, each in enumerate(self.columns):
            value = x[:, each.source]
            missing = x[:, each.seen] == 0 if each.seen >= 0 else (value == 0) & (each.seen == -1)
            out[:, place] = np.where(missing, each.fill, np.clip(value, each.low, each.high))
        return out

    @property
    def fills(self) -> np.ndarray:
        """What stands for missing. Shape [columns]."""
        return np.array([each.fill for each in self.columns], dtype=np.float32)


def monotone_columns(rows: Rows) -> Columns:
    names = {name: place for place, name in enumerate(rows.names)}
    directions = {each["id"]: each for each in rows.about["monotone"]}
    columns: list[Column] = []
    for scaling in rows.about["encoder"]["variables"]:
        id = scaling["id"]
        if id in LEFT_OUT:
            continue
        seen, row = names[f"{id}.seen"], directions.get(id)
        bends = f"{id}.overMean" in names
        own: list[Column] = []
        for field in PER_VARIABLE:
            if not (bends and field in OF_MEANS):
                own += bent(f"{id}.{field}", names[f"{id}.{field}"], seen, scaling, row, id in OXYGENATION or field not in SINGLE)
        if bends:
            middle = standardised(scaling, (row["low"] + row["high"]) / 2)
            own += [Column(f"{id}.{field}", names[f"{id}.{field}"], seen, *((-np.inf, middle) if way < 0 else (middle, np.inf)), way) for field, way in BENT]
        if id in UNTOLD:
            own = [untold(each, scaling, row) for each in own if each.direction != 0]
        else:
            own += [Column(f"{id}.{field}", names[f"{id}.{field}"], seen, -np.inf, np.inf, 0) for field in ("age", "windowSteps")]
        columns += own
    for scaling in rows.about["derived"]:
        id = scaling["id"]
        if f"{id}.".startswith(LEFT_OUT):
            continue
        base, _, field = id.removeprefix("derived.").partition(".")
        row = directions.get(id) or directions.get(f"derived.{base}")
        if f"derived.{base}" in LEAST:
            columns.append(Column(id, names[id], -1, standardised(scaling, LEAST[f"derived.{base}"]), np.inf, 1))
        else:
            columns += bent(id, names[id], -1, scaling, row, field not in SINGLE or base in ("pfRatio", "sfRatio", "spo2Ratio"))
    for name, place in names.items():
        if name == "static.age":
            columns.append(Column(name, place, names["static.ageKnown"], -np.inf, np.inf, 1))
        elif name == "oxygen.on":
            columns.append(Column(name, place, -2, -np.inf, np.inf, 1))
        elif name == "static.height":
            columns.append(Column(name, place, names["static.heightKnown"], -np.inf, np.inf, 0))
        elif name == "time.hours" or (name.startswith("static.") and not name.endswith("Known")):
            columns.append(Column(name, place, -2, -np.inf, np.inf, 0))
    return Columns(columns)


def bent(name: str, place: int, seen: int, scaling: dict, row: dict | None, strict: bool) -> list[Column]:
    """The columns of one feature of a variable with that row of the table of directions, or none. `strict`: what lies on the healthy side of the limit is not free."""
    if row is None:
        return [Column(name, place, seen, -np.inf, np.inf, 0)]
    low, high = (None if row[side] is None else standardised(scaling, row[side]) for side in ("low", "high"))
    if low is not None and high is not None:
        middle = (low + high) / 2
        under = Column(f"{name}:under", place, seen, -np.inf, middle, -1)
        over = Column(f"{name}:over", place, seen, middle, np.inf, 1)
        return [under, over]
    direction = -1 if low is not None else 1
    columns = [Column(name, place, seen, -np.inf, np.inf, direction)]
    if not strict:
        limit = (low, np.inf) if low is not None else (-np.inf, high)
        columns.append(Column(f"{name}:beyond", place, seen, *limit, 0))
    return columns


def untold(column: Column, scaling: dict, row: dict) -> Column:
    """A directed column of which missing is as normal, so that it never says whether the variable is known."""
    low, high = (None if row[side] is None else standardised(scaling, row[side]) for side in ("low", "high"))
    if low is not None and high is not None:
        return replace(column, fill=(low + high) / 2)
    return replace(column, low=high, fill=high) if low is None else replace(column, high=low, fill=low)


def standardised(scaling: dict, value: float) -> float:
    """On the scale of the rows (src/clinical/standardise.ts)."""
    transformed = np.log1p(max(0.0, value)) if scaling["transform"] == "log" else value
    return float(np.clip((transformed - scaling["center"]) / scaling["scale"], -5, 5))
