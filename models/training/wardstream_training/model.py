"""The causal transformer over hourly steps, and its step form with cached keys and values."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

MASKED = -1e9


class Layer(nn.Module):
    def __init__(self, width: int, heads: int, feed_forward: int, dropout: float, steps: int):
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.ff = nn.Sequential(nn.Linear(width, feed_forward), nn.GELU(), nn.Dropout(dropout), nn.Linear(feed_forward, width))
        self.dropout = nn.Dropout(dropout)
        # Attention bias by distance in steps: a row a distance, the last row is the mask.
        self.bias = nn.Parameter(-0.05 * torch.arange(steps).float()[:, None].repeat(1, heads))

    def table(self) -> Tensor:
        return torch.cat([self.bias, torch.full_like(self.bias[:1], MASKED)])

    def attend(self, q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
        """q [B, Q, W]; k, v [B, K, W]; bias [B or 1, heads, Q, K] -> [B, Q, W]"""
        b, n, w = q.shape
        split = lambda t: t.reshape(b, t.shape[1], self.heads, w // self.heads).transpose(1, 2)
        weights = split(q) @ split(k).transpose(2, 3) / (w // self.heads) ** 0.5 + bias
        return (torch.softmax(weights, -1) @ split(v)).transpose(1, 2).reshape(b, n, w)

    def finish(self, h: Tensor, attended: Tensor) -> Tensor:
        h = h + self.dropout(self.out(attended))
        return h + self.dropout(self.ff(self.norm2(h)))


class StepTransformer(nn.Module):
    """Hourly rows [B, S, F] to logits [B, S]; logits of a step use nothing later."""

    def __init__(self, features: int, steps: int, width: int, layers: int, heads: int, feedForward: int, dropout: float, inputDropout: float):
        super().__init__()
        self.steps = steps
        self.input_dropout = nn.Dropout(inputDropout)
        self.embed = nn.Sequential(nn.Linear(features, width), nn.LayerNorm(width), nn.GELU(), nn.Dropout(dropout))
        self.layers = nn.ModuleList(Layer(width, heads, feedForward, dropout, steps) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 1)
        # Calibration: logit -> scale * logit + offset.
        self.register_buffer("scale", torch.tensor(1.0))
        self.register_buffer("offset", torch.tensor(0.0))

    def forward(self, x: Tensor) -> Tensor:
        n = x.shape[1]
        distance = torch.arange(n)[:, None] - torch.arange(n)[None, :]
        age = torch.where((distance >= 0) & (distance < self.steps), distance, self.steps)
        h = self.embed(self.input_dropout(x))
        for layer in self.layers:
            q, k, v = layer.qkv(layer.norm1(h)).chunk(3, -1)
            bias = layer.table()[age].permute(2, 0, 1)[None]
            h = layer.finish(h, layer.attend(q, k, v, bias))
        return self.head(self.norm(h))[..., 0] * self.scale + self.offset


class StepGraph(nn.Module):
    """
    One token a row: x [B, F], cache k and v [B, layers, slots, W], age [B, slots] (distance in steps of each slot, 1 to
    slots - 1; `slots` where empty) to logit [B, 1], and the token's own keys and values [B, layers, W].
    """

    def __init__(self, model: StepTransformer):
        super().__init__()
        self.model = model

    def forward(self, x: Tensor, k: Tensor, v: Tensor, age: Tensor):
        model = self.model
        h = model.embed(x)[:, None]
        own = torch.zeros_like(age[:, :1])
        ages = torch.cat([age, own], 1)
        new_k, new_v = [], []
        for index, layer in enumerate(model.layers):
            q, key, value = layer.qkv(layer.norm1(h)).chunk(3, -1)
            new_k.append(key)
            new_v.append(value)
            bias = F.embedding(ages, layer.table()).permute(0, 2, 1)[:, :, None]
            attended = layer.attend(q, torch.cat([k[:, index], key], 1), torch.cat([v[:, index], value], 1), bias)
            h = layer.finish(h, attended)
        logit = model.head(model.norm(h))[:, 0] * model.scale + model.offset
        return logit, torch.cat(new_k, 1), torch.cat(new_v, 1)
