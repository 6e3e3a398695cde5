"""A row comes out as it went in unless vital signs are lost; notes are read sentence by sentence, in any number of them."""

import numpy as np
import torch

from wardstream_training.data import AGE, COUNT, LAST, MEAN, SEEN, Cohort
from wardstream_training.fuse import stale_rows, with_stated, without_vitals
from wardstream_training.model import Fusion, MeanFusion, NoteReader, ReaderGraph

FEATURES, VARIABLES, IMAGE, PER = 26, 2, 3, 12


def new_fusion(*seeds: int) -> MeanFusion:
    """Of two variables, the first a vital sign; their weights are not 0, as they are before training."""
    fusions = []
    for seed in seeds or (0,):
        torch.manual_seed(seed)
        fusions.append(Fusion(FEATURES, VARIABLES, IMAGE, np.arange(PER), np.array([0]), PER, width=8, dropout=0.0).eval())
        for parameter in fusions[-1].parameters():
            torch.nn.init.normal_(parameter, std=0.3)
    return MeanFusion(fusions)


def row(vital_age: float, note_age: float | None = None, image_age: float | None = None) -> torch.Tensor:
    x = torch.randn(1, FEATURES)
    x[:, SEEN] = x[:, PER + SEEN] = 1
    x[:, AGE] = np.log1p(vital_age) / 4
    parts = [x]
    for size, age in ((2 * VARIABLES, note_age), (IMAGE, image_age)):
        document = torch.rand(1, size + 2) if age is not None else torch.zeros(1, size + 2)
        if age is not None:
            document[:, -2:] = torch.tensor([np.log1p(age) / 4, 1.0])
        parts.append(document)
    return torch.cat(parts, 1)


def test_only_rows_without_vital_signs_are_filled():
    fusion = new_fusion()
    same = lambda given: torch.equal(fusion(given), given[:, :FEATURES])
    with torch.no_grad():
        assert same(row(0.5, note_age=0.1)), "charted lately"
        assert same(row(5)), "nothing to fill from"
        assert same(row(5, note_age=6)), "the note is older than the chart"
        assert not same(row(5, note_age=1))
        assert not same(row(5, image_age=1))
        given = row(5, note_age=1, image_age=1)
        filled = fusion(given)
    assert torch.equal(filled[:, PER:], given[:, PER:FEATURES]), "only what vital signs make"
    assert (filled[:, :PER] != given[:, :PER]).all()


def test_a_note_that_tells_nothing_changes_nothing():
    fusion = new_fusion()
    given = row(5, note_age=1)
    given[:, FEATURES : FEATURES + 2 * VARIABLES] = 0
    with torch.no_grad():
        assert torch.equal(fusion(given), given[:, :FEATURES])


def test_a_modality_that_is_absent_has_no_say():
    fusion = new_fusion()
    given = row(5, note_age=1)
    other = given.clone()
    other[:, -IMAGE - 2 : -1] = 7  # all of the image but the column that says whether there is one
    with torch.no_grad():
        assert torch.allclose(fusion(given), fusion(other))


def test_rows_are_filled_by_the_mean_of_what_each_would_fill_in():
    fusions, mean = [new_fusion(0), new_fusion(1)], new_fusion(0, 1)
    given, untouched = row(5, note_age=1), row(0.5, note_age=0.1)
    with torch.no_grad():
        assert torch.allclose(mean(given), (fusions[0](given) + fusions[1](given)) / 2, atol=1e-6)
        assert torch.equal(mean(untouched), untouched[:, :FEATURES])


def test_a_reading_does_not_depend_on_what_is_read_beside_it():
    torch.manual_seed(0)
    reader = NoteReader(6, VARIABLES, 8).eval()
    sentences, held = torch.randn(2, 5, 6), torch.ones(2, 5)
    held[1, 2:] = 0
    with torch.no_grad():
        both = reader.reading(sentences, held)
        alone = ReaderGraph(reader)(sentences[1, :2])
    assert torch.allclose(both[1], alone, atol=1e-6)
    assert both.shape == (2, 2 * VARIABLES) and both.abs().max() <= 1


def test_a_stated_number_takes_the_place_of_what_was_read():
    scalings = [("heartRate", "linear", 80.0, 20.0), ("lactate", "log", 1.0, 0.5)]
    cohort = cohort_of(1, 2)
    cohort.description["encoder"]["variables"] = [dict(zip(("id", "transform", "center", "scale"), each)) for each in scalings]
    readings = np.full((3, 2 * VARIABLES), 0.25)
    stated = [[], [[["heartRate"], 60], [["heartRate", "pulse"], 130]], [[["lactate"], 500]]]
    found = with_stated(readings, cohort, stated)
    assert np.allclose(found[0], 0.25)
    assert np.allclose(found[1], [2.5 / 5, 0.25, 1, 0.25]), "the later of two"
    assert np.allclose(found[2], [0.25, 1, 0.25, 1]), "within what a reading can hold"
    assert np.allclose(readings, 0.25), "the readings given stay as they are"


def cohort_of(stays: int, steps: int) -> Cohort:
    names = [f"{id}.{place}" for id in ("heartRate", "lactate") for place in range(PER)] + ["time.elapsed", "derived.shockIndex.last"]
    description = {"featureNames": names, "vitals": ["heartRate"], "encoder": {"variables": [{"id": "heartRate"}, {"id": "lactate"}]}}
    x = np.random.default_rng(0).normal(size=(stays, steps, len(names))).astype(np.float32)
    x[:, :, [SEEN, PER + SEEN]] = 1
    x[:, :, AGE] = 0.1
    return Cohort(x, *[None] * 6, description)


def test_rows_without_vitals_stand_still_and_age():
    cohort = cohort_of(2, 8)
    found = without_vitals(cohort, 3)
    assert (found[:, :3] == cohort.x[:, :3]).all() and (found[:, :, PER : PER + 13] == cohort.x[:, :, PER : PER + 13]).all()
    assert (found[0, 3:, LAST] == cohort.x[0, 2, LAST]).all() and (found[0, 3:, -1] == cohort.x[0, 2, -1]).all()
    assert (found[0, 3:, [MEAN, COUNT]] == 0).all()
    hours = np.expm1(4 * found[1, 3:, AGE])
    assert np.allclose(np.diff(hours), 1, atol=1e-5)
    assert np.allclose(hours[0], np.expm1(0.4) + 1, atol=1e-5)


def test_of_another_step_each_row_is_its_own():
    cohort = cohort_of(2, 8)
    rows = stale_rows(cohort, np.array([1, 0]), np.array([2, 5]), np.array([4, 6]))
    assert np.array_equal(rows[0], without_vitals(cohort, 2)[1, 4]) and np.array_equal(rows[1], without_vitals(cohort, 5)[0, 6])
