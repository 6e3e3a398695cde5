"""The ends of hours of each stay as sequences of columns, and the attention network's training on them."""

import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from .attention import Inputs, MonotoneAttention
from .cohort import Rows
from .columns import Columns
from .derived import DERIVED_FROM

CHUNK = 50_000
# What goes when its variables go, beside DERIVED_FROM.
MADE_OF = DERIVED_FROM | {"spo2Ratio": ["spo2", "fio2"], "on": ["fio2", "mechVent", "oxygenFlow"]}
# Whole groups that a hospital may lack; trained on with them missing together.
GROUPS = [
    ["gcs"], ["mechVent"], ["fio2"], ["spo2"], ["sbpCuff", "dbpCuff", "mapCuff"], ["sbpInvasive", "dbpInvasive", "mapInvasive"],
    ["ph", "paco2", "pao2", "sao2", "baseExcess"], ["lactate"], ["urine", "weight"], ["troponinT", "troponinI", "cholesterol"],
    ["bilirubin", "alp", "alt", "ast", "albumin"],
]


@dataclass(frozen=True)
class Sequences:
    x: np.ndarray  # [ends, columns], float16 on disk, missing as NaN
    ends: np.ndarray  # [ends], places of the ends of hours among the rows
    first: np.ndarray  # [stays + 1], where each stay's begin; -1 where it has none
    count: np.ndarray  # [stays]


def sequences_of(rows: Rows, columns: Columns, file: Path) -> Sequences:
    """Written once, since all columns of all hours do not change."""
    ends = np.flatnonzero(~rows.is_moment)
    shape = (len(ends), len(columns.columns))
    if not file.exists():
        part = file.with_suffix(".part")
        out = np.memmap(part, dtype="<f2", mode="w+", shape=shape)
        for start in range(0, len(ends), CHUNK):
            out[start : start + CHUNK] = columns.of(rows.x(ends[start : start + CHUNK]))
        out.flush()
        part.rename(file)
    x = np.memmap(file, dtype="<f2", mode="r", shape=shape)
    stay = rows.stay[ends]
    count = np.bincount(stay, minlength=len(rows.stays))
    first = np.searchsorted(stay, np.arange(len(rows.stays)))
    return Sequences(x, ends, first, count)


