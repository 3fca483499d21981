// @ts-check
// Statistics over seeds and folds. Numbers that are not finite are to be left out before.

import { tCdf, tQuantile } from "./libraries.js";

/** @param {ArrayLike<number>} values */
export function meanOf(values) {
  let sum = 0;
  for (let place = 0; place < values.length; place++) sum += values[place];
  return values.length ? sum / values.length : NaN;
}

/**
 * Standard deviation, over n - 1; NaN of fewer than two.
 *
 * @param {ArrayLike<number>} values
 */
export function deviationOf(values) {
  if (values.length < 2) return NaN;
  const mean = meanOf(values);
  let sum = 0;
  for (let place = 0; place < values.length; place++) sum += (values[place] - mean) ** 2;
  return Math.sqrt(sum / (values.length - 1));
}

/**
 * A quantile, linear between neighbours as numpy has it.
 *
 * @param {ArrayLike<number>} sorted in ascending order
 * @param {number} share from 0 to 1
 */
export function quantileOf(sorted, share) {
  if (!sorted.length) return NaN;
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

/** @param {ArrayLike<number>} values */
export function medianOf(values) {
  return quantileOf(Float64Array.from(values).sort(), 0.5);
}

/**
 * Half of the interval around a mean in which the true one lies, by Student's t.
 *
 * @param {number} deviation
 * @param {number} count
 * @param {number} level 0.95: 19 of 20 such intervals hold it
 */
export function halfWidth(deviation, count, level = 0.95) {
  return count < 2 ? NaN : (tOfHalfWidth(count - 1, level) * deviation) / Math.sqrt(count);
}

/**
 * Half of an interval, in standard errors.
 *
 * @param {number} degrees of freedom
 * @param {number} level
 */
export function tOfHalfWidth(degrees, level = 0.95) {
  return tQuantile(0.5 + level / 2, degrees);
}

/**
 * The chance of a t as low as this or lower.
 *
 * @param {number} t
 * @param {number} degrees of freedom
 */
export function lowerTail(t, degrees) {
  return tCdf(t, degrees);
}
