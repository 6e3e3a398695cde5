"""
Trains what notes and images change: `python -m wardstream_training.fuse --config configs/deterioration.json`, after `train`. No
public set pairs these patients with notes and images. So notes are those that `wardstream features --notes` wrote from the values
observed so far, and images are drawn from PneumoniaMNIST by the respiratory state of the hour. The structured model stays as it
is. A reader learns to tell the values of the hour from the sentences of a note; fusions learn to fill, in rows whose vital signs
were taken out for some hours, what is missing, from the reading of the newest note and the newest image, and rows are filled by their mean.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from .baselines import linear_knots
from .data import AGE, COUNT, MEAN, PER_VARIABLE, SEEN, Cohort, load_config
from .evaluate import weighted_auroc
from .model import Fusion, MeanFusion, NoteReader
from .stack import fit_stack, raw_of, terms_of
from .train import Run, descend, linear_module

# Vital signs are taken out for this many hours at most, and for the figures for this many.
LONGEST, TESTED = 8, 6
# A note is new if it is at most so many hours old.
NEW = 2
# A value charted longer ago, in hours, is not what a note tells.
OLDEST_TOLD = 8.0
# Share of the notes in training that are another patient's.
CONTRADICTING = 0.1
# An embedding's unit, as in src/events/encoding.ts.
UNIT = 32_767


def vital_columns(cohort: Cohort) -> np.ndarray:
    """Columns that vital signs make, also those of quantities derived from them."""
    return np.flatnonzero(cohort.dropping[vital_places(cohort)].any(0))


def vital_places(cohort: Cohort) -> np.ndarray:
    return np.flatnonzero([each["id"] in cohort.description["vitals"] for each in cohort.description["encoder"]["variables"]])


def stale_rows(cohort: Cohort, stays: np.ndarray, first: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """
    The row of each of `stays` at one of its `steps` as if no vital sign had been charted from step `first` on: what vital signs
    make stays as it was before, and ages. All [N]; result [N, features].
    """
    rows, before = cohort.x[stays, steps].copy(), cohort.x[stays, first - 1]
    columns = vital_columns(cohort)
    rows[:, columns] = before[:, columns]
    at = vital_places(cohort) * PER_VARIABLE
    rows[:, at + MEAN] = rows[:, at + COUNT] = 0
    later = (steps - first + 1)[:, None]
    rows[:, at + AGE] = np.where(before[:, at + SEEN] > 0, np.log1p(np.expm1(4 * before[:, at + AGE]) + later) / 4, before[:, at + AGE])
    return rows


def without_vitals(cohort: Cohort, first: int) -> np.ndarray:
    """All rows [stays, steps, features] without the vital signs from step `first` on."""
    result = cohort.x.copy()
    stays = np.arange(len(result))
    for step in range(first, result.shape[1]):
        result[:, step] = stale_rows(cohort, stays, np.full(len(stays), first), np.full(len(stays), step))
    return result


class Notes:
    """Notes of the stays: their sentences, and which note is the newest at the end of each step."""

    def __init__(self, folder: Path, stays: int, steps: int):
        description = json.loads((folder / "notes.json").read_text())
        notes = description["notes"]
        self.encoder, self.texts, self.stated = description["encoder"], description["sentences"], description["stated"]
        self.sentences = np.fromfile(folder / "sentences.f32", dtype="<f4").reshape(-1, description["size"])
        self.held = np.full((len(notes), max(len(each["sentences"]) for each in notes)), -1)
        for place, note in enumerate(notes):
            self.held[place, : len(note["sentences"])] = note["sentences"]
        self.stay = np.array([each["stay"] for each in notes])
        self.hour = np.array([each["minute"] for each in notes]) / 60
        self.newest = np.full((stays, steps), -1)
        for place, (stay, hour) in enumerate(zip(self.stay, self.hour)):
            self.newest[stay, max(0, int(np.ceil(hour)) - 1) :] = place

    def batch(self, notes: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Sentences [notes, longest, size] and which places hold one."""
        held = self.held[notes]
        held = held[:, : (held >= 0).sum(1).max()]
        return torch.from_numpy(self.sentences[np.maximum(held, 0)]), torch.from_numpy((held >= 0).astype(np.float32))

    def written_before(self, place: np.ndarray) -> np.ndarray:
        """Hour of each of the notes `place`; -1 where there is none (-1)."""
        return np.where(place >= 0, self.hour[place], -1)


