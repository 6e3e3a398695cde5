"""
Attention over hours and modalities that no worse sign can turn into a lower risk. What is measured (the values) passes only through weights that are
not negative and activations that rise; what was measured when (the context: ages, counts, what is missing, the person, and variables without a direction)
is free, and is all that queries and keys are made of. So a sign that gets worse moves what is attended to, never where attention goes.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .columns import Columns

MASKED = -1e9
# Tokens of a step, one a modality; each attends over its own past.
MODALITIES = ["vital", "lab"]
# Quantities made of laboratory values; others are of vital signs.
LAB_QUANTITIES = ("derived.pfRatio", "derived.sfRatio", "derived.ureaCreatinine")


@dataclass(frozen=True)
class Inputs:
    """Which columns are values of a modality, oriented so that more is worse, and which are context. Places among the columns."""

    values: list[np.ndarray]
    signs: list[np.ndarray]
    context: np.ndarray
    # One column of each variable, whose being known is context too.
    known: np.ndarray

    @staticmethod
    def of(columns: Columns, kinds: dict) -> "Inputs":
        directed = [place for place, each in enumerate(columns.columns) if each.direction != 0]

        def modality(name: str) -> str:
            base = name.split(":")[0]
            if base.startswith("derived."):
                return "lab" if base.startswith(LAB_QUANTITIES) else "vital"
            return kinds.get(base.split(".")[0], "vital")

        values = [np.array([place for place in directed if modality(columns.columns[place].name) == each]) for each in MODALITIES]
        signs = [columns.directions[places].astype(np.float32) for places in values]
        context = np.array([place for place, each in enumerate(columns.columns) if each.direction == 0])
        known = np.array([place for place, each in enumerate(columns.columns) if each.name.endswith(".age")])
        return Inputs(values, signs, context, known)


class Rising(nn.Module):
    """Linear with weights that are not negative. [..., inputs] -> [..., outputs]"""

    def __init__(self, inputs: int, outputs: int, spread: float):
        super().__init__()
        self.root = nn.Parameter(torch.randn(outputs, inputs) * spread)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.root.abs())


def rise(x: Tensor) -> Tensor:
    """Rises everywhere: a third of the units bends up, a third bends down, a third levels off (after Runje & Shankaranarayana, ICML 2023)."""
    up, down, level = torch.chunk(x, 3, -1)
    return torch.cat([F.elu(up), -F.elu(-down), torch.tanh(level)], -1)


class MonotoneAttention(nn.Module):
    """Columns [B, S, columns], missing as 0, and which variables are known [B, S, variables], to logits [B, S, outputs]."""

    def __init__(self, inputs: Inputs, steps: int, outputs: int, width: int, context: int, heads: int, headWidth: int, dropout: float, inputDropout: float):
        super().__init__()
        self.steps, self.heads, self.head_width = steps, heads, headWidth
        for index, (places, signs) in enumerate(zip(inputs.values, inputs.signs)):
            self.register_buffer(f"places{index}", torch.from_numpy(places))
            self.register_buffer(f"signs{index}", torch.from_numpy(signs))
        self.register_buffer("context_places", torch.from_numpy(inputs.context))
        size = heads * headWidth
        self.cache_width = size
        self.input_dropout = nn.Dropout(inputDropout)
        self.dropout = nn.Dropout(dropout)
        self.context = nn.Sequential(nn.Linear(len(inputs.context) + len(inputs.known), 2 * context), nn.GELU(), nn.Dropout(dropout), nn.Linear(2 * context, context), nn.GELU())
        modalities = range(len(inputs.values))
        self.embed = nn.ModuleList(Rising(len(inputs.values[each]), width, 0.02) for each in modalities)
        self.offset = nn.ModuleList(nn.Linear(context, width) for _ in modalities)
        self.gate = nn.ModuleList(nn.Linear(context, width) for _ in modalities)
        self.query = nn.ModuleList(nn.Linear(context, size) for _ in modalities)
        self.key = nn.ModuleList(nn.Linear(context, size) for _ in modalities)
        self.value = nn.ModuleList(Rising(width, size, 0.03) for _ in modalities)
        self.value_context = nn.ModuleList(nn.Linear(context, size) for _ in modalities)
        self.now = nn.ModuleList(Rising(width, width, 0.03) for _ in modalities)
        self.past = nn.ModuleList(Rising(size, width, 0.03) for _ in modalities)
        self.share = nn.Linear(context, len(inputs.values))
        self.joint = nn.Linear(context, width)
        self.joint_gate = nn.Linear(context, width)
        self.head = Rising(width, outputs, 0.01)
        self.head_context = nn.Linear(context, outputs)
        # Attention bias by distance in steps: a row a distance, the last row is the mask.
        self.bias = nn.ParameterList(nn.Parameter(-0.05 * torch.arange(steps).float()[:, None].repeat(1, heads)) for _ in modalities)

    def table(self, modality: int) -> Tensor:
        bias = self.bias[modality]
        return torch.cat([bias, torch.full_like(bias[:1], MASKED)])

    def parts(self, x: Tensor, known: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The context, and of each modality what its values say. [B, S, …]"""
        x = self.input_dropout(x)
        context = self.context(torch.cat([x[..., self.context_places], known], -1))
        said = []
        for each in range(len(self.embed)):
            values = x[..., getattr(self, f"places{each}")] * getattr(self, f"signs{each}")
            said.append(rise(self.embed[each](values) + self.offset[each](context)) * 2 * torch.sigmoid(self.gate[each](context)))
        return context, said

    def keys_values(self, each: int, context: Tensor, said: Tensor) -> tuple[Tensor, Tensor]:
        return self.key[each](context), self.value[each](said) + self.value_context[each](context)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
        """q [B, Q, W]; k, v [B, K, W]; bias [B or 1, heads, Q, K] -> [B, Q, W]"""
        split = lambda each: each.reshape(*each.shape[:2], self.heads, self.head_width).transpose(1, 2)
        weights = torch.softmax(split(q) @ split(k).transpose(2, 3) / self.head_width**0.5 + bias, -1)
        return (weights @ split(v)).transpose(1, 2).reshape(*q.shape[:2], -1)

    def meet(self, context: Tensor, said: list[Tensor], past: list[Tensor]) -> Tensor:
        """Modality tokens meet by attention whose shares follow from the context. [B, S, width]"""
        shares = torch.softmax(self.share(context), -1)
        tokens = [self.now[each](said[each]) + self.past[each](past[each]) for each in range(len(said))]
        fused = sum(shares[..., each : each + 1] * token for each, token in enumerate(tokens)) * len(tokens)
        return rise(fused + self.joint(context)) * 2 * torch.sigmoid(self.joint_gate(context))

    def fuse(self, context: Tensor, said: list[Tensor], past: list[Tensor]) -> Tensor:
        return self.head(self.dropout(self.meet(context, said, past))) + self.head_context(self.dropout(context))

    def forward(self, x: Tensor, known: Tensor) -> Tensor:
        return self.fuse(*self.over(x, known))

    def over(self, x: Tensor, known: Tensor) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """Of each hour the context, and of each modality what its values say now and what is attended to of them. [B, S, …]"""
        n = x.shape[1]
        distance = torch.arange(n)[:, None] - torch.arange(n)[None, :]
        age = torch.where((distance >= 0) & (distance < self.steps), distance, self.steps)
        context, said = self.parts(x, known)
        past = []
        for each in range(len(said)):
            k, v = self.keys_values(each, context, said[each])
            past.append(self.attend(self.query[each](context), k, v, self.table(each)[age].permute(2, 0, 1)[None]))
        return context, said, past

    def step(self, x: Tensor, known: Tensor, k: Tensor, v: Tensor, ages: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """
        One token a row: columns [B, columns], known [B, variables], cache k and v [B, modalities, slots, W], ages [B, slots + 1] with the token's own
        0 last -> logits [B, outputs], keys and values of the token [B, modalities, W].
        """
        context, said = self.parts(x[:, None], known[:, None])
        past, keys, values = [], [], []
        for each in range(len(said)):
            key, value = self.keys_values(each, context, said[each])
            keys.append(key)
            values.append(value)
            bias = F.embedding(ages, self.table(each)).permute(0, 2, 1)[:, :, None]
            past.append(self.attend(self.query[each](context), torch.cat([k[:, each], key], 1), torch.cat([v[:, each], value], 1), bias))
        return self.fuse(context, said, past)[:, 0], torch.cat(keys, 1), torch.cat(values, 1)
