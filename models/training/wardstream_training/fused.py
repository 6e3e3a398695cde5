"""
Writes the folder of the model with notes and images, and that of the reader it takes notes from: `export --fused`. The graph is the
fusion that `fuse` trained in front of the exported model of the same version, of which not a bit changes.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import compose

from .card import card, reader_card
from .fuse import Images, Notes, image_rows, new_fusions, readings_of, stale_rows, with_stated
from .model import MeanFusion, NoteReader, ReaderGraph
from .train import Run

OPSET = 17
# Notes of golden.json of the reader, of sentences that `features --notes` writes.
READ = [["Comatose, GCS 6, not following commands", "HR 128", "MAP 52"], ["Family updated"], ["A&O x3", "Voiding well"]]


def export_fused(config: dict) -> None:
    run = Run(config)
    notes, images = Notes(Path(config["features"]), *run.cohort.x.shape[:2]), Images(run)
    reader = NoteReader(notes.sentences.shape[1], run.cohort.variables, config["fusion"]["reader"]["width"])
    reader.load_state_dict(torch.load(run.folder / "reader.pt", weights_only=True))
    fusion = new_fusions(run, images)
    fusion.load_state_dict(torch.load(run.folder / "fusion.pt", weights_only=True))
    measured = json.loads((run.folder / "fusion.json").read_text())
    write_reader(config, run, notes, reader.eval(), measured)
    write_model(config, run, notes, images, reader, fusion.eval(), measured)


def write_reader(config: dict, run: Run, notes: Notes, reader: NoteReader, measured: dict) -> None:
    version, size = config["fusion"]["reader"]["version"], notes.sentences.shape[1]
    folder = Path(config["readers"]) / version
    folder.mkdir(parents=True, exist_ok=True)
    target, graph = folder / "model.onnx", ReaderGraph(reader).eval()
    to_onnx(graph, torch.zeros(3, size), target, "sentences", "reading")
    cases = []
    for texts in READ:
        # A tiny export may lack them.
        places = [notes.texts.index(each) for each in texts if each in notes.texts] or [0]
        with torch.no_grad():
            reading = graph(torch.from_numpy(notes.sentences[places])).numpy()
        reading = with_stated(reading[None], run.cohort, [[each for place in places for each in notes.stated[place]]])[0]
        cases.append({"sentences": [notes.texts[place] for place in places], "reading": reading.tolist()})
    variables = run.cohort.description["encoder"]["variables"]
    write(folder / "config.json", {"version": version, "sha256": sha256(target), "encoder": notes.encoder, "embedding": size, "variables": variables})
    write(folder / "golden.json", {"about": "Sentences of notes, what PyTorch reads in their embeddings, and what they state as numbers.", "cases": cases})
    write(folder / "metrics.json", {"r2": measured["reading"]})
    (folder / "card.md").write_text(reader_card(version, notes.encoder, measured["reading"], target.stat().st_size))
    print(folder)


def write_model(config: dict, run: Run, notes: Notes, images: Images, reader: NoteReader, fusion: MeanFusion, measured: dict) -> None:
    output = Path(config["output"])
    plain, version = output / config["version"], f"0-fusion-{config['fusion']['version']}-{config['version']}"
    folder = output / version
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "model.onnx"
    example = torch.zeros(2, sum(fusion.sizes))
    to_onnx(fusion, example, target, "x", "filled")
    onnx.save(joined(onnx.load(str(target)), onnx.load(str(plain / "model.onnx"))), str(target))
    onnx.checker.check_model(str(target))
    description = json.loads((plain / "config.json").read_text())
    names = description["featureNames"]
    for kind, size in (("text", fusion.sizes[1] - 2), ("image", fusion.sizes[2] - 2)):
        names = [*names, *(f"{kind}.{place}" for place in range(size)), f"{kind}.age", f"{kind}.seen"]
    text = {"size": fusion.sizes[1] - 2, "encoder": f"{notes.encoder}/reader-{config['fusion']['reader']['version']}"}
    encoder = description["encoder"] | {"modalities": {"text": text, "image": {"size": fusion.sizes[2] - 2}}}
    write(folder / "config.json", description | {"version": version, "channel": "experimental", "sha256": sha256(target), "featureNames": names, "encoder": encoder})
    step = onnxruntime.InferenceSession(str(plain / "model.onnx"))
    write(folder / "golden.json", golden(run, notes, images, reader, fusion, step, description), None)
    metrics = json.loads((plain / "metrics.json").read_text()) | {"fusion": measured}
    write(folder / "metrics.json", metrics)
    (folder / "card.md").write_text(card(config | {"version": version}, metrics, True))
    print(folder)


def joined(fusion: onnx.ModelProto, step: onnx.ModelProto) -> onnx.ModelProto:
    """One graph: what `fusion` gives is what `step` takes as its rows."""
    fusion = compose.add_prefix(fusion, "fusion/", rename_inputs=False, rename_outputs=False)
    for node in step.graph.node:
        for place, name in enumerate(node.input):
            if name == "x":
                node.input[place] = "filled"
    graph = onnx.helper.make_graph(
        [*fusion.graph.node, *step.graph.node],
        "step",
        [fusion.graph.input[0], *(each for each in step.graph.input if each.name != "x")],
        step.graph.output,
        [*fusion.graph.initializer, *step.graph.initializer],
    )
    return onnx.helper.make_model(graph, opset_imports=step.opset_import, ir_version=step.ir_version)


def golden(run: Run, notes: Notes, images: Images, reader: NoteReader, fusion: MeanFusion, step: onnxruntime.InferenceSession, shape: dict) -> dict:
    """
    The first hours of one stay, token by token: at first without a document, then with a note while nothing is missing, then
    without vital signs, at last with an image too. The fusion is PyTorch's; the exported model runs on what it gives.
    """
    count, layers, slots, width = 7, shape["layers"], shape["steps"], shape["width"]
    stays = np.zeros(count, dtype=np.int64)
    rows = run.cohort.x[stays, np.arange(count)].copy()
    rows[3:] = stale_rows(run.cohort, stays[3:], stays[3:] + 3, np.arange(3, count))
    reading = readings_of(reader, notes, run.cohort)[:1]
    age = np.log1p(np.full((count, 1), 0.5)) / 4
    text = np.concatenate([np.repeat(reading, count, 0), age, np.ones((count, 1))], 1)
    text[0] = 0
    image = image_rows(np.repeat(images.embedding[:1], count, 0), np.full(count, 0.5), np.arange(count) == count - 1)
    x = torch.from_numpy(np.concatenate([rows, text, image], 1).astype(np.float32))
    k, v = np.zeros((1, layers, slots, width), np.float32), np.zeros((1, layers, slots, width), np.float32)
    cases = []
    for place, row in enumerate(x):
        age = np.array([[place - slot if slot < place else slots for slot in range(slots)]], dtype=np.int32)
        with torch.no_grad():
            given = fusion(row[None]).numpy()
        logit, new_k, new_v = step.run(["logit", "newK", "newV"], {"x": given, "k": k, "v": v, "age": age})
        cases.append({
            "x": [float(f"{value:.9g}") for value in row.tolist()], "logit": logit[0].tolist(),
            "newK": new_k[0].flatten().tolist(), "newV": new_v[0].flatten().tolist(),
        })
        k[:, :, place], v[:, :, place] = new_k, new_v
    about = "Consecutive steps of one stay, the vital signs taken out of the last four; the cache of a case holds the steps before it."
    return {"about": about, "cases": cases}


def to_onnx(graph: torch.nn.Module, example: torch.Tensor, target: Path, given: str, result: str) -> None:
    """One input and one output; the number of rows is free."""
    axes = {given: {0: "batch"}} | ({} if isinstance(graph, ReaderGraph) else {result: {0: "batch"}})
    with torch.no_grad():
        torch.onnx.export(graph, example, str(target), input_names=[given], output_names=[result], dynamic_axes=axes, opset_version=OPSET, dynamo=False)
    onnx.checker.check_model(str(target))


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def write(file: Path, value: dict, indent: int | None = 1) -> None:
    file.write_text(json.dumps(value, indent=indent) + "\n")
