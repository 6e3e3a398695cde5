"""What a graph gives for the first hours of one stay, as the product checks it."""

import numpy as np
import torch
from torch import nn

STEP_MS = 3_600_000


def golden(graph: nn.Module, x: np.ndarray, layers: int, slots: int, width: int) -> dict:
    """The first hours of one stay, token by token through the step graph: inputs and the logits and keys to expect."""
    k, v = torch.zeros(1, layers, slots, width), torch.zeros(1, layers, slots, width)
    cases = []
    for step, row in enumerate(x):
        age = torch.tensor([[step - slot if slot < step else slots for slot in range(slots)]], dtype=torch.int32)
        logit, new_k, new_v = graph(torch.from_numpy(row)[None], k, v, age)
        cases.append({"x": [float(f"{value:.9g}") for value in row], "logit": logit[0].tolist(), "newK": new_k[0].flatten().tolist(), "newV": new_v[0].flatten().tolist()})
        k[:, :, step], v[:, :, step] = new_k, new_v
    return {"about": "Consecutive steps of one stay; the cache of a case holds the steps before it.", "cases": cases}
