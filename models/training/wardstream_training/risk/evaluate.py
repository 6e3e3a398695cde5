"""
Figures of a round, out of fold: `python -m wardstream_training.risk.evaluate --config configs/risk.json [--final]`. Writes figures.json, or final.json of the
stays kept for one look at the end, which are in none of the others. Intervals are 95 % percentile bootstraps by stay; differences are of the same resamples.
"""

import argparse
import json

import numpy as np

from .baselines import logistic, out_of_fold, trees
from .calibration import expected_calibration_error
from .cohort import is_of_death
from .labels import ONSETS, OUTPUTS, onset, sepsis_onset
from .ranks import ascending
from .stack import Stack
from .train import Round, is_from, open_round, out_of_fold_attention, out_of_fold_regression, out_of_fold_trees
from .utility import normalised, sums

MANY_ROWS = 50_000
SUMMARY = ("last", "windowMean", "windowSd", "windowMin", "windowMax", "windowSteps", "first", "recent")


class Figures:
    """Of the stays of the folds, or, `final`, of those kept."""

    def __init__(self, of: Round, final: bool = False):
        self.of, self.rows = of, of.rows
        ends = of.sequences.ends
        fold = of.split.fold[of.rows.stay[ends]]
        # Places among the ends of hours, and among the rows.
        self.among = np.flatnonzero(fold < 0 if final else fold >= 0)
        self.scored = ends[self.among]
        self.stay = of.rows.stay[self.scored]
        self.hours = of.rows.hours[self.scored]
        self.fold = fold[self.among]
        self.final = final

    def variants(self, output: str) -> dict[str, np.ndarray]:
        """Logits of the model, of its parts, of all but attention, and of trees without directions where they were fitted. Shapes [scored]."""
        of = self.of
        found = {
            "model": of.once(f"logits-stack-{output}", lambda: Stack(of, output).logits()),
            "attention": out_of_fold_attention(of)[:, OUTPUTS.index(output)],
            "trees": out_of_fold_trees(of, output),
            "withoutAttention": of.once(f"logits-stack-{output}-without-attention", lambda: Stack(of, output, "attention").logits()),
        }
        if output == "death":
            found["regression"] = out_of_fold_regression(of)
        if (of.folder / f"logits-trees-unbound-{output}.pkl").exists():
            found["unboundTrees"] = out_of_fold_trees(of, output, True)
        return {name: logits[self.among].astype(np.float64) for name, logits in found.items()}

    def labels(self, output: str) -> np.ndarray:
        return self.of.labels(output)[self.scored].astype(np.float64)

    def at(self, hour: int) -> np.ndarray:
        """Places in `scored` of the stays of 2012 at an hour."""
        return np.flatnonzero(is_from(self.rows, "2012")[self.scored] & (np.abs(self.hours - hour) < 1e-3))

    def estimates(self, labels: np.ndarray, scores: dict[str, np.ndarray], stay: np.ndarray, against: tuple[str, ...] = ()) -> dict:
        """AUROC and AUPRC [value, low, high] of each score, and what the others are less those of `against`. Fewer resamples of many rows."""
        config = self.of.config
        resamples = config["bootstrap"] if len(labels) < MANY_ROWS else config["bootstrapOfMany"]
        rng = np.random.default_rng(config["seed"])
        places = np.unique(stay, return_inverse=True)[1]
        stays = places.max() + 1
        ranked = {name: Ranked(labels, score) for name, score in scores.items()}
        draws = {name: [] for name in scores}
        for _ in range(resamples):
            weight = np.bincount(rng.integers(0, stays, stays), minlength=stays)[places].astype(np.float64)
            for name, each in ranked.items():
                draws[name].append(each.figures(weight))
        values = {name: each.figures(np.ones(len(labels))) for name, each in ranked.items()}
        draws = {name: np.array(each) for name, each in draws.items()}
        found = {name: interval(values[name], draws[name]) for name in scores}
        less = {
            f"{name} less {other}": interval(values[name] - values[other], draws[name] - draws[other])
            for other in against if other in scores for name in scores if name not in against
        }
        return {"scores": found, "differences": less}

    def baselines(self, hour: int, labels: np.ndarray) -> dict[str, np.ndarray]:
        """Regression and trees of `baselines.py`, fitted on one hour's summaries on the same folds. Shapes [stays at the hour]."""
        at = self.at(hour)
        names = self.rows.names
        chosen = [place for place, name in enumerate(names) if name.split(".")[-1] in SUMMARY or name.startswith(("static.", "time."))]
        x = self.rows.x(self.scored[at])[:, chosen]
        file = self.of.folder / f"baselines-{hour}.npz"
        if not file.exists():
            fits = {"logisticRegression": logistic, "boostedTrees": trees}
            np.savez(file, **{name: out_of_fold(fit, x.astype(np.float64), labels[at], self.fold[at]) for name, fit in fits.items()})
        return dict(np.load(file))

    def death(self) -> dict:
        labels, variants = self.labels("death"), self.variants("death")
        probability = 1 / (1 + np.exp(-variants["model"]))
        result = {}
        for hour in self.of.config["hours"]:
            at = self.at(hour)
            bedside = {name: np.nan_to_num(self.rows.scores[self.scored[at], place].astype(np.float64), nan=-1) for place, name in enumerate(self.rows.about["scoreNames"]) if name in ("news2", "sofa")}
            scores = {name: each[at] for name, each in variants.items()} | bedside
            if not self.final:
                baselines = self.baselines(hour, labels)
                odds = [np.log(each / (1 - each)) for each in (np.clip(each, 1e-6, 1 - 1e-6) for each in baselines.values())]
                scores |= baselines | {"sumOfBoth": odds[0] + odds[1]}
            result[str(hour)] = self.estimates(labels[at], scores, self.stay[at], ("sumOfBoth", "trees", "attention", "withoutAttention", "unboundTrees", "news2"))
            result[str(hour)] |= {"stays": len(at), "deaths": int(labels[at].sum()), "ece": round(expected_calibration_error(labels[at], probability[at]), 4)}
            result[str(hour)]["eceOf"] = {
                name: round(expected_calibration_error(labels[at][members], probability[at][members]), 4) for name, members in self.subgroups(at).items() if members.sum() >= 300
            }
        return result

    def subgroups(self, at: np.ndarray) -> dict[str, np.ndarray]:
        """Who is of which sex, age and unit, where known. Shapes [at]."""
        names = self.rows.names
        x = self.rows.x(self.scored[at])
        column = lambda name: x[:, names.index(f"static.{name}")]
        age = column("age") * 17 + 64
        known = column("ageKnown") == 1
        groups = {"female": (column("sexKnown") == 1) & (column("sexMale") == 0), "male": column("sexMale") == 1}
        groups |= {name: known & (age >= low) & (age < high) for name, low, high in (("under 50", 0, 50), ("50 to 64", 50, 65), ("65 to 79", 65, 80), ("80 and over", 80, 200))}
        return groups | {name.removeprefix("static.unit."): x[:, place] == 1 for place, name in enumerate(names) if name.startswith("static.unit.")}

    def is_2012(self) -> np.ndarray:
        return is_from(self.rows, "2012")[self.scored]

    def onsets(self, name: str) -> dict:
        """Pooled over the ends of hours at which the label is known, by cohort, and of first onsets alone."""
        labels = self.labels(name)
        kinds = [("any", labels)]
        if name in ONSETS:
            kinds.append(("first", onset(self.rows, name, ("first",))[self.scored]))
        variants = self.variants(name)
        probability = 1 / (1 + np.exp(-variants["model"]))
        names = self.rows.about["scoreNames"]
        bedside = {each: np.nan_to_num(self.rows.scores[self.scored, names.index(each)].astype(np.float64), nan=-1) for each in ("news2",)}
        pressure = self.rows.scores[self.scored, names.index("map")].astype(np.float64)
        bedside["lowPressure"] = -np.where(np.isnan(pressure), 200, pressure)
        result = {}
        for cohort, members in (("2012", self.is_2012()), ("2019", ~self.is_2012())):
            for kind, of_kind in kinds:
                known = np.flatnonzero(members & ~np.isnan(of_kind))
                if len(known) == 0 or of_kind[known].sum() == 0:
                    continue
                scores = {each: values[known] for each, values in {**variants, **bedside}.items()}
                found = self.estimates(of_kind[known], scores, self.stay[known], ("trees", "attention", "withoutAttention", "unboundTrees", "news2"))
                found |= {"rows": len(known), "share": round(float(of_kind[known].mean()), 4), "ece": round(expected_calibration_error(of_kind[known], probability[known]), 4)}
                result[f"{cohort} {kind}"] = found
        return result

    def sepsis(self) -> dict:
        """By stay within the cohort, each fold's threshold the best of the other folds."""
        onset_at = np.array([sepsis_onset(each) for each in self.rows.stays])[self.stay]
        at = np.flatnonzero(~np.isnan(onset_at) & (self.hours >= self.first_value()[self.stay]))
        stays = len(self.rows.stays)
        labels = (self.hours[at] >= onset_at[at] - 6 - 1e-3).astype(np.float64)
        result = {}
        for name, logits in self.variants("sepsis").items():
            score = logits[at]
            called = np.zeros(len(at), bool)
            for each in np.unique(self.fold[at]):
                train = np.flatnonzero(self.fold[at] != each)
                thresholds = np.quantile(score[train], np.linspace(0.5, 0.995, 100))
                gained = [normalised(sums(self.hours[at][train], onset_at[at][train], score[train] >= t, self.stay[at][train], stays)) for t in thresholds]
                test = self.fold[at] == each
                called[test] = score[test] >= thresholds[int(np.argmax(gained))]
            of_stays = sums(self.hours[at], onset_at[at], called, self.stay[at], stays)[np.unique(self.stay[at])]
            rng = np.random.default_rng(self.of.config["seed"])
            draws = [normalised(of_stays[rng.integers(0, len(of_stays), len(of_stays))]) for _ in range(self.of.config["bootstrap"])]
            result[name] = {"utility": [round(float(each), 4) for each in (normalised(of_stays), *np.percentile(draws, [2.5, 97.5]))]}
            result[name] |= self.estimates(labels, {name: score}, self.stay[at])["scores"][name]
        upcoming = self.labels("sepsis")
        known = ~np.isnan(upcoming)
        result["ece"] = round(expected_calibration_error(upcoming[known], 1 / (1 + np.exp(-self.variants("sepsis")["model"][known]))), 4)
        return result | {"rows": len(at), "stays": int(len(np.unique(self.stay[at])))}

    def first_value(self) -> np.ndarray:
        """Hours at the first row with any value, of each stay. Before it the Challenge has no row to call at. Shape [stays]."""
        first = np.full(len(self.rows.stays), np.inf)
        places = [place for place, name in enumerate(self.rows.names) if name.endswith(".seen")]
        for part in np.array_split(np.flatnonzero(self.hours <= 12), 20):
            seen = self.rows.x(self.scored[part])[:, places].any(1)
            np.minimum.at(first, self.stay[part][seen], self.hours[part][seen])
        return first


