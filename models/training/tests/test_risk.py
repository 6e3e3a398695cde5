import json
from pathlib import Path

import numpy as np
import pytest
import tiny_rows

from wardstream_training.risk import cohort, columns, evaluate, interventions, labels, models, train, utility


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")
    tiny_rows.write(folder)
    return cohort.load_rows(folder)


def test_rows_are_sorted_by_stay_and_give_the_features_that_were_written(rows):
    assert (np.diff(rows.stay) >= 0).all()
    assert all((np.diff(rows.hours[rows.stay == stay]) > 0).all() for stay in range(5))
    elapsed = rows.x(np.array([7, 3, 40]))[:, rows.names.index("time.elapsed")]
    assert np.allclose(elapsed * 48, np.floor(rows.hours[[7, 3, 40]] + 1e-6))


def test_a_cohort_with_a_variable_that_looks_like_another_unit_is_refused_unless_accepted(tmp_path):
    tiny_rows.write(tmp_path, stays=6, suspects=({"variable": "magnesium", "text": "magnesium looks like mmol/L"},))
    with pytest.raises(ValueError, match="magnesium looks like mmol/L.*accepted"):
        cohort.load_rows(tmp_path)
    assert len(cohort.load_rows(tmp_path, ("magnesium",)).stays) == 6


def test_all_records_of_a_stay_lie_in_one_fold_and_count_once(rows):
    of = cohort.split(rows, 5, 0.1, 1)
    groups = {}
    for place, each in enumerate(rows.stays):
        groups.setdefault(each["group"], []).append(place)
    assert any(len(members) == 2 for members in groups.values())
    for members in groups.values():
        assert len(set(of.fold[members])) == 1
        assert np.isclose(of.weight[members].sum(), 1)
    kept = [each["group"] for each, fold in zip(rows.stays, of.fold) if fold == -1]
    assert 0 < len(kept) < 30
    # What is kept does not move with the seed, nor with who else is in the cohort.
    other = cohort.split(rows, 3, 0.1, 2)
    assert ((of.fold == -1) == (other.fold == -1)).all()
    # Where no record knows death, nothing is kept.
    assert all(each["group"] in {e["group"] for e in rows.stays if cohort.is_of_death(e)} for each, fold in zip(rows.stays, of.fold) if fold == -1)


def test_death_is_known_of_every_record_that_is_linked_to_one_that_knows_it(rows):
    known = labels.death(rows)
    died = {each["group"]: each["outcome"]["happened"] for each in rows.stays if cohort.is_of_death(each)}
    for place, each in enumerate(rows.stays):
        of_stay = known[rows.stay == place]
        assert (np.isnan(of_stay).all() if each["group"] not in died else (of_stay == died[each["group"]]).all())


def one_stay(rows, onsets, hours=25.5):
    """The first stay's onsets replaced; the lists are put back by the caller's copy."""
    stays = [dict(each) for each in rows.stays]
    stays[1] |= {"onsets": {"circulatory": onsets, "hypotension": onsets, "respiratory": onsets}, "hours": hours}
    return cohort.Rows(rows.file, rows.place, rows.stay, rows.hours, rows.is_moment, rows.scores, stays, rows.about)


def test_onset_is_within_eight_hours_of_those_who_are_not_in_it(rows):
    changed = one_stay(rows, [[10.0, 12.0, "first", "pressure"]], 40)
    ends = (rows.stay == 1) & ~rows.is_moment
    found = dict(zip(rows.hours[ends].round().astype(int).tolist(), labels.onset(changed, "hypotension")[ends]))
    assert [found[hour] for hour in (1, 2, 9)] == [0, 1, 1]
    # In it until 12 h, and for eight hours after.
    assert all(np.isnan(found[hour]) for hour in range(10, 20))
    assert found[20] == 0
    arrival = one_stay(rows, [[10.0, 12.0, "arrival", "pressure"]], 40)
    assert np.isnan(labels.onset(arrival, "hypotension")[ends][2:9]).all()
    ended = labels.onset(one_stay(rows, [], 20), "hypotension")[ends]
    assert (ended[:12] == 0).all() and np.isnan(ended[12:]).all()


