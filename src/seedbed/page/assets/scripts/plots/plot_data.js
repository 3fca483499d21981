// @ts-check
// Numbers behind the other plots: values by key, cells of a heat map, best so far, fronts.

import { cellText } from "../formats.js";
import { quantileOf } from "../statistics.js";
import { axisNumber } from "./drawing/axes.js";

/** @typedef {number | string | boolean | null} Cell */
/** @typedef {"min" | "max" | null} Mode */

/**
 * Order of cells on an axis: numbers rising, then words by their letters, then nothing (null).
 * @param {Cell} a
 * @param {Cell} b
 * @returns {number}
 */
export function compareCells(a, b) {
  const kindA = a === null || a === undefined ? 2 : typeof a === "number" ? 0 : 1;
  const kindB = b === null || b === undefined ? 2 : typeof b === "number" ? 0 : 1;
  if (kindA !== kindB) return kindA - kindB;
  if (kindA === 0) return Number(a) - Number(b);
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

/**
 * Distinct cells in order.
 * @param {Iterable<Cell>} cells
 * @returns {Cell[]}
 */
export function distinctCells(cells) {
  return Array.from(new Set(cells)).sort(compareCells);
}

/**
 * Whether numbers are better shown on a logarithmic axis: all above zero, and the largest at
 * least `decades` decades above the smallest.
 * @param {Iterable<number>} values
 * @param {number} decades
 * @returns {boolean}
 */
export function spansDecades(values, decades = 2) {
  let low = Infinity;
  let high = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value <= 0) return false;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return high >= low * 10 ** decades * (1 - 1e-9);
}

/**
 * Whether values of a metric are better shown on a logarithmic axis: those that are to become small
 * sooner than others.
 *
 * @param {Iterable<number>} values
 * @param {Mode} mode
 * @param {number} decades that small values span
 * @returns {boolean}
 */
export function prefersLog(values, mode, decades = 1) {
  return spansDecades(values, mode === "min" ? decades : 2);
}

/**
 * Values by cell: count, median and quartiles of those that are finite.
 * @param {Cell[]} cells cell of each entry
 * @param {ArrayLike<number>} values value of each entry
 * @returns {{cell: Cell, count: number, low: number, median: number, high: number}[]} in order
 */
export function quartilesByCell(cells, values) {
  /** @type {Map<Cell, number[]>} */
  const groups = new Map();
  cells.forEach((cell, i) => {
    if (!Number.isFinite(values[i])) return;
    const group = groups.get(cell);
    if (group) group.push(values[i]);
    else groups.set(cell, [values[i]]);
  });
  return distinctCells(groups.keys()).map((cell) => {
    const sorted = /** @type {number[]} */ (groups.get(cell)).sort((a, b) => a - b);
    return {
      cell,
      count: sorted.length,
      low: quantileOf(sorted, 0.25),
      median: quantileOf(sorted, 0.5),
      high: quantileOf(sorted, 0.75),
    };
  });
}

/**
 * Share of the differences between ranks of values that lies between cells, not within them: from 0
 * to 1 (eta squared of ranks, as in the test of Kruskal and Wallis). NaN where nothing differs.
 *
 * @param {number[]} groups of each entry, from 0
 * @param {ArrayLike<number>} values entries that are not finite do not count
 * @returns {number}
 */
export function explainedShare(groups, values) {
  const entries = groups.map((_, i) => i).filter((i) => Number.isFinite(values[i]));
  const ranks = ranksOf(entries.map((i) => values[i]));
  const mean = (ranks.length + 1) / 2;
  /** @type {Map<number, {sum: number, count: number}>} */
  const sums = new Map();
  let total = 0;
  ranks.forEach((rank, place) => {
    const group = sums.get(groups[entries[place]]) ?? { sum: 0, count: 0 };
    group.sum += rank;
    group.count += 1;
    sums.set(groups[entries[place]], group);
    total += (rank - mean) ** 2;
  });
  let between = 0;
  for (const { sum, count } of sums.values()) between += count * (sum / count - mean) ** 2;
  return total > 0 ? between / total : NaN;
}

/**
 * Ranks of numbers from 1 on; equal ones share the mean of theirs.
 *
 * @param {number[]} values
 * @returns {number[]}
 */
export function ranksOf(values) {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  /** @type {number[]} */
  const ranks = new Array(values.length);
  for (let start = 0; start < order.length;) {
    let end = start;
    while (end + 1 < order.length && values[order[end + 1]] === values[order[start]]) end++;
    for (let i = start; i <= end; i++) ranks[order[i]] = (start + end) / 2 + 1;
    start = end + 1;
  }
  return ranks;
}

/**
 * Bins of an axis: one a distinct cell, or, where there are more than `most` numbers, intervals of
 * equal width (of equal ratio where the numbers span decades).
 * @param {Cell[]} cells
 * @param {number} most
 * @returns {{labels: string[], ends: number[] | null, binOf: (cell: Cell) => number}}
 */
export function binsOf(cells, most) {
  const distinct = distinctCells(cells);
  const numbers = distinct.filter((cell) => typeof cell === "number" && Number.isFinite(cell));
  if (distinct.length <= most || numbers.length < distinct.length) {
    const place = new Map(distinct.map((cell, i) => [cell, i]));
    return {
      labels: distinct.map(axisText),
      ends: null,
      binOf: (cell) => place.get(cell) ?? -1,
    };
  }
  const low = Number(numbers[0]);
  const high = Number(numbers[numbers.length - 1]);
  const ratio = spansDecades(/** @type {number[]} */ (numbers));
  const scale = ratio ? Math.log : (/** @type {number} */ value) => value;
  const back = ratio ? Math.exp : (/** @type {number} */ value) => value;
  const width = (scale(high) - scale(low)) / most;
  const ends = Array.from({ length: most + 1 }, (_, i) => back(scale(low) + i * width));
  const short = (/** @type {number} */ value) => axisNumber(Number(value.toPrecision(2)));
  return {
    labels: Array.from({ length: most }, (_, i) => `${short(ends[i])} to ${short(ends[i + 1])}`),
    ends,
    binOf: (cell) =>
      Math.min(most - 1, Math.max(0, Math.floor((scale(Number(cell)) - scale(low)) / width))),
  };
}

