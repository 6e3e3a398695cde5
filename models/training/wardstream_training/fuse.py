"""
Trains what notes and images change: `python -m wardstream_training.fuse --config configs/deterioration.json`, after `train`. No
public set pairs these patients with notes and images. So notes are those that `wardstream features --notes` wrote from the values
observed so far, and images are drawn from PneumoniaMNIST by the respiratory state of the hour. The structured components
stay as they are. Where vital signs are taken out of a stay's rows, the fusion learns to restore, from a note of the same stay, the
logits of the whole rows; where nothing is missing, it learns to change nothing, whatever the note says.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch.nn import functional as F

from .data import AGE, COUNT, MEAN, OUTPUTS, PER_VARIABLE, SEEN, Cohort, load_config
from .model import Fusion
from .stack import fit_stack, raw_of, terms_of
from .train import Run, optimise

# Vital signs are taken out for this many hours at most, and for the figures for this many.
LONGEST, TESTED = 12, 6


def without_vitals(cohort: Cohort, rows: np.ndarray, first: np.ndarray, vitals: list[str]) -> np.ndarray:
    """
    Rows [stays, steps, features] as if no vital sign had been charted from step `first` [stays] on: they stay as they were
    before, and age. Quantities derived from them stay too.
    """
    ids = [each["id"] for each in cohort.description["encoder"]["variables"]]
    gone = np.array([id in vitals for id in ids])
    columns = cohort.dropping[gone].any(0)
    result = rows.copy()
    for stay, start in enumerate(first):
        before = rows[stay, start - 1]
        result[stay, start:, columns] = before[columns][:, None]
        later = np.arange(1, rows.shape[1] - start + 1)
        for variable in np.flatnonzero(gone):
            at = variable * PER_VARIABLE
            result[stay, start:, at + MEAN] = result[stay, start:, at + COUNT] = 0
            if before[at + SEEN] > 0:
                result[stay, start:, at + AGE] = np.log1p(np.expm1(4 * before[at + AGE]) + later) / 4
    return result


class Documents:
    """Notes and images of the stays, as the newest known at the end of each step."""

    def __init__(self, run: Run):
        config, (stays, steps) = run.config, run.cohort.x.shape[:2]
        folder = Path(config["features"])
        description = json.loads((folder / "notes.json").read_text())
        self.text = np.fromfile(folder / "notes.f32", dtype="<f4").reshape(-1, description["size"])
        self.encoder = description["encoder"]
        self.newest = np.full((stays, steps), -1)
        self.age = np.zeros((stays, steps), dtype=np.float32)
        self.in_last_hours = np.zeros(stays, bool)
        for place, note in enumerate(description["notes"]):
            hour = note["minute"] / 60
            first = max(0, int(np.ceil(hour)) - 1)
            self.newest[note["stay"], first:] = place
            self.age[note["stay"], first:] = np.log1p(np.arange(first + 1, steps + 1) - hour) / 4
            self.in_last_hours[note["stay"]] |= steps - TESTED < hour <= steps
        self.images, self.image_is_ill = (np.load(Path(config["runs"]) / "images.npz")[key] for key in ("embedding", "ill"))
        self.respiratory = np.zeros((stays, steps), bool)
        for stay, events in enumerate(run.cohort.events["respiratoryFailure"]):
            for start, end in events:
                self.respiratory[stay, int(start) : int(np.ceil(end)) + 1] = True

    def text_rows(self, stays: np.ndarray, of: np.ndarray, shown: np.ndarray) -> np.ndarray:
        """Notes of the stays `of` as columns of the rows of `stays`; none where not `shown` [stays]. [stays, steps, size + 2]"""
        place = np.where(shown[:, None], self.newest[of], -1)
        known = (place >= 0).astype(np.float32)[..., None]
        return np.concatenate([self.text[np.maximum(place, 0)] * known, self.age[of][..., None] * known, known], 2)

    def image_rows(self, stays: np.ndarray, shown: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """An image of each stay at a random hour, ill or well by the respiratory state then. [stays, steps, size + 2]"""
        steps = self.newest.shape[1]
        rows = np.zeros((len(stays), steps, self.images.shape[1] + 2), dtype=np.float32)
        for row, stay in enumerate(stays):
            if not shown[row]:
                continue
            hour = int(rng.integers(1, steps))
            pool = np.flatnonzero(self.image_is_ill == self.respiratory[stay, hour])
            rows[row, hour:, :-2] = self.images[rng.choice(pool)]
            rows[row, hour:, -2] = np.log1p(np.arange(steps - hour) + 0.5) / 4
            rows[row, hour:, -1] = 1
        return rows


def new_fusion(run: Run, documents: Documents) -> Fusion:
    fusion = Fusion(run.cohort.x.shape[2], documents.text.shape[1], documents.images.shape[1], run.cohort.x.shape[1], len(OUTPUTS), **run.config["fusion"]["model"])
    fusion.standardise([documents.text, documents.images])
    return fusion


def fit_fusion(run: Run, documents: Documents, variants: list, whole: np.ndarray, train: np.ndarray, seed: int, epochs: int) -> Fusion:
    """
    `variants`: (rows, logits [stays, steps, outputs], wanted [stays, steps]) of stays without vitals; `whole`: logits of all rows as
    they are.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    options = run.config["fusion"]
    model = new_fusion(run, documents)
    averaged = new_fusion(run, documents).eval()
    shares = np.array([1.0, *[0.2] * (len(OUTPUTS) - 1)], dtype=np.float32)
    averaged.load_state_dict(model.state_dict())

    def loss_of(chosen: np.ndarray) -> torch.Tensor:
        rows, base, wanted = variants[rng.integers(len(variants))]
        intact = rng.random(len(chosen)) < options["intact"]
        # Of rows that miss nothing the note may be another patient's: the change to learn is none.
        of = np.where(intact & (rng.random(len(chosen)) < 0.5), rng.permutation(chosen), chosen)
        text = documents.text_rows(chosen, of, rng.random(len(chosen)) >= options["modalityDropout"])
        image = documents.image_rows(chosen, rng.random(len(chosen)) < options["imaged"], rng)
        x = np.where(intact[:, None, None], run.cohort.x[chosen], rows[chosen])
        target = np.where(intact[:, None, None], 0, whole[chosen] - base[chosen]).astype(np.float32)
        counts = np.where(intact[:, None], 0.2, wanted[chosen]).astype(np.float32)[..., None]
        logits = np.where(intact[:, None, None], whole[chosen], base[chosen]).astype(np.float32)
        change = model(torch.from_numpy(np.concatenate([x, text, image], 2)), torch.from_numpy(logits))
        error = F.smooth_l1_loss(change, torch.from_numpy(target), reduction="none", beta=0.5)
        return (error * torch.from_numpy(counts * shares)).sum() / counts.sum()

    optimise(model, averaged, train, epochs, run.config["training"] | options["training"], rng, loss_of)
    return averaged


