"""The image experiment on the real images, where they are at hand."""

from pathlib import Path

import pytest
from tests.experiments import record, trained

from seedbed.data.datasets.fashion_mnist_files import load_fashion_mnist
from seedbed.errors import DataError

DATA = Path(__file__).parents[3] / "data"


@pytest.fixture(scope="module")
def images() -> Path:
    """The folder of the real images, or a skip with the reason that they are not at hand."""
    here = (DATA / "fashion_mnist").is_dir() or Path("/usr/share/datasets/fashion-mnist").is_dir()
    if not here:
        pytest.skip("the real FashionMNIST images are not here: scripts/fetch_fashion_mnist.sh")
    try:
        load_fashion_mnist(DATA)
    except DataError as error:
        pytest.skip(str(error))
    return DATA


@pytest.mark.slow
@pytest.mark.parametrize("model", ["linear", "mlp"])
def test_other_models_fit_the_images_without_further_keys(
    tmp_path: Path, images: Path, model: str
) -> None:
    overrides = (f"model={model}", "optimizer=adam", "trainer.max_epochs=1")
    trained(tmp_path, "data=fashion_mnist", f"data.folder={images}", *overrides)
    # Chance is 0.1.
    assert record(tmp_path)["metrics"]["test/accuracy"] > 0.6