/**
 * Cell as the name of a category.
 * @param {Cell} cell
 * @returns {string}
 */
export function axisText(cell) {
  if (cell === null || cell === undefined) return "null";
  return typeof cell === "number" ? axisNumber(cell, 6) : cellText(cell);
}

/**
 * Means of values in cells of two keys' bins; `count` of 0 where no value is.
 * @param {number[]} columns bin of each entry across
 * @param {number[]} rows bin of each entry upwards
 * @param {ArrayLike<number>} values finite ones count as `count`, the others as `without`
 * @returns {{column: number, row: number, mean: number, count: number, without: number}[]}
 */
export function meansByTwo(columns, rows, values) {
  const cells = new Map();
  columns.forEach((column, i) => {
    const key = `${column},${rows[i]}`;
    let cell = cells.get(key);
    if (!cell) {
      cell = { column, row: rows[i], mean: 0, count: 0, without: 0 };
      cells.set(key, cell);
    }
    if (Number.isFinite(values[i])) {
      cell.count += 1;
      cell.mean += (values[i] - cell.mean) / cell.count;
    } else cell.without += 1;
  });
  for (const cell of cells.values()) if (cell.count === 0) cell.mean = NaN;
  return Array.from(cells.values());
}

/**
 * Best value up to each entry; NaN before the first finite one.
 * @param {ArrayLike<number>} values
 * @param {Mode} mode
 * @returns {number[]}
 */
export function bestSoFar(values, mode) {
  const result = [];
  let best = NaN;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (Number.isFinite(value) && (Number.isNaN(best) || isBetter(value, best, mode))) best = value;
    result.push(best);
  }
  return result;
}

/**
 * Whether a value is better than another.
 * @param {number} value
 * @param {number} other
 * @param {Mode} mode null counts as `min`
 * @returns {boolean}
 */
export function isBetter(value, other, mode) {
  return mode === "max" ? value > other : value < other;
}

/**
 * Entries that no other dominates: none is at least as good in all objectives and better in one.
 * Entries with a value that is not finite are never among them.
 * @param {ArrayLike<number>[]} objectives a list of values an objective
 * @param {Mode[]} modes
 * @returns {number[]} places, rising
 */
export function frontOf(objectives, modes) {
  const signs = modes.map((mode) => (mode === "max" ? -1 : 1));
  /** @type {{place: number, values: number[]}[]} */
  const entries = [];
  for (let place = 0; place < (objectives[0]?.length ?? 0); place++) {
    const values = objectives.map((objective, i) => signs[i] * objective[place]);
    if (values.every(Number.isFinite)) entries.push({ place, values });
  }
  // Whatever dominates an entry stands before it in this order.
  entries.sort((a, b) => {
    const i = a.values.findIndex((value, k) => value !== b.values[k]);
    return i < 0 ? 0 : a.values[i] - b.values[i];
  });
  /** @type {typeof entries} */
  const front = [];
  for (const entry of entries) {
    const dominated = front.some(
      (other) =>
        other.values.every((value, i) => value <= entry.values[i]) &&
        other.values.some((value, i) => value < entry.values[i]),
    );
    if (!dominated) front.push(entry);
  }
  return front.map((entry) => entry.place).sort((a, b) => a - b);
}

/**
 * At most so many of the jobs, in even steps, and those that must be among them.
 *
 * @param {number[]} jobs
 * @param {number} most
 * @param {Set<number>} always
 * @returns {number[]}
 */
export function everyNth(jobs, most, always) {
  const step = jobs.length / most;
  if (step <= 1) return jobs;
  let next = 0;
  return jobs.filter((job, i) => {
    const isDue = i >= next;
    if (isDue) next += step;
    return isDue || always.has(job);
  });
}

/**
 * Places of numbers on an axis, those of equal ones side by side, where many are equal: within half of
 * the way to the next number, and within 3 % of the axis.
 *
 * @param {number[]} numbers
 * @param {boolean} log whether the axis is logarithmic
 * @returns {number[]}
 */
export function spreadOut(numbers, log) {
  const scale = log ? Math.log : (/** @type {number} */ value) => value;
  const back = log ? Math.exp : (/** @type {number} */ value) => value;
  const distinct = Array.from(new Set(numbers)).sort((a, b) => a - b);
  if (distinct.length < 2 || numbers.length < 8 * distinct.length) return numbers;
  const places = distinct.map(scale);
  const range = places[places.length - 1] - places[0];
  const gaps = places.slice(1).map((place, i) => place - places[i]);
  const width = Math.min(0.5 * gaps.reduce((a, b) => Math.min(a, b)), 0.03 * range);
  const seen = new Map();
  return numbers.map((number) => {
    const count = (seen.get(number) ?? 0) + 1;
    seen.set(number, count);
    return back(scale(number) + (halvings(count) - 0.5) * width);
  });
}

/**
 * Numbers from 0 to 1 that fill the interval evenly, however many there are (van der Corput's).
 *
 * @param {number} place from 1 on
 * @returns {number}
 */
function halvings(place) {
  let result = 0;
  for (let rest = place, part = 0.5; rest > 0; rest >>= 1, part /= 2) if (rest & 1) result += part;
  return result;
}
