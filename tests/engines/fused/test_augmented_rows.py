"""Jobs whose images are augmented train side by side as they do alone, each by its own seed."""

from pathlib import Path

import pytest
from tests.data.images.pictures import class_folders
from tests.engines.fused.comparison import DOUBLE, MLP, compare

KINDS = {2: ("cat", "dog"), 3: ("cat", "dog", "hen")}
ALL = (
    "data.augment.flip=random",
    "data.augment.crop=1",
    "data.augment.translate=1",
    "data.augment.brightness=0.2",
    "data.augment.contrast=0.2",
    "data.augment.cutout=2",
)
MIXED = (*ALL, "data.augment.flip=alternating", "data.augment.mixup=0.4")
CASES = {
    "mixed": (3, (*MIXED, "task.label_smoothing=0.1")),
    "two classes": (2, (*MIXED, "data.shuffle=false", "optimizer=adam")),
}
JOBS = (
    ("optimizer.lr=0.02", "seed=3"),
    ("optimizer.lr=0.05", "seed=4"),
    ("optimizer.lr=0.05", "data.val_size=7", "seed=4"),
)


@pytest.mark.parametrize("case", CASES)
def test_each_job_has_its_own_changes(tmp_path: Path, case: str) -> None:
    count, words = CASES[case]
    folder = class_folders(tmp_path / "pets", rows=9, classes=KINDS[count])
    facts = (
        f"data.task={'binary' if count == 2 else 'multiclass'}",
        "data.input_shape=[1,4,5]",
        f"data.output_size={count if count > 2 else 1}",
        "data.target_names=[]",
        f"data.class_names=[{','.join(KINDS[count])}]",
    )
    rows = ("data=images", f"data.folder={folder}", "data.cache=null", "data.batch_size=4")
    splits = ("data.val_size=4", "data.test_size=4")

    compare(tmp_path, (*rows, *facts, *splits, *MLP, *words, DOUBLE, "trainer.max_epochs=2"), JOBS)
