"""Images with known targets, in folders of their classes or with a metadata.csv."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from seedbed.data.images.form import Form
from seedbed.data.labelled.images import labelled_images
from seedbed.errors import ConfigError

FORM = Form(1, 4, 5, None)
CLOTHES = ["T-shirt/top", "Trouser", "Ankle boot"]


def options(**more: Any) -> Any:
    known = {"task": "multiclass", "class_names": CLOTHES, "output_size": 3, "target_names": []}
    return SimpleNamespace(**{**known, **more})


def write(folder: Path, name: str, level: int) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((4, 5), level, dtype=np.uint8)).save(path)


@pytest.mark.parametrize(
    "folders",
    [
        ("Ankle boot", "T-shirt_top", "Trouser"),
        ("Ankle boot", "T-shirt/top", "Trouser"),
        ("2", "0", "1"),
    ],
)
def test_class_folders_are_called_as_the_classes_or_numbered(
    tmp_path: Path, folders: tuple[str, ...]
) -> None:
    for level, name in enumerate(folders):
        write(tmp_path, f"{name}/a.png", level)
    rows = labelled_images(str(tmp_path), FORM, options())
    levels = rows.table.inputs[:, 0, 0, 0].tolist()
    found = dict(zip(levels, rows.table.targets.tolist(), strict=True))
    assert found == {0: 2, 1: 0, 2: 1}
    assert rows.table.inputs.shape == (3, 1, 4, 5)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Trousers/a.png", r"Trousers/a.png is of the class 'Trousers'.* Did you mean 'Trouser'"),
        ("test/Trouser/a.png", r"class 'test'.*input=.*/test is measured by itself"),
        ("a.png", "lies in no class folder, and there is no metadata.csv"),
        ("3/a.png", "is of the class '3', which the run was not trained on"),
    ],
)
def test_images_of_no_class_of_the_run_are_refused(tmp_path: Path, name: str, said: str) -> None:
    write(tmp_path, "Trouser/b.png", 1)
    write(tmp_path, name, 2)
    with pytest.raises(ConfigError, match=said):
        labelled_images(str(tmp_path), FORM, options())


def test_a_metadata_file_names_targets(tmp_path: Path) -> None:
    for level, name in enumerate(["a.png", "b.png", "c.png", "d.png"]):
        write(tmp_path, name, level)
    lines = ["label,file_name", "Trouser,b.png", "2,a.png", ",c.png"]
    (tmp_path / "metadata.csv").write_text("\n".join(lines) + "\n")
    rows = labelled_images(str(tmp_path), FORM, options())
    assert rows.table.inputs[:, 0, 0, 0].tolist() == [1, 0]
    assert rows.table.targets.tolist() == [1, 2]
    assert any("left out, without a target: line 4" in note for note in rows.notes)
    assert any("no metadata.csv names: c.png, d.png" in note for note in rows.notes)
    (tmp_path / "metadata.csv").write_text("\n".join(lines).replace("Trouser", "Coat") + "\n")
    with pytest.raises(ConfigError, match=r"line 2: 'Coat' is none of the classes"):
        labelled_images(str(tmp_path), FORM, options())


def test_a_metadata_file_names_amounts(tmp_path: Path) -> None:
    for level, name in enumerate(["a.png", "b.png"]):
        write(tmp_path, name, level)
    (tmp_path / "metadata.csv").write_text("file_name,x,age\na.png,1,2.5\nb.png,0,7\n")
    amounts = options(task="regression", class_names=[], output_size=1, target_names=["age"])
    rows = labelled_images(str(tmp_path), FORM, amounts)
    assert torch.equal(rows.table.targets, torch.tensor([[2.5], [7.0]], dtype=torch.float64))
    amounts.target_names = ["ages"]
    with pytest.raises(ConfigError, match=r"no column 'ages', the target.*'age'"):
        labelled_images(str(tmp_path), FORM, amounts)


def test_numbers_of_classes_are_not_known_where_some_were_chosen(tmp_path: Path) -> None:
    write(tmp_path, "1/a.png", 1)
    with pytest.raises(ConfigError, match="is of the class '1', which the run was not trained on"):
        labelled_images(str(tmp_path), FORM, options(classes=[7, 8, 9]))
