"""
What one critical sign, held for the last hour, does to a stable patient's risk, beside the same sign charted as normal: `python -m wardstream_training.risk.interventions --config
configs/risk.json`. Writes interventions.json. The row is changed as an hour of that value would change it: newest value, its age, mean,
extremes, the mean that forgets (as in the steady state of an hourly chart) and derived quantities of the same sign. The serving code is not asked, so the figures
are of the models, not of the product.
"""

import argparse
import json

import lightgbm
import numpy as np

from .columns import standardised
from .labels import OUTPUTS
from .train import Round, is_from, once, open_round

# Sign, critical value (src/clinical/state.ts), normal value, and the output it should move. Beside a normal value charted at the same moment,
# since that a value is charted at all says something too: who has a respiratory rate is seldom ventilated.
SIGNS = [
    ("mapInvasive", 45.0, 80.0, "hypotension"), ("sbpInvasive", 70.0, 120.0, "hypotension"), ("heartRate", 150.0, 75.0, "death"), ("heartRate", 35.0, 75.0, "death"),
    ("respRate", 40.0, 16.0, "respiratory"), ("respRate", 5.0, 16.0, "respiratory"), ("spo2", 75.0, 97.0, "respiratory"), ("temperature", 31.0, 37.0, "death"),
    ("temperature", 41.0, 37.0, "death"), ("gcs", 4.0, 15.0, "death"), ("lactate", 8.0, 1.0, "death"), ("potassium", 7.0, 4.2, "death"), ("potassium", 2.2, 4.2, "death"),
    ("sodium", 112.0, 140.0, "death"), ("glucose", 30.0, 120.0, "death"), ("ph", 7.05, 7.4, "death"), ("hemoglobin", 5.0, 11.0, "death"), ("creatinine", 8.0, 0.9, "death"),
]
# Of an hourly chart the weight of all earlier hours in the mean that forgets: half after three hours.
RECENT = 1 / (2 ** (1 / 3) - 1)
DERIVED = {"mapInvasive": "map", "sbpInvasive": "sbp"}
# From one end to the other, for violations of the direction. In the variable's unit.
SWEEPS = {
    "mapInvasive": (70, 30), "sbpInvasive": (110, 50), "heartRate": (91, 190), "respRate": (21, 50), "spo2": (95, 60), "temperature": (38.1, 41.5), "gcs": (15, 3),
    "lactate": (1, 15), "potassium": (5, 8.5), "sodium": (135, 108), "creatinine": (1.2, 12), "ph": (7.35, 6.95), "bun": (28, 150), "platelets": (150, 10), "bilirubin": (1.2, 25),
}
STEPS = 12


def changed(of: Round, x: np.ndarray, sign: str, value: float) -> np.ndarray:
    """Rows [n, features] as if the sign had been `value` for the last hour."""
    names = {name: place for place, name in enumerate(of.rows.names)}
    scalings = {each["id"]: each for each in of.rows.about["encoder"]["variables"]}
    out = x.copy()
    z = standardised(scalings[sign], value)
    seen = x[:, names[f"{sign}.seen"]] == 1
    steps = np.where(seen, np.round(np.expm1(4 * x[:, names[f"{sign}.windowSteps"]])), 0)

    def put(field: str, values) -> None:
        out[:, names[f"{sign}.{field}"]] = values

    def old(field: str) -> np.ndarray:
        return x[:, names[f"{sign}.{field}"]]

    put("last", z)
    put("mean", z)
    put("count", 0.5)
    put("age", 0)
    put("seen", 1)
    put("windowMin", np.where(seen, np.minimum(old("windowMin"), z), z))
    put("windowMax", np.where(seen, np.maximum(old("windowMax"), z), z))
    put("windowMean", np.where(seen, (old("windowMean") * steps + z) / (steps + 1), z))
    put("recent", np.where(seen, old("recent") + (z - old("recent")) / (1 + RECENT), z))
    put("first", np.where(seen, old("first"), z))
    put("windowSteps", np.log1p(steps + 1) / 4)
    if sign in DERIVED:
        for scaling in of.rows.about["derived"]:
            prefix, field = f"derived.{DERIVED[sign]}.", scaling["id"].rsplit(".", 1)[1]
            if scaling["id"].startswith(prefix):
                part = out[:, names[f"{sign}.{field}"]] * scalings[sign]["scale"] + scalings[sign]["center"]
                out[:, names[scaling["id"]]] = np.clip((part - scaling["center"]) / scaling["scale"], -5, 5)
    return out


