import json
from pathlib import Path

import lightgbm
import numpy as np
import onnx
import onnxruntime
import pytest
import tiny_rows
import torch

from wardstream_training.risk import across, attention, cohort, columns, evaluate, export, graph, labels, pretrain, regression, sequences, stack, train, utility


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


def test_either_onset_is_known_where_both_are():
    one, other = np.array([1, 0, np.nan, 0, np.nan]), np.array([0, 0, 1, np.nan, np.nan])
    assert np.array_equal(labels.either(one, other), [1, 0, np.nan, np.nan, np.nan], equal_nan=True)


def test_columns_bend_where_the_table_says_so_and_miss_what_was_never_seen(rows):
    made = columns.monotone_columns(rows)
    by_name = {each.name: each for each in made.columns}
    assert by_name["heartRate.last:under"].direction == -1 and by_name["heartRate.last:over"].direction == 1
    # The middle of 50 and 91, on the scale of the rows.
    assert np.isclose(by_name["heartRate.last:over"].low, (70.5 - 86) / 18)
    assert by_name["heartRate.underMean"].direction == -1 and np.isclose(by_name["heartRate.greatest"].low, (70.5 - 86) / 18) and by_name["heartRate.overRecent"].direction == 1
    assert by_name["mapInvasive.recent"].direction == -1 and by_name["mapInvasive.last:beyond"].direction == 0
    assert by_name["lactate.last"].direction == 1 and by_name["oxygen.on"].direction == 1
    # A slow heart lowers the ratio of rate and pressure, which is no good sign.
    assert np.isclose(by_name["derived.shockIndex.last"].low, (0.7 - 0.76) / 0.22)
    assert not any("windowSd" in name or "ureaCreatinine" in name or name.endswith(".mean") or name.startswith("heartRate.window") for name in by_name if name != "heartRate.windowSteps")
    x = rows.x(np.flatnonzero(rows.stay == 0)[:1])
    values = dict(zip(made.names, made.of(x)[0]))
    assert np.isnan(values["lactate.last"]) and np.isnan(values["static.height"]) and not np.isnan(values["heartRate.age"])


def test_that_some_variables_are_known_is_not_told(rows):
    made = columns.monotone_columns(rows)
    own = [place for place, name in enumerate(made.names) if name.startswith("inr.")]
    assert {made.names[place] for place in own} == {f"inr.{field}" for field in columns.PER_VARIABLE}
    # The limit of normal on the scale of the rows stands for missing, and for all that is healthy.
    normal = np.float32((np.log1p(1.5) - 0.9) / 0.3)
    missing, known = (made.of(rows.x(np.flatnonzero(rows.stay == stay)))[:, own] for stay in (1, 0))
    assert (missing == normal).all() and (known >= normal).all() and (known > normal).any()


def network(rows, seed: int = 0) -> tuple[attention.MonotoneAttention, columns.Columns, attention.Inputs]:
    torch.manual_seed(seed)
    made = columns.monotone_columns(rows)
    inputs = attention.Inputs.of(made, tiny_rows.KINDS)
    return attention.MonotoneAttention(inputs, 6, 3, 12, 8, 2, 4, 0.1, 0.1).eval(), made, inputs


def test_attention_never_lets_a_risk_fall_because_a_value_gets_worse_at_any_hour(rows):
    rng = np.random.default_rng(0)
    for seed in range(5):
        model, made, inputs = network(rows, seed)
        x = torch.from_numpy(rng.normal(0, 2, (40, 9, len(made.columns))).astype(np.float32))
        known = torch.from_numpy((rng.random((40, 9, len(inputs.known))) < 0.7).astype(np.float32))
        worse = torch.zeros_like(x)
        for places, signs in zip(inputs.values, inputs.signs):
            step = rng.random((40, 9, len(places))) * (rng.random((40, 9, len(places))) < 0.3)
            worse[..., places] = torch.from_numpy((step * signs).astype(np.float32))
        with torch.no_grad():
            assert (model(x + worse, known) - model(x, known)).min() > -1e-5


