"""The stored comparison of optimizers, and the functions that made it."""

import itertools
import json
import math

import matplotlib.pyplot as plt
import pytest
import torch
from torch import nn, optim

from dlbook_utils.comparison_plots import at_best, draw_one_sweep, draw_ranking, near_best
from dlbook_utils.experiments import FOLDER
from dlbook_utils.experiments import optimizer_comparison as comparison

STORED = json.loads((FOLDER / "optimizer_comparison.json").read_text())["result"]["tasks"]
PAIRS = [(task, name) for task in STORED for name in STORED[task]["methods"]]


@pytest.fixture
def short_runs(monkeypatch):
    monkeypatch.setattr(comparison, "STEPS", dict.fromkeys(comparison.TASKS, 3))


@pytest.mark.parametrize(("task", "name"), PAIRS)
def test_each_best_rate_lies_inside_its_sweep(task, name):
    result = STORED[task]["methods"][name]
    assert len(result["rates"]) == comparison.RATES
    assert 0 < comparison.best(result) < comparison.RATES - 1
    assert all(math.isfinite(loss) for loss in at_best(STORED[task]["methods"], name))


def test_every_method_is_on_every_task_where_it_fits():
    for task in comparison.TASKS:
        assert list(STORED[task]["methods"]) == comparison.methods(task)


def test_a_rate_at_which_a_seed_diverged_is_not_the_best():
    assert comparison.best({"validation": [[0.3, 0.3], [0.1, None], [0.2, 0.2]]}) == 2


@pytest.mark.usefixtures("short_runs")
@pytest.mark.parametrize("task", list(comparison.TASKS))
def test_the_same_seed_gives_the_same_run(task):
    one, same, other = (comparison.train(task, "Adam", 0.01, seed) for seed in (0, 0, 1))
    assert one.losses == same.losses != other.losses


@pytest.mark.usefixtures("short_runs")
def test_a_run_that_diverges_has_no_result():
    run = comparison.train("regression", "SGD", 1e6, 0)
    assert len(run.losses) < 3
    assert run.test[0] == math.inf


@pytest.mark.usefixtures("short_runs")
def test_state_is_counted_in_dicts_and_lists():
    counted = {
        name: comparison.train("regression", name, 1e-3, 0).state_bytes
        for name in ("SGD", "Momentum", "Adam")
    }
    n = 32 * 4 + 4
    assert counted == {"SGD": 0, "Momentum": 4 * n, "Adam": 2 * (4 * n + 4)}  # and two counters
    two_pairs_and_more = comparison.train("regression", "L-BFGS", 0.1, 0).state_bytes
    assert two_pairs_and_more >= 4 * 4 * n


@pytest.mark.parametrize("task", ["mlp", "cnn", "characters"])
def test_muon_gets_inner_matrices_and_every_weight_is_in_one_group(task):
    model = comparison.TASKS[task](0).model
    optimizers = comparison.with_muon(model, 0.01)
    groups = [group["params"] for optimizer in optimizers for group in optimizer.param_groups]
    ids = [id(w) for w in itertools.chain(*groups)]
    assert sorted(ids) == sorted(map(id, model.parameters()))
    matrices = [w for group in optimizers[0].param_groups for w in group["params"]]
    embedded = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding)}
    assert all(w.ndim > 1 and id(w) not in embedded for w in matrices)


def test_lbfgs_takes_one_gradient_a_step():
    problem, calls = comparison.regression(0), []
    problem = problem._replace(loss=lambda a, b: calls.append(1) or (a - b).square().mean())
    optimizers = comparison.METHODS["L-BFGS"](problem.model, 0.1)
    assert isinstance(optimizers[0], optim.LBFGS)
    for x, y in itertools.islice(problem.batches, 4):
        comparison.step(problem, optimizers, x, y)
    assert len(calls) == 4


def test_the_character_model_does_not_see_the_future():
    torch.manual_seed(0)
    model = comparison.CharacterModel(vocabulary=11)
    ids = torch.randint(11, (2, comparison.CONTEXT))
    changed = ids.clone()
    changed[:, 20:] = (changed[:, 20:] + 1) % 11
    torch.testing.assert_close(model(ids)[:, :20], model(changed)[:, :20])


@pytest.mark.usefixtures("book_style")
def test_the_figures_draw_what_is_stored():
    methods = STORED["mlp"]["methods"]
    ax = draw_ranking(plt.figure().subplots(), methods)
    names = [label.get_text() for label in ax.get_yticklabels()]
    means = [at_best(methods, name).mean() for name in names]
    assert means == sorted(means, reverse=True)
    assert 1 <= near_best(methods, "Adam") <= comparison.RATES
    _, sentence = draw_one_sweep("mlp", "Adam", STORED)
    assert "digits, MLP, Adam" in sentence
    plt.close("all")