class Images:
    """Embeddings of images of the ill and the well, to be drawn by the respiratory state of an hour."""

    def __init__(self, run: Run):
        self.embedding, ill = (np.load(run.folder / "images.npz")[key] for key in ("embedding", "ill"))
        self.pools = [np.flatnonzero(ill == state) for state in (False, True)]
        self.respiratory = np.zeros(run.cohort.x.shape[:2], bool)
        for stay, events in enumerate(run.cohort.events["respiratoryFailure"]):
            for start, end in events:
                self.respiratory[stay, int(start) : int(np.ceil(end)) + 1] = True

    def draw(self, stays: np.ndarray, steps: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Embedding of one image for each stay and step. [N, size]"""
        ill = self.respiratory[stays, steps]
        return self.embedding[np.where(ill, rng.choice(self.pools[1], len(stays)), rng.choice(self.pools[0], len(stays)))]


def optimise(model: torch.nn.Module, steps: int, rate: float, loss_of: Callable[[], torch.Tensor], say: Callable[[str], None]) -> None:
    """AdamW under one cycle of the learning rate."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.1)
    total = 0.0
    for step in range(1, steps + 1):
        total += descend(model, loss_of(), optimiser, schedule)
        if step % 500 == 0:
            say(f"  step {step} of {steps}, loss {total / 500:.4f}")
            total = 0.0


def told(cohort: Cohort, notes: Notes) -> tuple[np.ndarray, np.ndarray]:
    """Of each note the values of its hour, standardised, and which of them were charted lately. [notes, variables] each"""
    rows = cohort.x[notes.stay, np.minimum(cohort.x.shape[1] - 1, notes.hour.astype(int))]
    at = np.arange(cohort.variables) * PER_VARIABLE
    return rows[:, at], (rows[:, at + SEEN] > 0) & (np.expm1(4 * rows[:, at + AGE]) <= OLDEST_TOLD)


def fit_reader(run: Run, notes: Notes, train: np.ndarray, seed: int, passes: int) -> NoteReader:
    """Learns, from the notes of the stays `train`, the values of the hour and how sure they are (Gaussian likelihood)."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    options = run.config["fusion"]["reader"]
    reader = NoteReader(notes.sentences.shape[1], run.cohort.variables, options["width"])
    values, known = told(run.cohort, notes)
    places = np.flatnonzero(np.isin(notes.stay, train))

    def loss_of() -> torch.Tensor:
        chosen = rng.choice(places, options["batch"])
        value, spread = reader(*notes.batch(chosen))
        counts = torch.from_numpy(known[chosen].astype(np.float32))
        error = (torch.from_numpy(values[chosen]) - value) ** 2 * torch.exp(-spread) + spread
        return (error * counts).sum() / counts.sum().clamp(min=1) / 2

    optimise(reader, max(1, passes * len(places) // options["batch"]), options["learningRate"], loss_of, run.say)
    return reader.eval()


def with_stated(readings: np.ndarray, cohort: Cohort, stated: list[list]) -> np.ndarray:
    """
    Readings [notes, 2 * variables] with what the sentences of each state as numbers, (ids, value), in place of what was read of it; of two
    numbers the later one. As src/encoders/reader.ts does.
    """
    variables = cohort.description["encoder"]["variables"]
    places = {each["id"]: place for place, each in enumerate(variables)}
    result = readings.copy()
    for row, values in zip(result, stated):
        for ids, value in values:
            for place in (places[id] for id in ids if id in places):
                scaling = variables[place]
                transformed = np.log1p(max(0, value)) if scaling["transform"] == "log" else value
                row[place] = np.clip((transformed - scaling["center"]) / scaling["scale"] / NoteReader.CLIP, -1, 1)
                row[len(variables) + place] = 1
    return result


def readings_of(reader: NoteReader, notes: Notes, cohort: Cohort) -> np.ndarray:
    """Readings of all notes as the engine keeps them. [notes, 2 * variables]"""
    with torch.no_grad():
        parts = np.array_split(np.arange(len(notes.stay)), max(1, len(notes.stay) // 256))
        readings = np.concatenate([reader.reading(*notes.batch(part)).numpy() for part in parts])
    readings = with_stated(readings, cohort, [[each for place in held[held >= 0] for each in notes.stated[place]] for held in notes.held])
    return np.floor(readings * np.float64(UNIT) + 0.5).astype(np.float32) / np.float32(UNIT)


def reading_quality(cohort: Cohort, notes: Notes, readings: np.ndarray, test: np.ndarray) -> dict:
    """R² of each variable read from notes of the stays `test`, where at least 200 of them could tell it."""
    values, known = told(cohort, notes)
    result = {}
    for variable, each in enumerate(cohort.description["encoder"]["variables"]):
        rows = known[:, variable] & np.isin(notes.stay, test)
        spread = values[rows, variable].var() if rows.any() else 0
        if rows.sum() >= 200 and spread > 1e-6:
            error = (values[rows, variable] - NoteReader.CLIP * readings[rows, variable]) ** 2
            result[each["id"]] = round(float(1 - error.mean() / spread), 3)
    return result


def text_rows(notes: Notes, readings: np.ndarray, place: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Notes `place` (-1: none) as columns of rows at the end of `steps`. Both [N]; result [N, size + 2]."""
    seen = (place >= 0).astype(np.float32)[:, None]
    age = np.log1p(np.maximum(0, steps + 1 - notes.written_before(place)))[:, None] / 4
    return (np.concatenate([readings[place], age, np.ones_like(seen)], 1) * seen).astype(np.float32)


def image_rows(embedding: np.ndarray, hours: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Images `hours` old as columns of rows; none where not `shown`. [N, size + 2]"""
    seen = shown.astype(np.float32)[:, None]
    return (np.concatenate([embedding, np.log1p(hours)[:, None] / 4, np.ones_like(seen)], 1) * seen).astype(np.float32)


def new_fusions(run: Run, images: Images) -> MeanFusion:
    """Untrained, to take over trained weights."""
    return MeanFusion([new_fusion(run, images) for _ in range(run.config["fusion"]["members"])])


def new_fusion(run: Run, images: Images) -> Fusion:
    cohort = run.cohort
    fusion = Fusion(
        cohort.x.shape[2], cohort.variables, images.embedding.shape[1], vital_columns(cohort), vital_places(cohort), PER_VARIABLE, **run.config["fusion"]["model"],
    )
    fusion.standardise(images.embedding)
    return fusion


def fit_fusion(run: Run, notes: Notes, readings: np.ndarray, images: Images, train: np.ndarray, seed: int, steps: int) -> Fusion:
    """
    Learns, in rows of the stays `train` without vital signs for some hours, what the whole rows hold in their place, and
    above all what makes linear models of these stays say the same of them.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    cohort, options = run.cohort, run.config["fusion"]
    fusion = new_fusion(run, images)
    columns, window = vital_columns(cohort), cohort.x.shape[1]
    linear = linear_module(cohort, linear_knots(cohort, train, cohort.illness, **run.config["linear"]))

    def loss_of() -> torch.Tensor:
        count = options["training"]["batch"]
        stays, first = rng.choice(train, count), rng.integers(3, window - 1, count)
        step = np.minimum(window - 1, first + 1 + rng.integers(0, LONGEST, count))
        # A note may be another patient's: then it says nothing of this one, and the fusion learns to tell.
        writer = np.where(rng.random(count) < CONTRADICTING, rng.choice(train, count), stays)
        place = notes.newest[writer, step]
        place[(notes.written_before(place) <= first) | (rng.random(count) < options["modalityDropout"])] = -1
        imaged = rng.random(count) < options["imaged"]
        rows = stale_rows(cohort, stays, first, step)
        text = text_rows(notes, readings, place, step)
        image = image_rows(images.draw(stays, step, rng), rng.random(count) * (step + 1 - first), imaged)
        given, whole = torch.from_numpy(rows), torch.from_numpy(cohort.x[stays, step])
        change = fusion.change(given, torch.from_numpy(text), torch.from_numpy(image))
        counts = torch.from_numpy(((place >= 0) | imaged).astype(np.float32))
        error = F.smooth_l1_loss(change, (whole - given)[:, columns], reduction="none").mean(1)
        error = error + options["training"]["riskWeight"] * F.smooth_l1_loss(linear(fusion.changed(given, change)), linear(whole), reduction="none")
        return (error * counts).sum() / counts.sum().clamp(min=1)

    optimise(fusion, steps, options["training"]["learningRate"], loss_of, run.say)
    return fusion.eval()


def filled(fusion: MeanFusion, rows: np.ndarray, text: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Rows [N, steps, features] as the fusion leaves them; text and image [N, steps, …]."""
    result = np.empty_like(rows)
    with torch.no_grad():
        for part in np.array_split(np.arange(len(rows)), max(1, len(rows) // 64)):
            whole = np.concatenate([rows[part], text[part], image[part]], 2).reshape(len(part) * rows.shape[1], -1)
            result[part] = fusion(torch.from_numpy(whole)).numpy().reshape(len(part), *rows.shape[1:])
    return result


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


def mortality_at_end(run: Run) -> Callable[[np.ndarray], np.ndarray]:
    """Gives of rows [stays, steps, features] the logits of death at the last step, by models that did not see the stay's fold."""
    saved = np.load(run.folder / "out-of-fold.npz")["raw"]
    stays, steps = saved.shape[:2]
    stack = fit_stack(terms_of(saved, 0).reshape(stays * steps, -1), run.labels["mortality"].reshape(-1))
    wanted = np.zeros((stays, steps), bool)
    wanted[:, -1] = True

    def logits(rows: np.ndarray) -> np.ndarray:
        raw = np.zeros_like(saved)
        for name in run.names()[:-1]:
            members = np.flatnonzero(run.fold == run.without(name)[0])
            raw[members] = raw_of(run, name, rows[members], wanted[members])
        return terms_of(raw, 0)[:, -1] @ stack

    return logits


def cases(run: Run, notes: Notes, rng: np.random.Generator) -> dict:
    """(rows, notes [stays, steps], whether they say anything, whether images are shown) of each case of the figures."""
    cohort, none = run.cohort, np.full_like(notes.newest, -1)
    lost = without_vitals(cohort, cohort.x.shape[1] - TESTED)
    # Another patient's notes at the times they were written, among the stays with a note in the last hours.
    noted = np.flatnonzero(noted_lately(notes))
    other = notes.newest.copy()
    other[noted] = notes.newest[noted[np.roll(rng.permutation(len(noted)), 1)]]
    result = {}
    for name, rows in (("whole", cohort.x), ("lost", lost)):
        result |= {
            name: (rows, none, True, False),
            f"{name}OwnNote": (rows, notes.newest, True, False),
            f"{name}OtherNote": (rows, other, True, False),
            f"{name}EmptyNote": (rows, notes.newest, False, False),
            f"{name}Image": (rows, none, True, True),
        }
    return result


def noted_lately(notes: Notes) -> np.ndarray:
    """Stays with a note in the last hours of the window."""
    steps = notes.newest.shape[1]
    return notes.written_before(notes.newest[:, -1]) > steps - TESTED


def scores_of_cases(run: Run, notes: Notes, images: Images, all_cases: dict, fitted: list, half: np.ndarray, logits: Callable) -> dict:
    """Logits of death at the end [stays] of each case; `fitted` holds the readings and the fusion for each half of the stays."""
    stays, steps = run.cohort.x.shape[:2]
    rng = np.random.default_rng(run.config["seed"])
    at = np.tile(np.arange(steps), stays)
    # One image of each stay, in the last hours.
    taken = rng.integers(steps - TESTED + 1, steps, stays)
    embedding = np.repeat(images.draw(np.arange(stays), taken, rng), steps, 0)
    hours = at - np.repeat(taken, steps) + 0.5
    result = {}
    for name, (rows, place, speaks, imaged) in all_cases.items():
        outcome = rows.copy()
        if (place >= 0).any() or imaged:
            image = image_rows(embedding, np.maximum(0, hours), imaged & (hours > 0)).reshape(stays, steps, -1)
            for each, (readings, fusion) in enumerate(fitted):
                test = np.flatnonzero(half == each)
                text = text_rows(notes, readings * speaks, place.reshape(-1), at).reshape(stays, steps, -1)
                outcome[test] = filled(fusion, rows[test], text[test], image[test])
        result[name] = logits(outcome)
        run.say(f"{name}: {int((outcome != rows).any(2).sum())} rows changed")
    return result


def figures(run: Run, scores: dict, noted: np.ndarray, draws: int) -> dict:
    """AUROC of each case on the stays `noted`, restored share and harms with paired 95 % bootstrap intervals."""
    died = run.cohort.died[noted]
    rng = np.random.default_rng(run.config["seed"])
    # The first row of weights is the stays as they are.
    drawn = [np.bincount(rng.integers(0, len(died), len(died)), minlength=len(died)) for _ in range(draws)]
    weights = np.stack([np.ones(len(died)), *drawn]).astype(np.float64)
    auroc = {name: np.concatenate([weighted_auroc(died, each[noted], part) for part in np.array_split(weights, 10)]) for name, each in scores.items()}
    rows, loss = dict(auroc), auroc["whole"] - auroc["lost"]
    for name in ("OwnNote", "OtherNote", "EmptyNote", "Image"):
        rows[f"gainBy{name}"] = auroc[f"lost{name}"] - auroc["lost"]
        rows[f"gainOnWholeBy{name}"] = auroc[f"whole{name}"] - auroc["whole"]
        rows[f"restoredBy{name}"] = rows[f"gainBy{name}"] / np.where(loss == 0, np.nan, loss)
    interval = lambda each: [round(float(bound), 4) for bound in np.nanpercentile(each[1:], [2.5, 97.5])]
    return {name: {"value": round(float(each[0]), 4), "interval": interval(each)} for name, each in rows.items()}


def evaluate(run: Run, notes: Notes, images: Images, fitted: list, half: np.ndarray, logits: Callable) -> dict:
    noted = noted_lately(notes)
    all_cases = cases(run, notes, np.random.default_rng(run.config["seed"]))
    scores = scores_of_cases(run, notes, images, all_cases, fitted, half, logits)
    age = run.cohort.x.shape[1] - notes.hour[notes.newest[noted, -1]]
    new = noted.copy()
    new[noted] = age <= NEW
    result = {
        "hours": TESTED, "stays": int(noted.sum()), "deaths": int(run.cohort.died[noted].sum()), "noteAge": round(float(age.mean()), 2),
        "figures": figures(run, scores, noted, run.config["bootstrap"]),
        "newHours": NEW, "newStays": int(new.sum()),
        "newNotes": figures(run, scores, new, run.config["bootstrap"]),
    }
    quality = [reading_quality(run.cohort, notes, readings, np.flatnonzero(half == each)) for each, (readings, _) in enumerate(fitted)]
    result["reading"] = {name: round(float(np.mean([each.get(name, np.nan) for each in quality])), 3) for name in quality[0]}
    return result


def fit(run: Run, notes: Notes, images: Images, train: np.ndarray, seed: int, smoke: bool) -> tuple[NoteReader, np.ndarray, MeanFusion]:
    options = run.config["fusion"]
    reader = fit_reader(run, notes, train, seed, 1 if smoke else options["reader"]["passes"])
    readings, steps = readings_of(reader, notes, run.cohort), 5 if smoke else options["training"]["steps"]
    members = [fit_fusion(run, notes, readings, images, train, seed + 1000 * each, steps) for each in range(options["members"])]
    return reader, readings, MeanFusion(members)


def halves(run: Run) -> np.ndarray:
    """Half of each stay: what is fitted on one half is tested on the other. [stays]"""
    stays = len(run.cohort.died)
    half = np.zeros(stays, dtype=np.int64)
    half[np.random.default_rng(run.config["seed"] + 1).permutation(stays)[: stays // 2]] = 1
    return half


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--smoke", action="store_true", help="a few steps")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    config = load_config(arguments.config)
    torch.set_num_threads(arguments.threads)
    if arguments.smoke:
        config["folds"] = 3
    run = Run(config)
    images_of(run)
    notes, images = Notes(Path(config["features"]), *run.cohort.x.shape[:2]), Images(run)
    half = halves(run)
    fitted = []
    for each in (0, 1):
        _, readings, fusion = fit(run, notes, images, np.flatnonzero(half != each), config["seed"] + each, arguments.smoke)
        fitted.append((readings, fusion))
        run.say(f"half {each}")
    result = evaluate(run, notes, images, fitted, half, mortality_at_end(run))
    (run.folder / "fusion.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))
    reader, _, fusion = fit(run, notes, images, np.arange(len(half)), config["seed"] + 2, arguments.smoke)
    torch.save(reader.state_dict(), run.folder / "reader.pt")
    torch.save(fusion.state_dict(), run.folder / "fusion.pt")


if __name__ == "__main__":
    main()