def test_every_column_is_a_value_of_one_modality_or_context(rows):
    _, made, inputs = network(rows)
    taken = np.concatenate([*inputs.values, inputs.context])
    assert sorted(taken.tolist()) == list(range(len(made.columns)))
    names = [made.names[place] for place in inputs.values[attention.MODALITIES.index("lab")]]
    assert names and all(name.startswith(("lactate", "inr")) for name in names)


def test_attention_step_by_step_is_attention_over_the_window(rows):
    model, made, inputs = network(rows)
    steps, slots, width = 11, 6, model.cache_width  # longer than the window: old steps must drop out
    x, known = torch.randn(3, steps, len(made.columns)), torch.rand(3, steps, len(inputs.known))
    k = v = torch.zeros(3, 2, slots, width)
    held, found = [-1] * slots, []
    with torch.no_grad():
        for step in range(steps):
            ages = [step - s if s >= 0 and 0 < step - s < slots else slots for s in held]
            logit, new_k, new_v = model.step(x[:, step], known[:, step], k, v, torch.tensor([[*ages, 0]] * 3))
            k, v = k.clone(), v.clone()
            k[:, :, step % slots], v[:, :, step % slots] = new_k, new_v
            held[step % slots] = step
            found.append(logit)
        assert torch.allclose(torch.stack(found, 1), model(x, known), atol=1e-5)


def test_tree_tensors_equal_the_trees_also_of_what_is_missing():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(3000, 6)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] + rng.normal(size=3000) > 0).astype(float)
    x[rng.random(x.shape) < [0.3, 0.2, 0.1, 0, 0, 0.5]] = np.nan
    boosters = [lightgbm.train({"objective": "cross_entropy", "num_leaves": leaves, "verbosity": -1, "num_threads": 1}, lightgbm.Dataset(x, y), rounds) for leaves, rounds in ((7, 20), (4, 9))]
    missing = np.isnan(x)
    module = graph.Trees([graph.trees_of(each) for each in boosters])
    found = module(torch.from_numpy(np.nan_to_num(x)), torch.from_numpy(missing.astype(np.float32))).numpy()
    expected = np.stack([each.predict(x, raw_score=True) for each in boosters], 1)
    assert np.abs(found - expected).max() < 1e-5


@pytest.fixture(scope="module")
def fitted(rows, tmp_path_factory):
    config = json.loads((Path(__file__).parent.parent / "configs/risk.json").read_text())
    config |= {"folds": 3, "bootstrap": 20, "bootstrapOfMany": 5, "hours": [6, 24], "rowsOf": {}, "outcomes": [], "deathHours": [4, 10, 20], "hindsightAt": 20, "output": "models"}
    for trees in (config["trees"], config["hindsight"]):
        trees |= {"rounds": 25, "leastRows": 20}
    config["treesOf"] = {}
    config["rowsPerOutput"]["most"] = 1500
    config["attention"] |= {"epochs": 3, "batch": 16, "restShare": 1}
    folder = tmp_path_factory.mktemp("runs")
    of = train.Round(config, rows, cohort.split(rows, 3, 0.1, 1), folder, folder)
    for output in labels.OUTPUTS:
        train.out_of_fold_trees(of, output)
    train.out_of_fold_trees(of, "death", True)
    train.out_of_fold_regression(of)
    train.out_of_fold_attention(of)
    return of


def test_one_round_gives_figures_and_finds_what_was_put_in(fitted):
    figures = evaluate.Figures(fitted)
    death = figures.death()
    assert set(death) == {"6", "24"}
    assert death["24"]["scores"]["model"]["auroc"][0] > 0.6
    assert {"attention", "trees", "unboundTrees", "boostedTrees", "logisticRegression", "news2"} <= set(death["24"]["scores"])
    assert "model less sumOfBoth" in death["24"]["differences"]
    onsets = figures.onsets("hypotension")
    assert 0 <= onsets["2012 any"]["ece"] < 0.3 and onsets["2012 first"]["rows"] > 100
    assert figures.onsets("deterioration")["2012 any"]["rows"] > 100
    sepsis = figures.sepsis()
    assert sepsis["stays"] > 20 and sepsis["model"]["utility"][0] <= 1
    # The kept stays are scored by the models of everyone else, and are in none of the figures before.
    kept = evaluate.Figures(fitted, True)
    assert set(kept.stay).isdisjoint(figures.stay) and not np.isnan(kept.variants("death")["model"]).any()