LOADED: dict[tuple, list] = {}


def models_of(of: Round, output: str, variant: str) -> list:
    """The model of each fold; read once."""
    key = (str(of.folder), output, variant)
    if key not in LOADED:
        read = once(of, output, variant)["models"]
        LOADED[key] = [lightgbm.Booster(model_str=each) if isinstance(each, str) else each for each in read]
    return LOADED[key]


def probabilities(of: Round, output: str, variant: str, x: np.ndarray, hours: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Of rows [n], each by the model that did not see its stay; `both` is the mean of the logits of trees and regression."""
    if variant == "both":
        odds = [np.log(p / (1 - p)) for p in (probabilities(of, output, each, x, hours, fold) for each in ("trees", "linear"))]
        return 1 / (1 + np.exp(-(odds[0] + odds[1]) / 2))
    kind = {"free-trees": "free", "unbound-trees": "unbound"}.get(variant, "monotone")
    columns, _ = of.columns(kind)
    logits = np.empty(len(x))
    models = models_of(of, output, variant)
    for each in np.unique(fold):
        block = columns.of(x[fold == each], hours[fold == each])
        model = models[each]
        if isinstance(model, lightgbm.Booster):
            logits[fold == each] = model.predict(block, raw_score=True, num_threads=1)
        else:
            logits[fold == each] = model.logits(block, hours[fold == each])
    return 1 / (1 + np.exp(-logits))


def stable(of: Round, count: int) -> np.ndarray:
    """Rows at 24 h of stays of 2012 with a MAP of 70 to 100 mmHg, NEWS2 of at most 4, and a GCS and potassium once seen. Shape [count]."""
    rows = of.rows
    names = rows.about["scoreNames"]
    news2, pressure = (rows.scores[:, names.index(each)] for each in ("news2", "map"))
    fits = (np.abs(rows.hours - 24) < 1e-3) & ~rows.is_moment & is_from(rows, "2012") & (of.fold_of_rows() >= 0)
    chosen = np.flatnonzero(fits & (news2 <= 4) & (pressure >= 70) & (pressure <= 100))
    return chosen[:: max(1, len(chosen) // count)][:count]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--variant", nargs="*", default=["trees", "linear", "both"])
    parser.add_argument("--stays", type=int, default=300)
    arguments = parser.parse_args()
    of = open_round(arguments.config)
    chosen = stable(of, arguments.stays)
    x, hours, fold = of.rows.x(chosen), of.rows.hours[chosen], of.fold_of_rows()[chosen]
    result = {"stays": len(chosen), "held": {}, "sweeps": {}}
    fitted = [each for each in OUTPUTS if (of.folder / f"{each}-trees.pkl").exists()]
    for variant in arguments.variant:
        ready = [each for each in fitted if variant == "both" or (of.folder / f"{each}-{variant}.pkl").exists()]
        for sign, value, normal, match in SIGNS:
            bad, good = changed(of, x, sign, value), changed(of, x, sign, normal)
            risks = {each: [probabilities(of, each, variant, rows, hours, fold) for rows in (bad, good)] for each in ready}
            moved = {each: round(float((high - low).mean()), 4) for each, (high, low) in risks.items()}
            result["held"][f"{variant} {sign} {value:g}"] = {"match": match, **moved}
            print(variant, sign, value, match, moved, flush=True)
        for sign, (start, end) in SWEEPS.items():
            for output in ready:
                runs = np.stack([probabilities(of, output, variant, changed(of, x, sign, value), hours, fold) for value in np.linspace(start, end, STEPS)])
                falls = np.maximum.accumulate(runs, 0) - runs
                result["sweeps"][f"{variant} {sign} {output}"] = {"worstFall": round(float(falls.max()), 4), "share": round(float((falls.max(0) > 0.005).mean()), 4)}
        (of.folder / "interventions.json").write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
