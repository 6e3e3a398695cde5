"""The chest X-ray network: a small residual CNN on 28 × 28 grey pixels, and the augmentation it is trained under."""

import torch
from torch import Tensor, nn
from torch.nn import functional

SIZE = 28


class Residual(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(width)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        hidden = functional.relu(self.first_norm(self.first(x)))
        return functional.relu(x + self.second_norm(self.second(hidden)))


class ImageNet28(nn.Module):
    """Pixels [n, 1, 28, 28], 0 black to 1 white, to embedding [n, 32] (within −1 to 1) and logit [n]."""

    def __init__(self, widths: list[int], embedding: int, dropout: float):
        super().__init__()
        stem, middle, deep = widths
        self.features = nn.Sequential(
            nn.Conv2d(1, stem, 3, padding=1, bias=False),
            nn.BatchNorm2d(stem),
            nn.ReLU(),
            nn.Conv2d(stem, middle, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(middle),
            nn.ReLU(),
            Residual(middle),
            nn.Conv2d(middle, deep, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(deep),
            nn.ReLU(),
            Residual(deep),
            Residual(deep),
        )
        self.dropout = nn.Dropout(dropout)
        self.embed = nn.Linear(2 * deep, embedding)
        self.finding = nn.Linear(embedding, 1)

    def embedding(self, pixels: Tensor) -> Tensor:
        hidden = self.features(standardise(pixels))
        pooled = torch.cat([hidden.mean((2, 3)), hidden.amax((2, 3))], 1)
        return torch.tanh(self.embed(self.dropout(pooled)))

    def forward(self, pixels: Tensor) -> Tensor:
        return self.finding(self.embedding(pixels))[:, 0]


def standardise(pixels: Tensor) -> Tensor:
    """Each picture to mean 0 and spread 1: exposure and window differ from device to device. A blank one stays 0."""
    centred = pixels - pixels.mean((2, 3), keepdim=True)
    return centred / ((centred * centred).mean((2, 3), keepdim=True).sqrt() + 1e-3)


class ImageGraph(nn.Module):
    """What is exported: the mean over the picture and its mirror image; the probability at a prior of one half."""

    def __init__(self, network: ImageNet28, temperature: float):
        super().__init__()
        self.network = network
        self.temperature = temperature

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        embedding = (self.network.embedding(pixels) + self.network.embedding(pixels.flip(3))) / 2
        return embedding, torch.sigmoid(self.network.finding(embedding)[:, 0] / self.temperature)


def augment(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """
    The picture as another hospital might have sent it: moved, turned, mirrored, windowed, unevenly exposed, blurred,
    noisy, with a part covered. Shape as given, [n, 1, 28, 28].
    """
    count = len(pixels)

    def between(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(shape or (count,), generator=generator)

    def normal(scale: float, *shape: int) -> Tensor:
        return scale * torch.randn(shape or (count,), generator=generator)

    def chance(share: float) -> Tensor:
        return (torch.rand(count, generator=generator) < share).float()[:, None, None, None]

    angle, zoom, stretch = normal(0.12), torch.exp(normal(0.12)), torch.exp(normal(0.07))
    mirror = torch.sign(between(-1, 1))
    matrix = torch.zeros(count, 2, 3)
    matrix[:, 0, 0] = torch.cos(angle) * zoom * stretch * mirror
    matrix[:, 0, 1] = -torch.sin(angle) * zoom
    matrix[:, 1, 0] = torch.sin(angle) * zoom * mirror
    matrix[:, 1, 1] = torch.cos(angle) * zoom / stretch
    matrix[:, :, 2] = normal(0.08, count, 2)
    grid = functional.affine_grid(matrix, list(pixels.shape), align_corners=False)
    out = functional.grid_sample(pixels, grid, padding_mode="border", align_corners=False)

    blurred = functional.avg_pool2d(functional.pad(out, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    # From a blurred picture (negative) to one that was sharpened (positive).
    out = out + chance(0.6) * between(-1, 1.2)[:, None, None, None] * (out - blurred)
    field = functional.interpolate(normal(0.12, count, 1, 3, 3), SIZE, mode="bicubic", align_corners=True)
    out = out + chance(0.5) * field
    contrast, brightness = torch.exp(normal(0.3)), normal(0.12)
    out = (out - 0.5) * contrast[:, None, None, None] + 0.5 + brightness[:, None, None, None]
    out = out.clamp(0, 1) ** torch.exp(normal(0.35))[:, None, None, None]
    out = out + chance(0.6) * between(0, 0.08)[:, None, None, None] * torch.randn(out.shape, generator=generator)

    rows, columns = torch.arange(SIZE)[None, :, None], torch.arange(SIZE)[None, None, :]
    y, x = between(0, SIZE)[:, None, None], between(0, SIZE)[:, None, None]
    half = between(2, 5)[:, None, None]
    covered = (((rows - y).abs() < half) & ((columns - x).abs() < half)).float()[:, None] * chance(0.3)
    return (out * (1 - covered) + between(0, 1)[:, None, None, None] * covered).clamp(0, 1)
