"""Table of the metrics by name: their direction, their tasks and what they are."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """Metric with its direction; its formula is in `seedbed.training.metrics` under the same name.

    Attributes:
        better: max where more of it is better, else min.
        tasks: options of `task=` that have it.
        meaning: what it is, in a line.
        own: whether its formula is Seedbed's own; a job that asks for another one, of torchmetrics,
            trains by itself.
    """

    better: str
    tasks: tuple[str, ...]
    meaning: str = ""
    own: bool = True


# Every task has a loss, which is what it minimizes.
LOSS = "loss"
# Of the gradient to that of autograd, where `gradient.compare` asks for it.
GRADIENT_DIFFERENCE = "train/gradient_difference"
# What no epoch measures: the number of trained parameters, and the seconds that a run took.
PARAMETERS, TRAIN_SECONDS = "model/parameters", "train/seconds"
ONCE_A_RUN = (PARAMETERS, TRAIN_SECONDS)
_NUMBERS, _CLASSES = ("regression",), ("binary", "multiclass")
METRICS = {
    "rmse": Metric("min", _NUMBERS, "root of the mean squared error"),
    "mse": Metric("min", _NUMBERS, "mean squared error"),
    "mae": Metric("min", _NUMBERS, "mean absolute error"),
    "max_error": Metric("min", _NUMBERS, "largest absolute error"),
    "r2": Metric(
        "max",
        _NUMBERS,
        "1 - squared errors / squared deviations from the mean",
    ),
    "relative_squared_error": Metric(
        "min", _NUMBERS, "squared errors / squared deviations from the mean"
    ),
    "explained_variance": Metric("max", _NUMBERS, "1 - variance of errors / variance of targets"),
    "pearson": Metric("max", _NUMBERS, "correlation of predictions and targets"),
    "spearman": Metric("max", _NUMBERS, "correlation of their ranks"),
    "kendall": Metric(
        "max",
        _NUMBERS,
        "share of pairs of rows in order, less those that are not; slow",
        own=False,
    ),
    "concordance": Metric("max", _NUMBERS, "correlation about the line of equality"),
    "mape": Metric("min", _NUMBERS, "mean absolute error, as a share of the target"),
    "smape": Metric("min", _NUMBERS, "the same, as a share of the mean of target and prediction"),
    "wmape": Metric("min", _NUMBERS, "sum of absolute errors over that of absolute targets"),
    "msle": Metric("min", _NUMBERS, "mean squared error of log(1 + value)"),
    "log_cosh": Metric("min", _NUMBERS, "mean of log(cosh(error))"),
    "nrmse": Metric("min", _NUMBERS, "rmse over the size of the mean target"),
    "cosine_similarity": Metric(
        "max",
        _NUMBERS,
        "cosine of the angle to the targets of a row",
    ),
    "accuracy": Metric("max", _CLASSES, "share of rows whose class is right"),
    "f1": Metric("max", _CLASSES, "harmonic mean of precision and recall"),
    "balanced_accuracy": Metric("max", _CLASSES, "recall, averaged over all classes"),
    "precision": Metric("max", _CLASSES, "share of the rows predicted as a class that are of it"),
    "recall": Metric("max", _CLASSES, "share of the rows of a class that are predicted as it"),
    "specificity": Metric(
        "max", _CLASSES, "share of the rows of other classes predicted as others"
    ),
    "negative_predictive_value": Metric(
        "max", _CLASSES, "share of the rows predicted as others that are"
    ),
    "jaccard": Metric("max", _CLASSES, "rows of a class predicted as it, over those of either"),
    "hamming_distance": Metric("min", _CLASSES, "share of rows whose class is wrong"),
    "cohen_kappa": Metric("max", _CLASSES, "agreement beyond that of chance"),
    "matthews_corrcoef": Metric("max", _CLASSES, "correlation of predicted and true classes"),
    "auroc": Metric(
        "max",
        _CLASSES,
        "area under the ROC curve",
    ),
    "average_precision": Metric("max", _CLASSES, "area under precision over recall"),
    "log_loss": Metric("min", _CLASSES, "cross-entropy, without weights and smoothing"),
    "calibration_error": Metric("min", _CLASSES, "distance of confidence and accuracy, in 15 bins"),
    "hinge_loss": Metric("min", _CLASSES, "hinge loss of the probabilities", own=False),
}


# What scikit-learn, torchmetrics and papers call some of them.
SYNONYMS = {
    **dict.fromkeys(("mean_squared_error", "meansquarederror", "l2"), "mse"),
    **dict.fromkeys(("root_mean_squared_error", "rmsd"), "rmse"),
    **dict.fromkeys(("mean_absolute_error", "meanabsoluteerror", "l1"), "mae"),
    **dict.fromkeys(("mean_absolute_percentage_error", "percentage_error"), "mape"),
    **dict.fromkeys(("mean_squared_log_error", "mean_squared_logarithmic_error"), "msle"),
    **dict.fromkeys(("r2_score", "r2score", "determination", "rsquared", "r_squared"), "r2"),
    **dict.fromkeys(("pearson_corrcoef", "pearsoncorrcoef", "correlation", "pearsonr"), "pearson"),
    **dict.fromkeys(("spearman_corrcoef", "spearmancorrcoef", "spearmanr"), "spearman"),
    **dict.fromkeys(("ccc", "concordance_corrcoef", "concordancecorrcoef"), "concordance"),
    **dict.fromkeys(("acc", "accuracy_score", "top1"), "accuracy"),
    **dict.fromkeys(("f1_score", "f1score", "f_score", "f1_macro"), "f1"),
    **dict.fromkeys(("balanced_accuracy_score", "bacc", "uar"), "balanced_accuracy"),
    **dict.fromkeys(("auc", "roc_auc", "roc_auc_score", "rocauc"), "auroc"),
    **dict.fromkeys(("ap", "pr_auc", "auprc", "average_precision_score"), "average_precision"),
    **dict.fromkeys(("sensitivity", "tpr", "recall_score", "hit_rate"), "recall"),
    **dict.fromkeys(("ppv", "precision_score", "positive_predictive_value"), "precision"),
    **dict.fromkeys(("tnr", "selectivity"), "specificity"),
    "npv": "negative_predictive_value",
    **dict.fromkeys(("mcc", "matthews", "matthews_corr_coef", "phi"), "matthews_corrcoef"),
    **dict.fromkeys(("kappa", "cohens_kappa", "cohen_kappa_score"), "cohen_kappa"),
    **dict.fromkeys(("iou", "jaccard_score", "jaccard_index"), "jaccard"),
    **dict.fromkeys(("ece", "calibration", "expected_calibration_error"), "calibration_error"),
    **dict.fromkeys(("cross_entropy", "nll", "logloss", "bce"), "log_loss"),
    **dict.fromkeys(("hamming", "hamming_loss", "error_rate"), "hamming_distance"),
}


def metrics_of(task: str) -> tuple[str, ...]:
    """Return the names of the metrics that a task has."""
    return tuple(name for name, metric in METRICS.items() if task in metric.tasks)


def is_of_validation(metric: str) -> bool:
    """Return whether a metric is one of the validation rows, which not every epoch measures.

    A LightningModule of the user's may call them `val_loss`.
    """
    return re.match(r"(val|valid|validation)[/_]", metric) is not None


def known_mode(metric: str) -> str | None:
    """Return the mode of the loss or a metric of ours, and None for any other.

    A LightningModule of the user's may call them `val_loss`.
    """
    if metric in ONCE_A_RUN:
        return "min"
    modes = {LOSS: "min"} | {name: metric.better for name, metric in METRICS.items()}
    name = re.sub(r"^(train|val|valid|validation|test)_", "", metric.rpartition("/")[2])
    return modes.get(name)
