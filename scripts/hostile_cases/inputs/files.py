"""Files in the working folder of every bad input: data, modules and configs of the user's."""

from io import BytesIO
from typing import Any

import numpy as np
from scripts.hostile_cases.planting import FIFO, Bomb, Link, Sparse, Special

ROWS = '''"""Datasets of the user's, one wrong thing each."""
import torch
from torch.utils.data import Dataset

class Rows(Dataset):
    width, count, batch = 3, 20, None
    def __len__(self): return self.count
    def x(self, row): return torch.ones(self.width)
    def y(self, row): return torch.ones(1)
    def __getitem__(self, row): return self.x(row), self.y(row)

class Wide(Rows): width = 5
class Empty(Rows): count = 0
class NoLength(Rows): __len__ = None
class Dicts(Rows):
    def __getitem__(self, row): return {"x": self.x(row)}
class Triples(Rows):
    def __getitem__(self, row): return self.x(row), self.y(row), self.y(row)
class Texts(Rows):
    def x(self, row): return "text"
class Ragged(Rows):
    def x(self, row): return torch.ones(2 + row)
class Nan(Rows):
    def x(self, row): return torch.full((3,), float("nan")) if row == 7 else torch.ones(3)
class NanTargets(Rows):
    def y(self, row): return torch.tensor([float("nan") if row == 7 else 1.0])
class Labels(Rows):
    first = 0
    def y(self, row): return torch.tensor(self.first + row % 3)
class LabelsFromOne(Labels): first = 1
class LabelsBelow(Labels): first = -1
class SoftLabels(Rows):
    def y(self, row): return torch.tensor(0.3)
class BinaryOneTwo(Rows):
    def y(self, row): return torch.tensor([1.0 + row % 2])
class Raises(Rows):
    def __getitem__(self, row): raise ValueError("no row for you")
class RaisesLate(Rows):
    def __getitem__(self, row):
        if row == 13: raise ValueError("no such row")
        return self.x(row), self.y(row)
class TwoTargets(Rows):
    def y(self, row): return torch.ones(2)
class WithoutArguments(Rows):
    def __init__(self, needed): pass
def not_a_dataset(): return [1, 2, 3]
class Net(torch.nn.Module):
    def __init__(self, inputs=1): super().__init__(); self.layer = torch.nn.Linear(inputs, 1)
    def forward(self, x): return self.layer(x)
class WideNet(Net):
    def __init__(self): super().__init__(7)
class TupleNet(Net):
    def forward(self, x): return self.layer(x), x
class NoParameters(torch.nn.Module):
    def forward(self, x): return x[:, :1]
class NoForward(torch.nn.Module): pass
class RaisingNet(Net):
    def forward(self, x): raise RuntimeError("no forward")
class ExitingNet(Net):
    def __init__(self): raise SystemExit(3)
class NotANet: pass
class NanNet(Net):
    def forward(self, x): return self.layer(x) * float("nan")
class BoolNet(Net):
    def forward(self, x): return self.layer(x) > 0
class Norm(Net):
    def __init__(self): super().__init__(); self.norm = torch.nn.BatchNorm1d(1)
    def forward(self, x): return self.norm(self.layer(x))
'''


def _npy(values: Any) -> bytes:
    file = BytesIO()
    np.save(file, values, allow_pickle=True)
    return file.getvalue()


def _npy_that_claims(shape: str) -> bytes:
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}"
    padded = header.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded.encode()