def test_circulatory_failure_cannot_be_told_without_a_lactate(rows):
    without = np.array([place % 3 == 0 for place in range(len(rows.stays))])
    assert (labels.can_tell(rows, "circulatory") == ~without).all()
    assert labels.can_tell(rows, "hypotension").all()
    assert np.isnan(labels.onset(rows, "circulatory")[without[rows.stay]]).all()


def test_sepsis_is_labelled_from_six_hours_before_to_three_after(rows):
    place = next(i for i, each in enumerate(rows.stays) if each["outcome"]["of"] == "sepsis" and each["outcome"]["happened"])
    onset_at = rows.stays[place]["outcome"]["onsetHours"]
    mine = rows.stay == place
    for hour, label in zip(rows.hours[mine], labels.sepsis(rows)[mine]):
        expected = np.nan if hour > onset_at + 3 else float(hour >= onset_at - 6)
        assert np.array_equal(label, expected, equal_nan=True)
    assert np.isnan(labels.sepsis(rows)[rows.stay == 0]).all()


def test_utility_is_that_of_the_challenge():
    # By the formulas of Reyna et al. 2020, worked by hand for an onset at 20 h.
    hours = np.array([5.0, 8.0, 11.0, 14.0, 20.0, 23.0, 24.0])
    call, silence = utility.worth(hours, np.full(7, 20.0))
    assert np.allclose(call, [-0.05, 0, 0.5, 1, 1 / 3, 0, 0])
    assert np.allclose(silence, [0, 0, 0, 0, -4 / 3, -2, 0])
    assert np.allclose(utility.worth(hours, np.full(7, np.inf)), [[-0.05] * 7, [0] * 7])
    onset = np.full(7, 20.0)
    best = (hours >= 8) & (hours <= 23)
    of = lambda called: utility.normalised(utility.sums(hours, onset, called, np.zeros(7, int), 1))
    assert of(best) == 1 and of(np.zeros(7, bool)) == 0
    assert of(np.ones(7, bool)) < 1


def test_columns_bend_where_the_table_says_so_and_miss_what_was_never_seen(rows):
    made = columns.monotone_columns(rows)
    by_name = {each.name: each for each in made.columns}
    assert by_name["heartRate.last:under"].direction == -1 and by_name["heartRate.last:over"].direction == 1
    # The middle of 50 and 91, on the scale of the rows.
    assert np.isclose(by_name["heartRate.last:over"].low, (70.5 - 86) / 18)
    assert by_name["mapInvasive.recent"].direction == -1 and by_name["mapInvasive.last:beyond"].direction == 0
    assert by_name["lactate.last"].direction == 1
    assert not any("windowSd" in name or "ureaCreatinine" in name or name.endswith(".mean") for name in by_name)
    x = rows.x(np.flatnonzero(rows.stay == 0)[:1])
    values = dict(zip(made.names, made.of(x, np.array([3.0]))[0]))
    assert np.isnan(values["lactate.last"]) and np.isnan(values["static.height"]) and not np.isnan(values["heartRate.age"])


WORSE = [("mapInvasive", (75, 60, 45, 30)), ("heartRate", (95, 120, 150, 200)), ("lactate", (1, 3, 6, 12))]


@pytest.fixture(scope="module")
def fitted(rows, tmp_path_factory):
    config = json.loads((Path(__file__).parent.parent / "configs/risk.json").read_text())
    config |= {"folds": 3, "bootstrap": 20, "bootstrapOfMany": 5, "hours": [6, 24], "ridge": 1, "mostRows": 1500, "runs": "", "rows": ""}
    config["trees"] |= {"rounds": 25, "leastRows": 20}
    of = train.Round(config, rows, cohort.split(rows, 3, 0.1, 1), tmp_path_factory.mktemp("runs"))
    for variant in ("trees", "linear", "unbound-trees"):
        for output in ("death", "hypotension", "sepsis"):
            train.once(of, output, variant)
    return of


