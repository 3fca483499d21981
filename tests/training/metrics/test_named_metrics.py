"""Metrics by name, against torchmetrics used by hand and scikit-learn."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as sk
import torch
import torchmetrics.classification as tmc
import torchmetrics.regression as tmr
from scipy import stats
from torch import Tensor

from seedbed.config.metrics import METRICS as TABLE
from seedbed.config.metrics import metrics_of
from seedbed.training.metrics import METRICS, NAMED, EpochMetrics, range_of
from seedbed.training.tasks import Binary, Multiclass, Regression, Task

ROWS = 60


def regression(targets: int, offset: float = 3.0) -> tuple[Task, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    target = offset + torch.rand(ROWS, targets, generator=generator).double()
    noise = 0.3 * torch.randn(ROWS, targets, generator=generator).double()
    task = Regression(metrics=metrics_of("regression"))
    task.outputs = targets
    return task, target + noise, target


def classification(classes: int) -> tuple[Task, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    target = torch.randint(max(2, classes), (ROWS,), generator=generator)
    logits = torch.randn(ROWS, classes, generator=generator).double()
    if classes == 1:
        logits += 2.0 * target.unsqueeze(1) - 1.0
        task: Task = Binary(metrics=metrics_of("binary"))
    else:
        logits[torch.arange(ROWS), target] += 1.0
        task = Multiclass(classes, metrics=metrics_of("multiclass"))
    task.outputs = classes
    return task, logits, target


def measured(task: Task, output: Tensor, target: Tensor, size: int = 7) -> dict[str, float]:
    """The metrics of rows that come in batches."""
    metrics = EpochMetrics(task.metrics, task.make_torchmetrics(), rows_kept=2 * size)
    for rows, wanted in zip(output.split(size), target.split(size), strict=True):
        outputs, targets = task.measured(rows, wanted)
        metrics.add(rows.mean(), outputs, targets, task.prediction(rows))
    values = metrics.compute(None)
    del values["loss"]
    return values


REGRESSION: dict[str, Callable[[int], Any]] = {
    "rmse": lambda n: tmr.MeanSquaredError(squared=False),
    "mse": lambda n: tmr.MeanSquaredError(),
    "mae": lambda n: tmr.MeanAbsoluteError(),
    "max_error": lambda n: lambda x, y: torch.tensor(sk.max_error(y.flatten(), x.flatten())),
    "r2": lambda n: tmr.R2Score(),
    "relative_squared_error": lambda n: tmr.RelativeSquaredError(n),
    "explained_variance": lambda n: tmr.ExplainedVariance(),
    "pearson": lambda n: tmr.PearsonCorrCoef(n),
    "spearman": lambda n: tmr.SpearmanCorrCoef(n),
    "kendall": lambda n: tmr.KendallRankCorrCoef(num_outputs=n),
    "concordance": lambda n: tmr.ConcordanceCorrCoef(n),
    "mape": lambda n: tmr.MeanAbsolutePercentageError(),
    "smape": lambda n: tmr.SymmetricMeanAbsolutePercentageError(),
    "wmape": lambda n: tmr.WeightedMeanAbsolutePercentageError(),
    "msle": lambda n: tmr.MeanSquaredLogError(),
    "log_cosh": lambda n: tmr.LogCoshError(n),
    "nrmse": lambda n: tmr.NormalizedRootMeanSquaredError(num_outputs=n),
    "cosine_similarity": lambda n: tmr.CosineSimilarity(reduction="mean"),
}


@pytest.mark.parametrize("targets", [1, 3])
@pytest.mark.filterwarnings("ignore")
def test_those_of_a_regression_are_torchmetrics_s(targets: int) -> None:
    task, output, target = regression(targets)
    found = measured(task, output, target)
    assert set(found) == set(REGRESSION) == set(metrics_of("regression"))
    for name, value in found.items():
        reference = REGRESSION[name](targets)
        if isinstance(reference, torch.nn.Module):
            reference.set_dtype(torch.float64)  # type: ignore[operator]
        flat = targets == 1 and name != "cosine_similarity"
        rows = (output.squeeze(1), target.squeeze(1)) if flat else (output, target)
        expected = reference(*rows).mean().item()
        assert value == pytest.approx(expected, rel=1e-6), name


def test_those_of_a_regression_are_scikit_learn_s() -> None:
    task, output, target = regression(2)
    found, x, y = measured(task, output, target), output.numpy(), target.numpy()
    expected = {
        "rmse": math.sqrt(sk.mean_squared_error(y, x)),
        "mae": sk.mean_absolute_error(y, x),
        "max_error": max(sk.max_error(y[:, i], x[:, i]) for i in range(2)),
        "r2": sk.r2_score(y, x),
        "explained_variance": sk.explained_variance_score(y, x),
        "mape": sk.mean_absolute_percentage_error(y, x),
        "msle": sk.mean_squared_log_error(y, x),
        "pearson": np.mean([stats.pearsonr(y[:, i], x[:, i])[0] for i in range(2)]),
        "spearman": np.mean([stats.spearmanr(y[:, i], x[:, i])[0] for i in range(2)]),
        "kendall": np.mean([stats.kendalltau(y[:, i], x[:, i])[0] for i in range(2)]),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("offset", [1e9, -1e5])
def test_correlations_keep_their_digits_far_from_zero(offset: float) -> None:
    task, output, target = regression(1)
    near, far = measured(task, output, target), measured(task, output + offset, target + offset)
    for name in ("r2", "explained_variance", "pearson", "concordance", "relative_squared_error"):
        assert far[name] == pytest.approx(near[name], rel=1e-5), name


CLASSIFICATION = {
    "accuracy": "Accuracy",
    "f1": "F1Score",
    "precision": "Precision",
    "recall": "Recall",
    "specificity": "Specificity",
    "negative_predictive_value": "NegativePredictiveValue",
    "jaccard": "JaccardIndex",
    "hamming_distance": "HammingDistance",
    "cohen_kappa": "CohenKappa",
    "matthews_corrcoef": "MatthewsCorrCoef",
    "auroc": "AUROC",
    "average_precision": "AveragePrecision",
    "calibration_error": "CalibrationError",
    "hinge_loss": "HingeLoss",
}


@pytest.mark.parametrize("classes", [1, 4])
def test_those_of_a_classification_are_torchmetrics_s(classes: int) -> None:
    task, logits, target = classification(classes)
    found, prediction = measured(task, logits, target), task.prediction(logits)
    assert set(found) == set(metrics_of("binary")) == set(metrics_of("multiclass"))
    for name, kind in CLASSIFICATION.items():
        if classes == 1:
            reference = getattr(tmc, f"Binary{kind}")()
        else:
            micro = {"average": "micro"} if name in ("accuracy", "hamming_distance") else {}
            macro = {"average": "macro"} if name in ("jaccard", "specificity") else {}
            reference = getattr(tmc, f"Multiclass{kind}")(classes, **micro, **macro)
        expected = reference(prediction, target).item()
        assert found[name] == pytest.approx(expected, rel=1e-5), name


@pytest.mark.parametrize("classes", [1, 4])
def test_those_of_a_classification_are_scikit_learn_s(classes: int) -> None:
    task, logits, target = classification(classes)
    found, prediction = measured(task, logits, target), task.prediction(logits).numpy()
    y, average = target.numpy(), "binary" if classes == 1 else "macro"
    x = (prediction > 0.5).astype(int) if classes == 1 else prediction.argmax(1)
    certain = y if classes == 1 else np.eye(classes)[y]
    expected = {
        "accuracy": sk.accuracy_score(y, x),
        "balanced_accuracy": sk.balanced_accuracy_score(y, x),
        "f1": sk.f1_score(y, x, average=average),
        "precision": sk.precision_score(y, x, average=average),
        "recall": sk.recall_score(y, x, average=average),
        "jaccard": sk.jaccard_score(y, x, average=average),
        "hamming_distance": sk.hamming_loss(y, x),
        "cohen_kappa": sk.cohen_kappa_score(y, x),
        "matthews_corrcoef": sk.matthews_corrcoef(y, x),
        "log_loss": sk.log_loss(y, prediction),
        "auroc": sk.roc_auc_score(certain, prediction),
        "average_precision": sk.average_precision_score(certain, prediction),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-6)


def test_a_class_without_rows_has_no_part_in_a_metric_of_ranks() -> None:
    task, logits, target = classification(4)
    there = target != 2
    found = measured(task, logits[there], target[there])
    prediction, y = task.prediction(logits[there]).numpy(), target[there].numpy()
    expected = [sk.roc_auc_score(y == k, prediction[:, k]) for k in (0, 1, 3)]
    assert found["auroc"] == pytest.approx(np.mean(expected))
    # Predicted, but never right: scikit-learn leaves it out of balanced accuracy.
    assert set(prediction.argmax(1)) == {0, 1, 2, 3}
    with pytest.warns(UserWarning, match="classes not in y_true"):
        balanced = sk.balanced_accuracy_score(y, prediction.argmax(1))
    assert found["balanced_accuracy"] == pytest.approx(balanced)
    binary, logit, label = classification(1)
    assert math.isnan(measured(binary, logit[label == 1], label[label == 1])["auroc"])


def test_every_metric_has_a_formula_a_range_and_a_meaning() -> None:
    assert set(TABLE) == {*METRICS, *NAMED}
    assert not set(METRICS) & set(NAMED)
    for name, metric in TABLE.items():
        lower, upper = range_of(name)
        assert metric.meaning
        assert metric.own == (name in METRICS)
        # The best value is an end of the range, where that has one.
        assert (upper if metric.better == "max" else lower) in (0, 1)