INPUT_FILES: dict[str, Any] = {
    "rows.py": ROWS,
    "missing_import.py": "import nowhere_at_all\n",
    "syntax_error.py": "def broken(:\n",
    "raises.py": "raise RuntimeError('not today')\n",
    "exits.py": "raise SystemExit(7)\n",
    "endless.py": "class A: pass\nA.B = A\n",
    # Of two inputs, x1 and x2, as data=blobs without names has them by position.
    "good.csv": "x1,x2\n1,2\n3,4\n",
    "empty.csv": "",
    "header.csv": "x1,x2\n",
    "no_header.csv": "1,2\n3,4\n",
    "narrow.csv": "x1\n1\n",
    "wide.csv": "x1,x2,x3\n1,2,3\n",
    "ragged.csv": "x1,x2\n1,2\n1\n",
    "long_line.csv": "x1,x2\n1,2,3\n",
    "text.csv": "x1,x2\n1,two\n",
    "nan.csv": "x1,x2\n1,nan\n",
    "inf.csv": "x1,x2\n1,inf\n",
    "underscore.csv": "x1,x2\n1,1_063\n",
    "huge_number.csv": "x1,x2\n1," + "9" * 5_000 + "\n",
    "above_float32.csv": "x1,x2\n1,1e300\n",
    "twice.csv": "x1,x1\n1,2\n",
    "no_utf8.csv": b"x1,x2\n\xff,2\n",
    "utf16.csv": "x1,x2\n1,2\n".encode("utf-16"),
    "zero_bytes.csv": b"x1,x2\n1,\x00\n",
    "open_quote.csv": 'x1,x2\n1,"2\n',
    "semicolons.csv": "x1;x2\n1;2\n",
    "huge_cell.csv": "x1,x2\n1," + "x" * 200_000 + "\n",
    "escape.csv": "x1,\x1b[31m\n1,\x1b[31m2\n",
    "sparse.csv": Sparse(8 * 2**30),
    "fifo.csv": Special(FIFO),
    "zero.csv": Link("/dev/zero"),
    "folder.csv/x": "",
    "good.npy": _npy(np.ones((2, 2))),
    "shape.npy": _npy(np.ones((2, 3))),
    "one_row.npy": _npy(np.ones(2)),
    "no_rows.npy": _npy(np.ones((0, 2))),
    "no_size.npy": _npy(np.float64(1)),
    "nan.npy": _npy(np.full((2, 2), np.nan)),
    "complex.npy": _npy(np.ones((2, 2), dtype=complex)),
    "texts.npy": _npy(np.array([["a", "b"]])),
    "objects.npy": _npy(np.array([[1, {}]], dtype=object)),
    "claims.npy": _npy_that_claims("(1000000000000, 2)"),
    "claims_none.npy": _npy_that_claims("(1000000000000, 0)"),
    "negative.npy": _npy_that_claims("(-1, 2)"),
    "cut.npy": _npy(np.ones((2, 2)))[:-3],
    "not.npy": "text",
    "bomb.npy": Bomb(2**20),
    "sparse.npy": Sparse(8 * 2**30),
    "trials.csv": "optimizer.lr\nfast\n",
    "twice_table.csv": "seed,seed\n1,2\n",
    "unknown_table.csv": "optimizer.lrr\n1\n",
    "sweep_table.csv": 'optimizer.lr\n"1,2"\n',
    "mine/model/lines.yaml": "_target_: rows.Net\ninputs: ${data.input_shape[0]}\n",
    "mine/model/no_target.yaml": "inputs: 3\n",
    "mine/model/a_list.yaml": "[1, 2]\n",
    "mine/model/broken.yaml": "a: [1\n",
    "mine/model/tab.yaml": "a:\n\t- 1\n",
    "mine/model/twice.yaml": "a: 1\na: 2\n",
    "mine/experiment/plain.yaml": "optimizer:\n  lr: 1\n",
    "mine/experiment/wrong_key.yaml": "# @package _global_\noptimizer: {lrr: 1}\n",
    "mine/experiment/wrong_option.yaml": (
        "# @package _global_\ndefaults: [override /optimizer: adma]\n"
    ),
    "mine/experiment/no_override.yaml": "# @package _global_\ndefaults: [/optimizer: adam]\n",
    "mine/data/own.yaml": "defaults: [torch_dataset]\ninput_shape: [3]\n",
    "taken/notes.txt": "mine",
    "taken_by_a_run/run.json": "{}",
    "a_file": "text",
}

# Project files, by the name that a bad input gives; in place of none.
PROJECT_FILES: dict[str, str] = {
    "unknown key": "config_folder: mine\n",
    "no mapping": "- a\n",
    "no YAML": "a: [1\n",
    "missing folder": "config_dir: nowhere\n",
    "folder that is a number": "config_dir: 7\n",
    "trust that is a text": "trust: rows\n",
    "trust that is no module": "trust: [a-b]\n",
    "defaults that are no overrides": "defaults: [adam]\n",
    "a flag among the defaults": "defaults: [--multirun]\n",
    "a default that is wrong": "defaults: [optimizer.lr=fast]\n",
    "a default of an unknown option": "defaults: [optimizer=adma]\n",
    "defaults that contradict": "defaults: [seed=1, seed=2]\n",
}
