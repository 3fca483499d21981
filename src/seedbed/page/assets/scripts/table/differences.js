// @ts-check
// Differences to the baseline: absolute, relative, better or worse, and whether they can be luck.

import { hasFolds } from "../configurations.js";
import { numberText, percentText, shortText } from "../formats.js";
import { differenceOf } from "../summary/verdict.js";

/** @typedef {import("../shell/page.js").Page} Page */
/**
 * @typedef {object} Compared
 * @property {number} value what a row has
 * @property {number} difference to the baseline: value minus that of the baseline
 * @property {string} text
 * @property {string} title
 * @property {"better" | "worse" | "alike" | "plain"} verdict
 */

/**
 * A row compared with the baseline; null where either has no value.
 *
 * @param {Page} page
 * @param {import("./columns.js").Row} row
 * @param {import("../document.js").Column} column
 * @returns {Compared | null}
 */
export function comparedWithBaseline(page, row, column) {
  const { document, state } = page;
  const { baseline } = state.values;
  if (baseline === null || !(baseline in document.jobsOf)) return null;
  const base = page.summary(baseline, column.name);
  const own = row.job === null ? page.summary(row.configuration, column.name) : null;
  const value = own ? own.mean : document.result(column.name, /** @type {number} */ (row.job));
  if (Number.isNaN(value) || Number.isNaN(base.mean)) return null;
  const difference = value - base.mean;
  const relative = difference / Math.abs(base.mean);
  const mode = column.name === "seconds" ? "min" : document.modeOf(column.name);
  const test = own && differenceOf(own.units, base.units, mode, hasFolds(document));
  const isOpen = test && !Number.isNaN(test.low) && test.low <= 0 && test.high >= 0;
  const isBetter = mode === "max" ? difference > 0 : difference < 0;
  const verdict =
    mode === null || difference === 0 ? "plain" : isOpen ? "alike" : isBetter ? "better" : "worse";
  const signed = (text, number) => (number > 0 ? `+${text}` : text.replace("-", "−"));
  const share = Number.isFinite(relative) ? ` (${signed(percentText(relative), relative)})` : "";
  const text = `${signed(shortText(difference, 3), difference)}${share}`;
  return { value, difference, text, title: titleOf(), verdict };

  function titleOf() {
    const said = {
      better: "better than",
      worse: "worse than",
      alike: "not told from",
      plain: "beside",
    }[verdict];
    const parts = [`${said} the baseline: ${numberText(difference)}`];
    if (test && !Number.isNaN(test.low)) {
      const [low, high] = mode === "max" ? [test.low, test.high] : [-test.high, -test.low];
      parts.push(`95 % interval ${numberText(low)} to ${numberText(high)}`);
    }
    return parts.join("; ");
  }
}
