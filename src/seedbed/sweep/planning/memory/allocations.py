"""How many bytes of tensors some code allocates."""

import weakref
from typing import Any

from torch import Tensor
from torch.utils._pytree import tree_leaves

from seedbed.engines.fused.recording import TensorOperations


class Allocations(TensorOperations):
    """Counter of the bytes of new tensors: those there are `now`, and the `most` there were.

    What `given` tensors lie in is not new. Buffers inside an operation are not seen.
    """

    def __init__(self, *given: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = 0
        self.most = 0
        self._known = {tensor.untyped_storage()._cdata for tensor in tree_leaves(given)}

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Run an operation and count what it returns."""
        results = function(*args, **(kwargs or {}))
        for leaf in tree_leaves(results):
            if isinstance(leaf, Tensor):
                self._count(leaf.untyped_storage())
        return results

    def _count(self, storage: Any) -> None:
        place, size = storage._cdata, storage.nbytes()
        if place in self._known:
            return
        self._known.add(place)
        self.now += size
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._end, place, size)

    def _end(self, place: int, size: int) -> None:
        self._known.remove(place)
        self.now -= size
