"""Order of points by several objectives: non-dominated sorting and crowding distance.

Deb, Pratap, Agarwal and Meyarivan, "A fast and elitist multiobjective genetic algorithm: NSGA-II",
IEEE Transactions on Evolutionary Computation 6 (2002), sections III.A and III.B. All objectives are
minimized. A point dominates another where it is nowhere worse and somewhere better.
"""

from bisect import bisect_right
from collections.abc import Sequence
from math import inf, isfinite

Points = Sequence[Sequence[float]]


def non_domination_ranks(points: Points) -> list[int]:
    """Return the rank of each point: 1 on the Pareto front, 2 on that of all others, and so on.

    Equal points have the same rank. Of two objectives it takes n log n steps; of more, each point
    is compared with those of some fronts (Zhang, Tian, Cheng and Jin, "An efficient approach to
    nondominated sorting", IEEE Transactions on Evolutionary Computation 19, 2015: ENS-BS).

    Args:
        points: A row of numbers a point, none of them nan; infinities are numbers as others.
    """
    known = [tuple(map(float, point)) for point in points]
    # In this order a point is dominated by none that comes after it.
    unique = sorted(set(known))
    ranks = _of_two(unique) if unique and len(unique[0]) == 2 else _of_many(unique)
    rank_of = dict(zip(unique, ranks, strict=True))
    return [rank_of[point] for point in known]


def _of_two(points: Sequence[tuple[float, ...]]) -> list[int]:
    """Return the ranks of distinct points in ascending order.

    The last point of a front has the least second value of it, and these ascend over the fronts.
    """
    least: list[float] = []
    ranks = []
    for _, second in points:
        front = bisect_right(least, second)
        least[front : front + 1] = [second]
        ranks.append(front + 1)
    return ranks


def _of_many(points: Sequence[tuple[float, ...]]) -> list[int]:
    """Return the ranks of distinct points in ascending order, whose first value needs no look."""
    import numpy as np

    size = len(points[0]) - 1 if points else 0
    others = np.array([point[1:] for point in points], dtype=float).reshape(len(points), size)
    # Those of each front; what has been entered of it comes first.
    fronts: list[np.ndarray] = []
    sizes: list[int] = []
    ranks = []

    def dominated(front: int, point: "np.ndarray") -> bool:
        return bool((fronts[front][: sizes[front]] <= point).all(axis=1).any())

    for point in others:
        low, high = 0, len(fronts)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if dominated(middle, point) else (low, middle)
        if low == len(fronts):
            fronts.append(np.empty((8, others.shape[1])))
            sizes.append(0)
        if sizes[low] == len(fronts[low]):
            fronts[low] = np.concatenate([fronts[low], np.empty_like(fronts[low])])
        fronts[low][sizes[low]] = point
        sizes[low] += 1
        ranks.append(low + 1)
    return ranks


def crowding_distances(points: Points) -> list[float]:
    """Return how far the neighbours of each point of one front are apart: more is less crowded.

    In each objective that is the difference of the next larger and the next smaller value over that
    of the largest and the smallest finite one; the distance is the sum over the objectives, and
    infinite at their ends. An objective that is the same in all points adds nothing.

    Args:
        points: A row of numbers a point, none of them nan.
    """
    distances = [0.0] * len(points)
    for values in zip(*points, strict=True):
        order = sorted(range(len(values)), key=values.__getitem__)
        ordered = [values[place] for place in order]
        if ordered[0] == ordered[-1]:
            continue
        finite = [value for value in ordered if isfinite(value)]
        width = finite[-1] - finite[0] if finite else 0.0
        around = [-inf, *ordered, inf]
        for at, place in enumerate(order):
            below, above = around[at], around[at + 2]
            gap = 0.0 if below == above else above - below
            distances[place] += gap / (width if width > 0 else 1.0)
    return distances


def crowding_order(points: Points, ranks: Sequence[int]) -> list[int]:
    """Return the places of points, the best ones first: by rank, and the least crowded in each."""
    fronts: dict[int, list[int]] = {}
    for place, rank in enumerate(ranks):
        fronts.setdefault(rank, []).append(place)
    order: list[int] = []
    for rank in sorted(fronts):
        places = fronts[rank]
        distances = crowding_distances([points[place] for place in places])
        apart = dict(zip(places, distances, strict=True))
        order += sorted(places, key=lambda place: -apart[place])
    return order
