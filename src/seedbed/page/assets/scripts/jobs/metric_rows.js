// @ts-check
// Metrics as rows: what a metric was in the best epoch beside what it was in the last.

/**
 * @typedef {Object} MetricRow
 * @property {string} name of the metric, as `val/loss`
 * @property {"min" | "max" | null} mode its better direction
 * @property {string | null} meaning
 * @property {string | null} best column of its value in the best epoch
 * @property {string | null} last column of its value in the last epoch
 */

/**
 * The rows of all metrics, in the order of the columns.
 *
 * @param {{name: string, kind: string, mode?: "min" | "max" | null, meaning?: string | null,
 *   of_best?: string | null}[]} columns of the document
 * @returns {MetricRow[]}
 */
export function metricRows(columns) {
  /** @type {Map<string, MetricRow>} */
  const rows = new Map();
  for (const column of columns) {
    if (column.kind !== "metric") continue;
    const name = column.of_best ?? column.name;
    const row = rows.get(name) ?? { name, mode: null, meaning: null, best: null, last: null };
    if (column.of_best) row.best = column.name;
    else row.last = column.name;
    row.mode ??= column.mode ?? null;
    row.meaning ??= column.meaning ?? null;
    rows.set(name, row);
  }
  return [...rows.values()];
}
