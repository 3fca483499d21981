// @ts-check
// Verdict: which configuration is best, by how much, and whether that can be luck.

import { lowerTail, meanOf, deviationOf, tOfHalfWidth } from "../statistics.js";

/** @typedef {import("../configurations.js").Ranked} Ranked */
/** @typedef {Pick<import("../configurations.js").Summary, "unit" | "units">} Values */

// Chance of calling a configuration worse that in truth is the best.
export const LEVEL = 0.05;

/**
 * @typedef {object} Difference by how much one configuration is better than another
 * @property {number} mean above 0 where it is better; NaN where nothing is known
 * @property {number} low lower end of the 95 % interval; NaN where there is none
 * @property {number} high
 * @property {number} chance of a difference as large as this, or larger, where in truth there is none
 * @property {number} count seeds or folds that it is of
 * @property {"paired" | "unpaired" | "single"} kind over what both have in common; between two
 *   groups; or of one value each
 */

/**
 * By how much configuration `a` is better than `b`.
 *
 * Over the seeds or folds that both have: Student's t of the differences. Folds share training rows,
 * so their differences vary less than those of new data would: of k folds the variance of the mean
 * is that of a difference times 1/k + 1/(k - 1) (Nadeau and Bengio, "Inference for the
 * generalization error", 2003). With nothing in common: Welch's t.
 *
 * @param {Values} a
 * @param {Values} b
 * @param {string | null} mode
 * @returns {Difference}
 */
export function differenceOf({ units: a, unit }, { units: b, unit: other }, mode) {
  const sign = mode === "max" ? 1 : -1;
  const areFolds = unit === "fold" || other === "fold";
  const shared = [...a.keys()].filter((key) => b.has(key));
  if (shared.length >= 2) {
    const differences = shared.map((key) => sign * (Number(a.get(key)) - Number(b.get(key))));
    const count = differences.length;
    const share = 1 / count + (areFolds ? 1 / (count - 1) : 0);
    const error = deviationOf(differences) * Math.sqrt(share);
    return ofError(meanOf(differences), error, count - 1, count, "paired");
  }
  const [left, right] = [[...a.values()], [...b.values()]];
  const mean = sign * (meanOf(left) - meanOf(right));
  if (left.length < 2 || right.length < 2 || areFolds)
    return { mean, low: NaN, high: NaN, chance: NaN, count: 1, kind: "single" };
  const parts = [left, right].map((values) => deviationOf(values) ** 2 / values.length);
  const sum = parts[0] + parts[1];
  const degrees =
    sum ** 2 / (parts[0] ** 2 / (left.length - 1) + parts[1] ** 2 / (right.length - 1));
  return ofError(mean, Math.sqrt(sum), degrees, Math.min(left.length, right.length), "unpaired");
}

/** @returns {Difference} */
function ofError(mean, error, degrees, count, kind) {
  // Without any spread a difference is the same in every seed, and none is none.
  if (!(error > 0)) return { mean, low: mean, high: mean, chance: mean > 0 ? 0 : 1, count, kind };
  const half = tOfHalfWidth(degrees) * error;
  const chance = lowerTail(-mean / error, degrees);
  return { mean, low: mean - half, high: mean + half, chance, count, kind };
}

/**
 * @typedef {object} Verdict
 * @property {Ranked} best
 * @property {{ ranked: Ranked, difference: Difference }[]} others that can be the best, in their order
 * @property {number[]} alike configurations that cannot be told from the best, in their order
 * @property {"alone" | "unknown" | "clear" | "close"} answer nothing to compare; too few values to
 *   tell; better than each other; or not than `alike`
 * @property {number} measured configurations that have a result, those that cannot be the best too
 * @property {number} all configurations
 */

/**
 * What is known of the best configuration; null where there is none.
 *
 * A configuration cannot be told from the best where its chance times the number of the others is
 * above 5 %. So the configuration that is best in truth is, but for one time in twenty, the best
 * seen or among those: Bonferroni's bound over the comparisons which could put it out.
 *
 * @param {Ranked[]} ranked the best first
 * @param {string | null} mode
 * @returns {Verdict | null}
 */
export function verdictOf(ranked, mode) {
  const fit = ranked.filter(({ unfit }) => !unfit.length);
  if (!fit.length) return null;
  const [best, ...rest] = fit;
  const others = rest.map((other) => ({
    ranked: other,
    difference: differenceOf(best.summary, other.summary, mode),
  }));
  const alike = others
    .filter(({ difference }) => !(difference.chance * others.length <= LEVEL))
    .map(({ ranked: other }) => other.configuration);
  const measured = ranked.filter(({ summary }) => summary.count > 0).length;
  return { best, others, alike, answer: answerOf(), measured, all: ranked.length };

  function answerOf() {
    if (!others.length) return "alone";
    if (others.every(({ difference }) => Number.isNaN(difference.chance))) return "unknown";
    return alike.length ? "close" : "clear";
  }
}
