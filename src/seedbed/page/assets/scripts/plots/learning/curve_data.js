// @ts-check
// Numbers behind learning curves: means over jobs with their bands, and smoothing. No drawing.

import { deviationOf, halfWidth, meanOf } from "../../statistics.js";

/**
 * Curve of one job: epochs, rising, and the finite values measured there.
 * @typedef {{x: ArrayLike<number>, y: ArrayLike<number>}} Curve
 */

/**
 * Mean over curves at each epoch of any of them; `count` says of how many jobs it is, `least` is the
 * smallest of them.
 * @typedef {{x: number[], mean: number[], low: number[], high: number[], least: number[],
 *   count: number[]}} MeanCurve
 */

/**
 * What a band tells: mean ± standard deviation (n - 1), smallest to largest, or the interval that
 * holds the true mean with 95 % where values are normal (Student's t, n - 1 degrees of freedom).
 * @typedef {"deviation" | "range" | "interval" | "none"} Band
 */

/**
 * Points of a curve that were measured and are finite.
 * @param {Curve} curve
 * @returns {Curve}
 */
export function measuredPoints(curve) {
  let finite = true;
  for (let i = 0; i < curve.y.length && finite; i++) finite = Number.isFinite(curve.y[i]);
  if (finite) return curve;
  const x = [];
  const y = [];
  for (let i = 0; i < curve.y.length; i++) {
    if (!Number.isFinite(curve.y[i])) continue;
    x.push(curve.x[i]);
    y.push(curve.y[i]);
  }
  return { x, y };
}

/**
 * Epochs that any of the curves has, rising.
 * @param {Curve[]} curves
 * @returns {number[]}
 */
function allEpochs(curves) {
  const grids = new Set(curves.map((curve) => curve.x));
  const epochs = new Set();
  for (const grid of grids) for (let i = 0; i < grid.length; i++) epochs.add(grid[i]);
  return Array.from(epochs).sort((a, b) => a - b);
}

/**
 * Mean of curves with a band. Between its epochs a curve counts by linear interpolation (as where
 * a metric is measured every fifth epoch); beyond its ends it does not count.
 * @param {Curve[]} curves
 * @param {Band} band
 * @returns {MeanCurve}
 */
export function meanCurve(curves, band) {
  const measured = curves.map(measuredPoints).filter((curve) => curve.x.length > 0);
  const x = allEpochs(measured);
  const columns = measured.map((curve) => valuesAt(curve, x));
  /** @type {MeanCurve} */
  const result = { x, mean: [], low: [], high: [], least: [], count: [] };
  for (let i = 0; i < x.length; i++) {
    const values = [];
    for (const column of columns) if (!Number.isNaN(column[i])) values.push(column[i]);
    const { mean, low, high } = meanAndBand(values, band);
    result.mean.push(mean);
    result.low.push(low);
    result.high.push(high);
    result.least.push(values.reduce((a, b) => Math.min(a, b)));
    result.count.push(values.length);
  }
  return result;
}

/**
 * Values of a curve at epochs; NaN before its first and after its last one.
 * @param {Curve} curve
 * @param {number[]} epochs
 * @returns {ArrayLike<number>}
 */
function valuesAt(curve, epochs) {
  if (curve.x.length === epochs.length) return curve.y;
  const values = new Float64Array(epochs.length).fill(NaN);
  let next = 0;
  for (let i = 0; i < epochs.length; i++) {
    while (next < curve.x.length && curve.x[next] < epochs[i]) next++;
    if (next === curve.x.length) break;
    if (curve.x[next] === epochs[i]) values[i] = curve.y[next];
    else if (next > 0) {
      const share = (epochs[i] - curve.x[next - 1]) / (curve.x[next] - curve.x[next - 1]);
      values[i] = curve.y[next - 1] + share * (curve.y[next] - curve.y[next - 1]);
    }
  }
  return values;
}

/**
 * Mean of values, and the ends of their band; both ends are the mean where there is one value.
 *
 * @param {number[]} values
 * @param {Band} band
 * @returns {{mean: number, low: number, high: number}}
 */
export function meanAndBand(values, band) {
  const mean = meanOf(values);
  if (values.length === 1 || band === "none") return { mean, low: mean, high: mean };
  if (band === "range") {
    let low = Infinity;
    let high = -Infinity;
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return { mean, low, high };
  }
  const deviation = deviationOf(values);
  const half = band === "interval" ? halfWidth(deviation, values.length) : deviation;
  return { mean, low: mean - half, high: mean + half };
}

/**
 * Exponential moving average of values that starts unbiased: the weights of what was before an
 * entry sum to 1 from the first one on, as TensorBoard's do.
 * @param {ArrayLike<number>} values
 * @param {number} weight of what was before, from 0 (no smoothing) to below 1
 * @returns {number[]}
 */
export function smoothed(values, weight) {
  const result = [];
  let average = 0;
  let total = 0;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      result.push(NaN);
      continue;
    }
    average = weight * average + (1 - weight) * values[i];
    total = weight * total + (1 - weight);
    result.push(average / total);
  }
  return result;
}

/**
 * Epochs up to which the mean is of as many jobs as at the start of the curve: after it some have
 * stopped. Null where none has.
 * @param {MeanCurve} curve
 * @returns {number | null} place of the last epoch of all
 */
export function lastOfAll(curve) {
  let most = 0;
  for (const count of curve.count) if (count > most) most = count;
  let last = curve.count.length - 1;
  while (last >= 0 && curve.count[last] < most) last--;
  return last === curve.count.length - 1 ? null : last;
}
