"""What the figures of classifiers are drawn from."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.callbacks.figures.runs import POINTS, add, of_the_user
from tests.experiments import trained, weights
from torch import nn


def test_decision_boundary_gets_validation_rows_and_probabilities_on_a_grid(
    tmp_path: Path, drawn
) -> None:
    calls = drawn("decision_boundary")
    more = ("data.val_size=20", "data.input_scale=0.5", "data.class_names=[upper,lower]")
    keys = {"every_n_epochs": 2, "points": 15}
    experiment = trained(
        tmp_path, *POINTS, *more, *add("decision_boundary", **keys), "trainer.max_epochs=3"
    )
    second, last = calls
    table = experiment.data._splits["val"]
    weight, bias = (value.double().numpy() for value in weights(experiment).values())

    def probability(points: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-(0.5 * points @ weight.T + bias)))[..., 0]

    np.testing.assert_allclose(last["points"], table.inputs[:15].numpy(), rtol=1e-5)
    assert last["classes"].tolist() == table.targets[:15].tolist()
    predicted = (probability(table.inputs[:15].numpy()) > 0.5).astype(int)
    assert last["predicted"].tolist() == predicted.tolist()
    # Rows of the grid are those of the second input.
    plane = np.stack(np.meshgrid(last["x"], last["y"]), axis=-1)
    np.testing.assert_allclose(last["probability"], probability(plane), rtol=1e-4)
    assert last["x"].min() < last["points"][:, 0].min()
    assert last["y"].max() > last["points"][:, 1].max()
    assert last["class_names"] == ["upper", "lower"]
    right = (predicted == table.targets[:15].numpy()).mean()
    assert last["title"] == f"epoch 3: {right:.1%} of 15 validation rows right"
    assert second["title"].startswith("epoch 2: ")


@pytest.mark.parametrize("data", ["clusters", "blobs"])
def test_confusion_matrix_counts_true_classes_by_row(tmp_path: Path, drawn, data: str) -> None:
    calls = drawn("confusion_matrix")
    overrides = (f"data={data}", "data.rows=200", "optimizer=adam", "optimizer.lr=0.01")
    experiment = trained(
        tmp_path, *overrides, "trainer.max_epochs=1", *add("confusion_matrix"), "data.test_size=90"
    )
    (shown,) = calls
    table = experiment.data._splits["test"]
    with torch.no_grad():
        outputs = nn.functional.linear(table.inputs.float(), *weights(experiment).values())
    classes = 2 if data == "clusters" else 3
    predicted = (outputs[:, 0] > 0).long() if data == "clusters" else outputs.argmax(1)
    expected = np.zeros((classes, classes), int)
    for true, found in zip(table.targets.tolist(), predicted.tolist(), strict=True):
        expected[true, found] += 1
    assert shown["counts"].tolist() == expected.tolist()
    # Some are taken for others, and not as often the other way round.
    assert expected.tolist() != expected.T.tolist()
    assert shown["rows_label"] == "test rows"
    assert shown["class_names"] == [str(number) for number in range(classes)]


def test_worst_mistakes_are_sorted_by_predicted_probability(tmp_path: Path, drawn) -> None:
    calls = drawn("worst_mistakes")
    # Whatever the image, class 1 gets a probability of sigmoid(4 pixel): image 2 is surest.
    trained(
        tmp_path,
        *(*of_the_user("Pictures", "multiclass", [1, 2, 2], 2), "data.class_names=[cat,dog]"),
        *("+initial_weights.parameters.weight=[[0,0,0,0],[1,1,1,1]]", "optimizer.lr=0.0"),
        *("+initial_weights.parameters.bias=[0.0,0.1]", "trainer.max_epochs=1"),
        *add("worst_mistakes", images=5),
    )
    (shown,) = calls
    assert shown["title"] == "2 of 4 training rows wrong"
    assert list(shown["true"]) == ["cat", "cat"]
    assert list(shown["predicted"]) == ["dog", "dog"]
    expected = [1 / (1 + np.exp(-(4 * pixel + 0.1))) for pixel in (0.5, 0.0)]
    np.testing.assert_allclose(shown["probability"], expected, rtol=1e-5)
    assert shown["images"].shape == (2, 2, 2)
    assert shown["images"][0, 0, 0] > shown["images"][1, 0, 0]


def test_worst_mistakes_shows_at_most_the_given_number_of_images(tmp_path: Path, drawn) -> None:
    calls = drawn("worst_mistakes")
    given = "+initial_weights.parameters.bias=[0.0,5.0]"
    data = of_the_user("Pictures", "multiclass", [1, 2, 2], 2)
    trained(tmp_path, *data, given, *add("worst_mistakes", images=1), "trainer.max_epochs=1")
    assert len(calls[0]["images"]) == 1