@pytest.mark.parametrize("variant", ["trees", "linear"])
def test_no_risk_falls_because_a_sign_gets_worse(rows, fitted, variant):
    chosen = np.flatnonzero(~rows.is_moment & (rows.hours == 12) & (fitted.fold_of_rows() >= 0))
    x, hours, fold = rows.x(chosen), rows.hours[chosen], fitted.fold_of_rows()[chosen]
    for sign, values in WORSE:
        risks = np.stack([interventions.probabilities(fitted, "death", variant, interventions.changed(fitted, x, sign, value), hours, fold) for value in values])
        assert np.diff(risks, axis=0).min() > -1e-6
        assert (risks[-1] - risks[0]).mean() > 0.005


def test_one_round_gives_figures_and_finds_what_was_put_in(fitted):
    figures = evaluate.Figures(fitted)
    death = figures.death()
    assert set(death) == {"6", "24"}
    assert death["24"]["scores"]["trees"]["auroc"][0] > 0.6
    assert {"both", "boostedTrees", "logisticRegression", "news2"} <= set(death["24"]["scores"])
    assert "trees less unbound-trees" in death["24"]["differences"]
    onsets = figures.onsets("hypotension")
    assert 0 <= onsets["2012 any"]["ece"] < 0.3 and onsets["2012 first"]["rows"] > 100
    sepsis = figures.sepsis()
    assert sepsis["stays"] > 20 and sepsis["trees"]["utility"][0] <= 1


def test_rows_that_train_stand_for_all_that_are_known(rows, fitted):
    wanted = labels.labels_of(rows, "hypotension")
    chosen, weight = train.training_rows(fitted, wanted, "all")
    usable = ~np.isnan(wanted) & (fitted.fold_of_rows() >= 0) & (rows.hours >= 1)
    known = np.bincount(rows.stay[usable], minlength=len(rows.stays))
    each = fitted.split.weight[rows.stay] / np.maximum(known, 1)[rows.stay]
    share = (each * (wanted == 1))[usable].sum() / each[usable].sum()
    assert np.isclose((weight * wanted[chosen]).sum() / weight.sum(), share, atol=0.02)
    few = train.Round(fitted.config | {"mostPositive": 100, "mostRows": 300}, rows, fitted.split, fitted.folder)
    thin, weight = train.training_rows(few, wanted, "all")
    assert 50 < wanted[thin].sum() < 150 and 200 < len(thin) < 400
    assert np.isclose((weight * wanted[thin]).sum() / weight.sum(), share, atol=0.05)
    assert not np.isnan(wanted[chosen]).any() and (fitted.fold_of_rows()[chosen] >= 0).all()
    assert rows.is_moment[chosen].any()
    assert not rows.is_moment[train.training_rows(fitted, wanted, "hour ends")[0]].any()


def test_the_last_tenth_is_neither_trained_on_nor_scored(fitted):
    assert (fitted.fold_of_rows()[fitted.scored()] >= 0).all()


def test_regression_finds_the_weights_that_made_the_data():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(20_000, 3)).astype(np.float32)
    y = rng.random(20_000) < 1 / (1 + np.exp(-(x @ np.array([1.0, -0.5, 0.0]) - 1)))
    found = models.fit_linear(x, np.full(20_000, 48.0), y, np.ones(20_000), [1, 0, -1], 1.0)
    assert np.allclose(found.late[:3] / found.spread, [1.0, -0.5, 0.0], atol=0.06)
    # A direction that the data contradict gives no weight.
    against = models.fit_linear(x, np.full(20_000, 48.0), y, np.ones(20_000), [-1, 0, 0], 1.0)
    assert against.late[0] == 0