def changes(fusion: Fusion, x: np.ndarray, logits: np.ndarray, documents: list[np.ndarray]) -> np.ndarray:
    """Change of the logits [stays, steps, outputs]."""
    with torch.no_grad():
        parts = np.array_split(np.arange(len(x)), max(1, len(x) // 64))
        rows = lambda part: torch.from_numpy(np.concatenate([x[part], *(each[part] for each in documents)], 2).astype(np.float32))
        return np.concatenate([fusion(rows(part), torch.from_numpy(logits[part])).numpy() for part in parts])


def images_of(run: Run) -> None:
    """Embeddings of PneumoniaMNIST's training images by the exported network, with its probability: images.npz."""
    import onnxruntime

    file = run.folder / "images.npz"
    if file.exists():
        return
    options = run.config["fusion"]["images"]
    base = Path(__file__).resolve().parent.parent
    data = np.load(base / options["data"])
    session = onnxruntime.InferenceSession(str(base / options["model"]))
    x = data["train_images"].astype(np.float32)[:, None] / 255
    name = session.get_inputs()[0].name
    parts = [session.run(["embedding", "probability"], {name: part}) for part in np.array_split(x, 20)]
    embedding, probability = (np.concatenate(each) for each in zip(*parts))
    np.savez(file, embedding=np.concatenate([embedding, probability.reshape(-1, 1)], 1).astype(np.float32), ill=data["train_labels"].reshape(-1) == 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--smoke", action="store_true", help="one pass")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    torch.set_num_threads(arguments.threads)
    if arguments.smoke:
        config["folds"] = 3
    run = Run(config)
    images_of(run)
    documents = Documents(run)
    cohort, vitals = run.cohort, run.cohort.description["vitals"]
    stays, steps = cohort.x.shape[:2]
    rng = np.random.default_rng(config["seed"])
    saved = np.load(run.folder / "out-of-fold.npz")
    stacks = [fit_stack(terms_of(saved["raw"], output).reshape(stays * steps, -1), run.labels[name].reshape(-1)) for output, name in enumerate(OUTPUTS)]
    logits_of = lambda raw: np.stack([terms_of(raw, output) @ stack for output, stack in enumerate(stacks)], 2).astype(np.float32)
    whole = logits_of(saved["raw"])

    def variant(name: str, first: np.ndarray, longest: int):
        file = run.folder / f"variant-{name}.npz"
        if file.exists():
            kept = np.load(file)
            return without_vitals(cohort, cohort.x, kept["first"], vitals), kept["z"], kept["w"]
        rows = without_vitals(cohort, cohort.x, first, vitals)
        step = np.arange(steps)[None]
        wanted = (step >= first[:, None]) & (step < first[:, None] + longest)
        raw = np.zeros_like(saved["raw"])
        for model in run.names()[:-1]:
            members = np.flatnonzero(run.fold == run.without(model)[0])
            raw[members] = raw_of(run, model, rows[members], wanted[members])
        run.say("rows without vitals scored")
        np.savez(file, first=first, z=logits_of(raw), w=wanted)
        return rows, logits_of(raw), wanted

    tested = variant("tested", np.full(stays, steps - TESTED), TESTED)
    variants = [variant("random", rng.integers(4, steps - TESTED, stays), LONGEST), tested]
    epochs = 1 if arguments.smoke else config["fusion"]["training"]["epochs"]
    half = np.zeros(stays, dtype=np.int64)
    half[np.random.default_rng(config["seed"] + 1).permutation(stays)[: stays // 2]] = 1
    everyone = np.arange(stays)
    shown, own = np.ones(stays, bool), documents.text_rows(everyone, everyone, np.ones(stays, bool))
    other = documents.text_rows(everyone, rng.permutation(everyone), shown)
    none = np.zeros((stays, steps, documents.images.shape[1] + 2), dtype=np.float32)
    images = documents.image_rows(everyone, shown, rng)
    cases = {
        "whole": (cohort.x, whole, None),
        "wholeOwnNote": (cohort.x, whole, [own, none]),
        "wholeOtherNote": (cohort.x, whole, [other, none]),
        "wholeImage": (cohort.x, whole, [own * 0, images]),
        "withoutVitals": (tested[0], tested[1], None),
        "withoutVitalsOwnNote": (tested[0], tested[1], [own, none]),
        "withoutVitalsOtherNote": (tested[0], tested[1], [other, none]),
        "withoutVitalsImage": (tested[0], tested[1], [own * 0, images]),
    }
    scores = {name: base[:, -TESTED:].copy() for name, (_, base, _) in cases.items()}
    for each in (0, 1):
        test = np.flatnonzero(half == each)
        fusion = fit_fusion(run, documents, variants, whole, np.flatnonzero(half != each), config["seed"] + each, epochs)
        run.say(f"half {each}")
        for name, (rows, base, given) in cases.items():
            if given is not None:
                scores[name][test] += changes(fusion, rows[test], base[test], [part[test] for part in given])[:, -TESTED:]
    noted = documents.in_last_hours
    result = {"stays": int(noted.sum()), "hours": TESTED, "auroc": {}}
    for name, values in scores.items():
        row = {"mortality": roc_auc_score(cohort.died[noted], values[noted, -1, 0])}
        for output, endpoint in enumerate(OUTPUTS[1:], 1):
            # Hours near the end say little of what comes after it; of those before, the last that is known.
            label = run.labels[endpoint][:, -TESTED:]
            known = ~np.isnan(label) & noted[:, None]
            if known.any() and 0 < label[known].mean() < 1:
                row[endpoint] = roc_auc_score(label[known], values[..., output][known])
        result["auroc"][name] = {key: round(float(value), 4) for key, value in row.items()}
        print(name, result["auroc"][name], flush=True)
    (run.folder / "fusion.json").write_text(json.dumps(result, indent=2) + "\n")
    np.savez(run.folder / "fusion-scores.npz", noted=noted, **{name: values.astype(np.float32) for name, values in scores.items()})
    fusion = fit_fusion(run, documents, variants, whole, everyone, config["seed"] + 2, epochs)
    torch.save(fusion.state_dict(), run.folder / "fusion.pt")


if __name__ == "__main__":
    main()
