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
 * Whether what was measured on the test rows is of the best epoch: its weights were kept.
 *
 * @param {{columns: {name: string}[], configs?: {common: Record<string, any>,
 *   differing: Record<string, any[]>}}} content of the document
 */
export function testsOfBest({ columns, configs }) {
  const has = (start) => columns.some(({ name }) => name.startsWith(start));
  if (!has("best/epoch") || !has("test/")) return false;
  const callbacks = configs?.common.callbacks;
  if (!callbacks || typeof callbacks !== "object") return true;
  const differs = Object.keys(configs.differing).some((key) => key.startsWith("callbacks."));
  return differs || Object.values(callbacks).some((callback) => callback?.keep_best === true);
}

/**
 * The rows of all metrics, in the order of the columns.
 *
 * @param {{name: string, kind: string, mode?: "min" | "max" | null, meaning?: string | null,
 *   of_best?: string | null}[]} columns of the document
 * @param {boolean} isTestOfBest whether the test rows were measured with the best epoch's weights
 * @returns {MetricRow[]}
 */
export function metricRows(columns, isTestOfBest = false) {
  /** @type {Map<string, MetricRow>} */
  const rows = new Map();
  for (const column of columns) {
    if (column.kind !== "metric") continue;
    const name = column.of_best ?? column.name;
    const row = rows.get(name) ?? { name, mode: null, meaning: null, best: null, last: null };
    const isOfBest = isTestOfBest && name.startsWith("test/");
    if (column.of_best || isOfBest) row.best = column.name;
    else row.last = column.name;
    row.mode ??= column.mode ?? null;
    row.meaning ??= column.meaning ?? null;
    rows.set(name, row);
  }
  return [...rows.values()];
}