def test_rows_that_train_stand_for_all_that_are_known(rows, fitted):
    wanted = fitted.labels("hypotension")
    chosen, weight = train.rows_of_onset(fitted, wanted, fitted.config["rowsPerOutput"])
    usable = ~np.isnan(wanted) & (fitted.fold_of_rows() >= 0) & (rows.hours >= 1)
    known = np.bincount(rows.stay[usable], minlength=len(rows.stays))
    each = fitted.split.weight[rows.stay] / np.maximum(known, 1)[rows.stay]
    share = (each * (wanted == 1))[usable].sum() / each[usable].sum()
    assert np.isclose((weight * wanted[chosen]).sum() / weight.sum(), share, atol=0.02)
    assert not np.isnan(wanted[chosen]).any() and (fitted.fold_of_rows()[chosen] >= 0).all()
    assert rows.is_moment[chosen].any()
    of_death, weight = train.rows_of_death(fitted)
    assert (fitted.fold_of_rows()[of_death] >= 0).all() and not np.isnan(fitted.illness[rows.stay[of_death]]).any()
    assert rows.is_moment[of_death].any()
    stays = np.unique(rows.stay[of_death])
    assert np.isclose(weight.sum(), fitted.split.weight[stays].sum())


def test_hindsight_never_saw_the_fold_it_speaks_of(fitted):
    soft = train.hindsight(fitted, "fold-0")
    assert np.isnan(soft[fitted.split.fold == 0]).all() and np.isnan(soft[fitted.split.fold == -1]).all()
    assert ((soft[~np.isnan(soft)] >= 0) & (soft[~np.isnan(soft)] <= 1)).all() and (~np.isnan(soft)).sum() > 10


def test_the_graph_says_what_its_parts_say_together(fitted):
    model = export.ensemble(fitted, "fold-0")
    step = graph.RiskStep(model).eval()
    stay = int(np.flatnonzero(fitted.split.fold == 0)[0])
    ends = fitted.sequences.first[stay] + np.arange(5)
    x = fitted.rows.x(fitted.sequences.ends[ends])
    expected = np.stack([stack.Stack(fitted, output).logits()[ends] for output in labels.OUTPUTS], 1)
    cases = export.golden(step, export.with_pictures(x), 2, 48, model.attention.cache_width)["cases"]
    said = np.array([case["logit"] for case in cases])
    assert np.abs(said[:-1] - expected[:-1]).max() < 2e-2
    # The last has a picture with a sure finding, half an hour old.
    share = 0.9 * (1 - np.log1p(0.5) / np.log1p(48))
    assert np.abs(said[-1] - expected[-1] - [share * export.FINDING.get(each, 0) for each in labels.OUTPUTS]).max() < 2e-2
    # Columns are kept as half floats in training; the difference above is theirs. Extremes are added to death and to the onset they belong to.
    slow = torch.from_numpy(x[:1].copy())
    z, missing = model.columns(slow)
    assert model.extremes(z, missing).shape == (1, len(labels.OUTPUTS))
    assert (model.extremes.weights[0] > 0).tolist() == [each in ("death", "hypotension", "deterioration") for each in labels.OUTPUTS]


def test_a_regression_has_the_signs_it_is_told_and_finds_what_moves_with_the_hours(rows):
    made = columns.monotone_columns(rows)
    known = attention.Inputs.of(made, tiny_rows.KINDS).known
    rng = np.random.default_rng(5)
    x = rng.normal(size=(4000, len(made.columns))).astype(np.float32)
    elapsed = rng.random(4000)
    place = made.names.index("lactate.last")
    logit = x[:, place] * 2 * elapsed - 1
    found = regression.fit_regression(x, known, elapsed, 1 / (1 + np.exp(-logit)), np.ones(4000), made, 0.1)
    assert abs(found.start[place]) < 0.1 and abs(found.end[place] - 2) < 0.1
    assert ((found.end[: len(made.columns)] * made.directions) >= 0).all()
    assert np.abs(found.logits(x, known, elapsed) - logit).max() < 0.2