class Ranked:
    """Rows [n] in the order of a score, sorted once for all resamples."""

    def __init__(self, labels: np.ndarray, score: np.ndarray):
        self.order, self.ends = ascending(-score)
        self.labels = labels[self.order]

    def figures(self, weight: np.ndarray) -> np.ndarray:
        """AUROC, ties counting half, and average precision, under a weight of each row."""
        of_row = weight[self.order]
        hits = np.cumsum(of_row * self.labels)[self.ends]
        all_ = np.cumsum(of_row)[self.ends]
        misses = all_ - hits
        gained, passed = np.diff(hits, prepend=0), np.diff(misses, prepend=0)
        auroc = (gained * (misses[-1] - misses + passed / 2)).sum() / (hits[-1] * misses[-1])
        precision = (gained * hits / np.maximum(all_, 1e-12)).sum() / hits[-1]
        return np.array([auroc, precision])


def interval(value: np.ndarray, draws: np.ndarray) -> dict:
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    return {name: [round(float(x[place]), 4) for x in (value, low, high)] for place, name in enumerate(("auroc", "auprc"))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--output", nargs="*", default=OUTPUTS, choices=OUTPUTS, help="only these; figures of the others stay as they are")
    parser.add_argument("--final", action="store_true", help="of the stays kept for one look, when nothing is chosen any more")
    arguments = parser.parse_args()
    of = open_round(arguments.config)
    figures = Figures(of, arguments.final)
    file = of.folder / ("final.json" if arguments.final else "figures.json")
    kept = of.split.fold < 0
    result = json.loads(file.read_text()) if file.exists() else {}
    result |= {
        "stays": {"groups": len({each["group"] for each in of.rows.stays}), "records": len(of.rows.stays), "keptRecords": int(kept.sum()),
                  "keptOf2012": int(sum(is_of_death(each) and fold < 0 for each, fold in zip(of.rows.stays, of.split.fold)))},
    }
    for name in arguments.output:
        # Of the stays kept only linked ones know sepsis, too few for a threshold.
        if arguments.final and name == "sepsis":
            continue
        result[name] = {"death": figures.death, "sepsis": figures.sepsis}.get(name, lambda: figures.onsets(name))()
        print(name, json.dumps(result[name]), flush=True)
        file.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