def columns_of_groups(columns: Columns, ids: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """What goes when a variable, and when a group goes: 1 where a column is made of it. Shapes [variables, columns], [groups, columns]."""
    made = []
    for each in columns.columns:
        base = each.name.split(":")[0].split(".")
        if base[0] in ("derived", "oxygen"):
            made.append(set(MADE_OF.get(base[1], [])))
        else:
            made.append({base[0]})
    table = lambda group: [bool(of & set(group)) for of in made]
    return np.array([table([id]) for id in ids]), np.array([table(group) for group in GROUPS])


def drawn_missing(tables: tuple[np.ndarray, np.ndarray], variable: float, group: float, rng: np.random.Generator, count: int) -> np.ndarray:
    """For so many rows or stays which columns go, where variables and groups go with these shares. Shape [count, columns]."""
    of_variable, of_group = tables
    gone = (rng.random((count, len(of_variable))) < variable) @ of_variable
    return gone | ((rng.random((count, len(of_group))) < group) @ of_group)


def windows(sequences: Sequences, stays: np.ndarray, starts: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Columns [B, steps, columns] from the hour `starts` [B] of stays on, NaN beyond their end, and the places of their ends [B, steps], -1 there."""
    at = sequences.first[stays, None] + starts[:, None] + np.arange(steps)
    inside = (starts[:, None] + np.arange(steps)) < sequences.count[stays, None]
    at = np.where(inside, at, -1)
    longest = int(inside.sum(1).max())
    x = np.full((len(stays), longest, sequences.x.shape[1]), np.nan, dtype=np.float32)
    for place in range(len(stays)):
        n = int(inside[place].sum())
        x[place, :n] = sequences.x[at[place, 0] : at[place, 0] + n]
    return x, at[:, :longest]


def fit_attention(
    sequences: Sequences, columns: Columns, kinds: dict, stays: np.ndarray, targets: np.ndarray, weight: np.ndarray, taskWeights: np.ndarray, ids: list[str], options: dict, seed: int, say=print, start: dict | None = None,
) -> MonotoneAttention:
    """Fits on stays [n] with targets [ends, outputs], 0 to 1 or NaN, and weights of stays [all], from weights `start` if given. Returns averaged weights."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    inputs = Inputs.of(columns, kinds)
    model = MonotoneAttention(inputs, options["steps"], targets.shape[1], **options["model"])
    if start is not None:
        model.load_state_dict(start)
    averaged = copy.deepcopy(model).eval()
    tables = columns_of_groups(columns, ids)
    optimiser = optimiser_of(model, options)
    is_known_of_first = ~np.isnan(targets[np.minimum(sequences.first, len(targets) - 1), 0])
    firsts = int(is_known_of_first[stays].sum())
    batches = -(-int(firsts + options["restShare"] * (len(stays) - firsts)) // options["batch"]) + 4
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, options["learningRate"], total_steps=options["epochs"] * batches, pct_start=0.15)
    tasks = torch.from_numpy(taskWeights.astype(np.float32))
    steps = options["steps"]
    # Bias of each head starts at the rate of its task.
    trained = np.concatenate([np.arange(sequences.first[stay], sequences.first[stay] + sequences.count[stay]) for stay in stays])
    rates = np.nanmean(targets[trained], 0)
    with torch.no_grad():
        model.head_context.bias.copy_(torch.from_numpy(np.log(rates / (1 - rates)).astype(np.float32)))
    for epoch in range(options["epochs"]):
        model.train()
        # Of stays of which only the lesser tasks are known, a share is drawn anew each pass.
        order = rng.permutation(stays[is_known_of_first[stays] | (rng.random(len(stays)) < options["restShare"])])
        total = 0.0
        for begin in range(0, len(order), options["batch"]):
            chosen = order[begin : begin + options["batch"]]
            later = np.maximum(0, sequences.count[chosen] - steps)
            starts = np.where(rng.random(len(chosen)) < options["laterShare"], rng.integers(0, later + 1), 0)
            x, at = windows(sequences, chosen, starts, steps)
            gone = drawn_missing(tables, options["variableDropout"], options["groupDropout"], rng, len(chosen))
            x = np.where(gone[:, None], columns.fills, x)
            known = torch.from_numpy((~np.isnan(x[..., inputs.known])).astype(np.float32))
            y = torch.from_numpy(np.where(at[..., None] >= 0, targets[np.maximum(at, 0)], np.nan).astype(np.float32))
            is_known = ~torch.isnan(y)
            logits = model(torch.from_numpy(np.nan_to_num(x, copy=False)), known)
            loss = F.binary_cross_entropy_with_logits(logits, torch.nan_to_num(y), reduction="none")
            share = torch.from_numpy(weight[chosen].astype(np.float32))[:, None, None] * is_known
            loss = ((loss * share).sum((0, 1)) / share.sum((0, 1)).clamp(min=1) * tasks).sum()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            if schedule.last_epoch < options["epochs"] * batches - 1:
                schedule.step()
            total += loss.item()
            with torch.no_grad():
                for slow, fast in zip(averaged.parameters(), model.parameters()):
                    slow.lerp_(fast, 1 - options["emaDecay"])
        say(f"    pass {epoch + 1}/{options['epochs']} loss {total / batches:.4f}")
    return averaged


def optimiser_of(model: torch.nn.Module, options: dict) -> torch.optim.Optimizer:
    """Weights decay; constants and what is told of distances do not."""
    is_kept = lambda name, p: p.ndim < 2 or "bias" in name
    rest = [p for name, p in model.named_parameters() if is_kept(name, p)]
    decayed = [p for name, p in model.named_parameters() if not is_kept(name, p)]
    return torch.optim.AdamW([{"params": decayed, "weight_decay": options["weightDecay"]}, {"params": rest, "weight_decay": 0.0}], lr=options["learningRate"])


def logits_of(model: MonotoneAttention, sequences: Sequences, inputs: Inputs, stays: np.ndarray, ends: int) -> np.ndarray:
    """Logits [ends, outputs] of every hour of the stays, NaN of others. Long stays in pieces that overlap by a whole window."""
    out = np.full((ends, model.head_context.out_features), np.nan, dtype=np.float32)
    span = 2 * model.steps
    pieces = [(stay, begin) for stay in stays for begin in range(0, max(1, sequences.count[stay] - model.steps), model.steps)]
    pieces.sort(key=lambda each: min(span, sequences.count[each[0]] - each[1]))
    with torch.no_grad():
        for begin in range(0, len(pieces), 64):
            chosen, starts = (np.array(each) for each in zip(*pieces[begin : begin + 64]))
            x, at = windows(sequences, chosen, starts, span)
            known = torch.from_numpy((~np.isnan(x[..., inputs.known])).astype(np.float32))
            logits = model(torch.from_numpy(np.nan_to_num(x, copy=False)), known).numpy()
            # What a later piece says of the first window has too short a past.
            is_full = (np.arange(at.shape[1]) >= np.where(starts > 0, model.steps - 1, 0)[:, None]) & (at >= 0)
            out[at[is_full]] = logits[is_full]
    return out
