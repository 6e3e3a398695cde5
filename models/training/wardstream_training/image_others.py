"""Pictures that are no upright frontal chest radiograph, made for training: [n, 1, 28, 28], 0 black to 1 white.

Two kinds of making: out of radiographs (turned, inverted, cut to a part, shuffled, with their phases scrambled) and drawn (limbs, slices,
shapes, waves, noise of every slope, flat). No real picture of anything else is used, so those that are can test what was learnt.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from .image_model import SIZE, augment

Random = torch.Generator


def between(low: float, high: float, count: int, random: Random) -> Tensor:
    """Uniform, shaped to multiply pictures."""
    return (low + (high - low) * torch.rand(count, generator=random))[:, None, None, None]


def stretch(pictures: Tensor) -> Tensor:
    """Each from black to white."""
    low, high = pictures.amin((2, 3), keepdim=True), pictures.amax((2, 3), keepdim=True)
    return (pictures - low) / (high - low + 1e-6)


def turned(chests: Tensor, random: Random) -> Tensor:
    """By 90, 180 or 270 degrees, or across a diagonal."""
    which = torch.randint(0, 5, (len(chests),), generator=random)
    views = torch.stack([*(torch.rot90(chests, turns, (2, 3)) for turns in (1, 2, 3)), chests.transpose(2, 3), chests.flip(2)])
    return views[which, torch.arange(len(chests))]


def tilted(chests: Tensor, random: Random) -> Tensor:
    """By 50 to 310 degrees."""
    angle = between(0.87, 5.41, len(chests), random)[:, 0, 0, 0]
    matrix = torch.zeros(len(chests), 2, 3)
    matrix[:, 0, 0], matrix[:, 0, 1] = torch.cos(angle), -torch.sin(angle)
    matrix[:, 1, 0], matrix[:, 1, 1] = torch.sin(angle), torch.cos(angle)
    return sampled(chests, matrix, "border")


def sampled(pictures: Tensor, matrix: Tensor, beyond: str) -> Tensor:
    grid = functional.affine_grid(matrix, list(pictures.shape), align_corners=False)
    return functional.grid_sample(pictures, grid, padding_mode=beyond, align_corners=False)


def inverted(chests: Tensor, random: Random) -> Tensor:
    return 1 - chests


def inverted_and_turned(chests: Tensor, random: Random) -> Tensor:
    return 1 - turned(chests, random)


def part(chests: Tensor, random: Random) -> Tensor:
    """A fifth to less than half of the width of one."""
    count = len(chests)
    zoom = between(0.2, 0.45, count, random)[:, 0, 0, 0]
    matrix = torch.zeros(count, 2, 3)
    matrix[:, 0, 0] = matrix[:, 1, 1] = zoom
    matrix[:, :, 2] = (2 * torch.rand(count, 2, generator=random) - 1) * (1 - zoom)[:, None]
    return sampled(chests, matrix, "border")


def far_away(chests: Tensor, random: Random) -> Tensor:
    """A small one somewhere on a dark or bright ground."""
    count = len(chests)
    zoom = between(2.2, 4, count, random)[:, 0, 0, 0]
    matrix = torch.zeros(count, 2, 3)
    matrix[:, 0, 0] = matrix[:, 1, 1] = zoom
    matrix[:, :, 2] = (2 * torch.rand(count, 2, generator=random) - 1) * (zoom - 1)[:, None]
    ground = between(0, 1, count, random)
    return sampled(chests - ground, matrix, "zeros") + ground


def shuffled(chests: Tensor, random: Random) -> Tensor:
    """Its parts in another order: of a grid of 2 or 4."""
    out = torch.empty_like(chests)
    for row in range(len(chests)):
        side = 2 if torch.rand(1, generator=random) < 0.5 else 4
        size = SIZE // side
        tiles = chests[row, 0].reshape(side, size, side, size).permute(0, 2, 1, 3).reshape(side * side, size, size)
        order = torch.randperm(side * side, generator=random)
        if bool((order == torch.arange(side * side)).all()):
            order = order.flip(0)
        out[row, 0] = tiles[order].reshape(side, side, size, size).permute(0, 2, 1, 3).reshape(SIZE, SIZE)
    return out


def scrambled(chests: Tensor, random: Random) -> Tensor:
    """The strength of every wave as it was, its phase by chance."""
    phases = torch.fft.rfft2(torch.rand(chests.shape, generator=random))
    return stretch(torch.fft.irfft2(torch.fft.rfft2(chests).abs() * phases / phases.abs().clamp(min=1e-6), s=(SIZE, SIZE)))


def grid(count: int, random: Random) -> tuple[Tensor, Tensor]:
    """Places of pixels, −1 to 1, in a frame that is turned and moved by chance."""
    line = torch.linspace(-1, 1, SIZE)
    y, x = torch.meshgrid(line, line, indexing="ij")
    angle = between(0, 6.283, count, random)
    x, y = x + between(-0.5, 0.5, count, random), y + between(-0.5, 0.5, count, random)
    return x * torch.cos(angle) - y * torch.sin(angle), x * torch.sin(angle) + y * torch.cos(angle)


def limbs(chests: Tensor, random: Random) -> Tensor:
    """One to three bones, hollow within, in soft tissue that narrows, on a dark ground: arms, legs, fingers."""
    count = len(chests)
    x, y = grid(count, random)
    narrowing = between(-0.35, 0.35, count, random)
    tissue = between(0.25, 0.9, count, random) * (1 + narrowing * y)
    out = between(0.15, 0.6, count, random) * torch.sigmoid((tissue - x.abs()) / between(0.02, 0.1, count, random))
    bones = torch.randint(1, 4, (count,), generator=random)
    for bone in range(3):
        centre = between(-0.6, 0.6, count, random) * tissue if bone > 0 else between(-0.15, 0.15, count, random)
        half = between(0.06, 0.3, count, random) * tissue * (1 + between(-0.3, 0.9, count, random) * y**2)
        edge = (x - centre).abs() / half.clamp(min=0.02)
        shape = torch.sigmoid((1 - edge) * 8) * (0.4 + 0.6 * (edge.clamp(max=1) ** between(1, 4, count, random)))
        out = out + (bones > bone).float()[:, None, None, None] * between(0.3, 0.9, count, random) * shape
    gap = torch.exp(-((y - between(-0.8, 0.8, count, random)) ** 2) / 0.004) * (torch.rand(count, generator=random) < 0.5).float()[:, None, None, None]
    return stretch(out * (1 - 0.6 * gap))


def slices(chests: Tensor, random: Random) -> Tensor:
    """An ellipse with a bright or dark rim and blobs within, on black: slices of CT and MR, and heads."""
    count = len(chests)
    x, y = grid(count, random)
    x, y = x * between(0.8, 1.8, count, random), y * between(0.8, 1.8, count, random)
    radius = torch.sqrt(x**2 + y**2) / between(0.7, 1.1, count, random)
    out = torch.sigmoid((1 - radius) * 25) * between(0.3, 0.7, count, random)
    out = out + between(-0.3, 0.8, count, random) * torch.exp(-((radius - 0.9) ** 2) / 0.005)
    for _ in range(5):
        wide, high = between(0.05, 0.4, count, random), between(0.05, 0.4, count, random)
        blob = torch.exp(-(((x - between(-0.6, 0.6, count, random)) / wide) ** 2) - ((y - between(-0.6, 0.6, count, random)) / high) ** 2)
        out = out + between(-0.6, 0.6, count, random) * blob * (radius < 1)
    return stretch(out)


def shapes(chests: Tensor, random: Random) -> Tensor:
    """Boxes and discs over one another: signs, drawings, screens."""
    count = len(chests)
    out = between(0, 1, count, random).expand(count, 1, SIZE, SIZE)
    for _ in range(7):
        x, y = grid(count, random)
        wide, high = between(0.05, 0.9, count, random), between(0.05, 0.9, count, random)
        round_one = (torch.rand(count, generator=random) < 0.5)[:, None, None, None]
        inside = torch.where(round_one, (x / wide) ** 2 + (y / high) ** 2 < 1, (x.abs() < wide) & (y.abs() < high))
        shown = inside & (torch.rand(count, generator=random) < 0.6)[:, None, None, None]
        out = torch.where(shown, between(0, 1, count, random), out)
    return out


def landscape(chests: Tensor, random: Random) -> Tensor:
    """Bright above and dark below or the other way round, with things in it: what photographs often are."""
    count = len(chests)
    line = torch.linspace(-1, 1, SIZE)[None, None, :, None]
    out = torch.sigmoid((between(-0.7, 0.7, count, random) - line) * between(1, 30, count, random)).expand(count, 1, SIZE, SIZE)
    sign = torch.sign(between(-1, 1, count, random))
    return stretch(sign * out + between(0.2, 1.2, count, random) * (shapes(chests, random) - 0.5) + between(0.1, 0.8, count, random) * (coloured(chests, random) - 0.5))


def waves(chests: Tensor, random: Random) -> Tensor:
    """Gradients, stripes, rings and boards."""
    count = len(chests)
    x, y = grid(count, random)
    kind = torch.randint(0, 5, (count,), generator=random)[:, None, None, None]
    pace = torch.exp(between(0, 3.2, count, random))
    radius = torch.sqrt(x**2 + y**2)
    hard = torch.sign(torch.sin(pace * x))
    choices = [torch.sin(pace * x), hard, torch.sin(pace * radius), hard * torch.sign(torch.sin(pace * y)), (x * between(-1, 1, count, random) + radius * between(-1, 1, count, random))]
    out = choices[0]
    for number, choice in enumerate(choices[1:], 1):
        out = torch.where(kind == number, choice, out)
    return stretch(out)


def coloured(chests: Tensor, random: Random) -> Tensor:
    """Noise whose power falls with the 0th to 4th power of the frequency; natural pictures have about the second."""
    count = len(chests)
    fy, fx = torch.fft.fftfreq(SIZE)[:, None], torch.fft.rfftfreq(SIZE)[None, :]
    frequency = torch.sqrt(fy**2 + fx**2).clamp(min=1 / SIZE)[None, None]
    noise = torch.fft.rfft2(torch.randn(count, 1, SIZE, SIZE, generator=random))
    return stretch(torch.fft.irfft2(noise * frequency ** -between(0, 2, count, random), s=(SIZE, SIZE)))


def flat(chests: Tensor, random: Random) -> Tensor:
    """Black, grey or white, clean or with a little noise."""
    count = len(chests)
    level = (between(-0.3, 1.3, count, random)).clamp(0, 1)
    return level + between(-0.05, 0.05, count, random).clamp(min=0) * torch.randn(chests.shape, generator=random)


def cut_out(chests: Tensor, random: Random) -> Tensor:
    """Half of one, the rest of something drawn."""
    drawn = shapes(chests, random)
    half = torch.zeros(1, 1, SIZE, SIZE)
    half[..., : SIZE // 2] = 1
    which = torch.randint(0, 4, (len(chests),), generator=random)
    masks = torch.stack([torch.rot90(half[0], turns, (1, 2)) for turns in range(4)])[which]
    return chests * masks + drawn * (1 - masks)


KINDS: tuple[Callable[[Tensor, Random], Tensor], ...] = (
    turned, turned, tilted, inverted, inverted_and_turned, part, far_away, shuffled, scrambled, limbs, limbs, slices, shapes, landscape, waves, coloured, flat, cut_out,
)  # fmt: skip


def others(chests: Tensor, random: Random) -> Tensor:
    """As many as there are `chests`: an equal part of each of KINDS; half of them as another device might have sent them."""
    made = torch.empty_like(chests)
    for rows, make in zip(torch.randperm(len(chests), generator=random).tensor_split(len(KINDS)), KINDS, strict=True):
        if len(rows) > 0:
            made[rows] = make(chests[rows], random)
    made = made.clamp(0, 1)
    sent = augment(made, random)
    plain = (torch.rand(len(made), generator=random) < 0.5)[:, None, None, None]
    return torch.where(plain, made, sent)
