"""A tiny export as `wardstream features` writes it: invented stays whose risk rises with a low pressure and a high heart rate."""

import json

import numpy as np

PER_VARIABLE = ["last", "mean", "count", "age", "seen", "windowMean", "windowSd", "windowMin", "windowMax", "windowSteps", "first", "recent"]
VARIABLES = [
    {"id": "heartRate", "transform": "linear", "center": 86, "scale": 18},
    {"id": "mapInvasive", "transform": "linear", "center": 80, "scale": 15},
    {"id": "lactate", "transform": "log", "center": 1.1, "scale": 0.5},
    {"id": "fio2", "transform": "linear", "center": 0.5, "scale": 0.2},
    {"id": "inr", "transform": "log", "center": 0.9, "scale": 0.3},
]
DERIVED = [
    {"id": "derived.map.last", "transform": "linear", "center": 79, "scale": 15},
    {"id": "derived.shockIndex.last", "transform": "linear", "center": 0.76, "scale": 0.22},
    {"id": "derived.ureaCreatinine.last", "transform": "log", "center": 3.0, "scale": 0.5},
]
STATICS = ["static.age", "static.ageKnown", "static.sexMale", "static.sexKnown", "static.height", "static.heightKnown", "time.elapsed"]
MONOTONE = [
    {"id": "heartRate", "low": 50, "high": 91, "source": "test"},
    {"id": "mapInvasive", "low": 70, "high": None, "source": "test"},
    {"id": "lactate", "low": None, "high": 0, "source": "test"},
    {"id": "inr", "low": None, "high": 1.5, "source": "test"},
    {"id": "derived.map", "low": 70, "high": None, "source": "test"},
]
BENT = [f"heartRate.{field}" for field in ("least", "greatest", "underMean", "overMean", "underRecent", "overRecent")]
NAMES = [*(f"{each['id']}.{field}" for each in VARIABLES for field in PER_VARIABLE), *STATICS, *(each["id"] for each in DERIVED), *BENT, "oxygen.on", "time.hours"]
EXTREMES = [{"id": "heartRate", "side": "low", "begins": 50, "limit": 39, "logit": 0.5, "onset": "hypotension", "source": "test"}, {"id": "crp", "side": "high", "begins": 9, "limit": 99, "logit": 1, "onset": None, "source": "test"}]
KINDS = {"heartRate": "vital", "mapInvasive": "vital", "fio2": "vital", "lactate": "lab", "inr": "lab"}


def write(folder, stays: int = 90, hours: int = 26, seed: int = 1, suspects: tuple = ()) -> None:
    """The first two thirds are of 2012, with death; every second of the rest is a record of one of those, with sepsis."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    rows, at, scores, described = [], [], [], []
    old = stays * 2 // 3
    for stay in range(stays):
        is_old, ill = stay < old, rng.random() < 0.3
        source = "physionet2012:set-a" if is_old else "physionet2019:a"
        group = f"s{stay - old:03d}" if not is_old and (stay - old) % 2 == 0 else f"s{stay:03d}"
        start = float(rng.integers(10, 20)) if ill else None
        outcome = {"of": "death in hospital", "happened": bool(ill), "onsetHours": None} if is_old else {"of": "sepsis", "happened": bool(ill), "onsetHours": start}
        spell = [[start, start + 2, "first", "pressure"]] if ill else []
        onsets = {"circulatory": spell, "hypotension": spell, "respiratory": spell}
        described.append({"id": f"s{stay:03d}", "source": source, "group": group, "hours": hours - 0.5, "outcome": outcome, "onsets": onsets})
        for hour in range(1, hours + 1):
            x = np.zeros(len(NAMES), dtype=np.float32)
            for place, variable in enumerate(VARIABLES):
                if (variable["id"] == "lactate" and stay % 3 == 0) or (variable["id"] == "inr" and stay % 3):
                    continue
                push = {"heartRate": 0.8, "mapInvasive": -0.8, "lactate": 0.6, "fio2": 0.2, "inr": 0.0}[variable["id"]] * ill
                z = rng.normal(push, 1, 7)
                x[place * 12 : place * 12 + 12] = [z[0], z[1], 0.5, 0.1, 1, z[2], 0.5, z[3] - 1, z[4] + 1, np.log1p(hour) / 4, z[5], z[6]]
            age = rng.normal()
            x[60:67] = [age, 1, 1, 1, 0, 0, hour / 48]
            x[67:70] = rng.normal(0, 1, 3)
            # The middle of 50 and 91, on the scale of the rows.
            bend = (70.5 - 86) / 18
            x[70:76] = [x[7], x[8], min(x[5], bend), max(x[5], bend), min(x[11], bend), max(x[11], bend)]
            x[76:78] = [0, np.log1p(hour) / 4]
            for is_moment, time in ((0, hour), (1, hour + 0.4)):
                if is_moment and hour % 5:
                    continue
                rows.append(x)
                at.append([stay, time, is_moment])
                scores.append([3 + 2 * ill, 0, 4, 80 - 10 * ill, np.nan])
    # As they come from a ward: by time, not by stay.
    order = np.argsort(np.array(at)[:, 1], kind="stable")
    for name, values in (("rows.f32", rows), ("at.f32", at), ("row-scores.f32", scores)):
        np.array(values, dtype="<f4")[order].tofile(folder / name)
    about = {
        "version": 1, "rows": len(rows), "features": len(NAMES), "featureNames": NAMES, "scoreNames": ["news2", "qsofa", "sofa", "map", "spo2"],
        "encoder": {"variables": VARIABLES}, "derived": DERIVED, "monotone": MONOTONE, "extremes": EXTREMES, "kinds": KINDS, "suspects": list(suspects), "stays": described,
    }
    (folder / "rows.json").write_text(json.dumps(about))