def test_export_writes_a_graph_that_runs_row_by_row_as_in_a_batch(fitted, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "open_round", lambda _: fitted)
    monkeypatch.setattr("sys.argv", ["export", "--config", "x", "--out", str(tmp_path)])
    export.main()
    (folder,) = tmp_path.iterdir()
    about = json.loads((folder / "config.json").read_text())
    assert about["outputs"][0] == "mortality" and about["layers"] == 2
    sessions = [onnxruntime.InferenceSession(str(folder / file), providers=["CPUExecutionProvider"]) for file in ("model.onnx", about["cpu"]["file"])]
    cases = json.loads((folder / "golden.json").read_text())["cases"]
    slots, width = about["steps"], about["width"]
    cache = np.zeros((3, 2, slots, width), np.float32)
    x = np.array([cases[0]["x"]] * 3, np.float32)
    age = np.full((3, slots), slots, np.int32)
    for session in sessions:
        batch = session.run(None, {"x": x, "k": cache, "v": cache, "age": age})
        single = session.run(None, {"x": x[:1], "k": cache[:1], "v": cache[:1], "age": age[:1]})
        assert np.array_equal(batch[0][:1], single[0])
        assert np.abs(batch[0][0] - cases[0]["logit"]).max() < 1e-5
    operators = {node.op_type for node in onnx.load(str(folder / about["cpu"]["file"])).graph.node}
    assert "TreeEnsembleRegressor" in operators


def test_the_stack_finds_weights_and_leaves_out_what_misleads():
    rng = np.random.default_rng(3)
    terms = np.concatenate([rng.normal(size=(20_000, 2)), np.ones((20_000, 1)), rng.random((20_000, 2))], 1)
    y = (rng.random(20_000) < 1 / (1 + np.exp(-(terms[:, 0] - 0.5 * terms[:, 1] - 1)))).astype(float)
    found = stack.fit_stack(terms, y)
    assert abs(found[0] - 1) < 0.1 and found[1] == 0
    # What is added as it is is not learnt twice.
    assert stack.fit_stack(terms, y, 1.0, terms[:, 0])[0] < 0.1


def test_groups_that_go_together_take_what_is_made_of_them(rows):
    made = columns.monotone_columns(rows)
    of_variable, of_group = sequences.columns_of_groups(made, [each["id"] for each in tiny_rows.VARIABLES])
    pressure = of_variable[1]
    assert pressure[made.names.index("derived.map.last")] and not pressure[made.names.index("heartRate.last:over")]
    assert of_group[2][made.names.index("oxygen.on")] and not of_group[2][made.names.index("lactate.last")]


def test_a_cohort_is_left_out_with_all_stays_that_have_a_record_of_it(rows, fitted):
    left_out = across.has_record_of(fitted, "2012")
    assert left_out[[place for place, each in enumerate(rows.stays) if "2012" in each["source"]]].all()
    linked = [place for place, each in enumerate(rows.stays) if "2019" in each["source"] and left_out[place]]
    assert 0 < len(linked) < sum("2019" in each["source"] for each in rows.stays)
    found = across.figures(fitted, "2019", "hypotension")
    assert found["rows"] > 50 and set(found["scores"]) == {"with", "without"}


def test_pretraining_begins_where_the_next_values_are_told(fitted):
    found = pretrain.figures(fitted, [0], 2)
    assert set(found["death 6"]["scores"]) == {"plain", "pretrained"} and "hypotension" in found
    values, ages = pretrain.told_columns(fitted.columns.names)
    assert {fitted.columns.names[place] for place in values} == {"heartRate.last:under", "heartRate.last:over", "mapInvasive.last", "lactate.last", "fio2.last"}
    assert (fitted.columns.directions[ages] == 0).all()
