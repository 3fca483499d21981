// @ts-check
// Differences to the baseline: absolute, relative, better or worse, and whether they can be luck.

import { summaryOf } from "../configurations.js";
import { numberText, percentText, shortText } from "../formats.js";
import { differenceOf } from "../summary/verdict.js";

/** @typedef {import("../shell/page.js").Page} Page */
/** @typedef {import("../configurations.js").Summary} Summary */
/**
 * @typedef {object} Compared
 * @property {number} value what a row has
 * @property {number} difference to the baseline: value minus that of the baseline
 * @property {string} text
 * @property {string} title
 * @property {"better" | "worse" | "alike" | "plain"} verdict
 * @property {"better" | "worse" | "alike" | ""} look the verdict; empty where nothing tells it from
 *   luck, as between single values
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
  const own =
    row.job === null
      ? page.summary(row.configuration, column.name)
      : summaryOf(document, [row.job], column.name);
  return comparedSummaries(document, own, base, column.name);
}

/**
 * What some jobs have in a column compared with what others have; null where either has no value.
 *
 * @param {import("../document.js").PageDocument} document
 * @param {Summary} own
 * @param {Summary} base
 * @param {string} name of the column
 * @returns {Compared | null}
 */
export function comparedSummaries(document, own, base, name) {
  const value = own.mean;
  if (Number.isNaN(value) || Number.isNaN(base.mean)) return null;
  const exact = value - base.mean;
  // Less is what adding up has rounded.
  const isNone = Math.abs(exact) < 1e-12 * Math.max(Math.abs(value), Math.abs(base.mean));
  const difference = isNone ? 0 : exact;
  const relative = difference / Math.abs(base.mean);
  const mode = name === "seconds" ? "min" : document.modeOf(name);
  const test = differenceOf(own, base, mode);
  const isOpen = !Number.isNaN(test.low) && test.low <= 0 && test.high >= 0;
  const isBetter = mode === "max" ? difference > 0 : difference < 0;
  const verdict =
    mode === null || difference === 0 ? "plain" : isOpen ? "alike" : isBetter ? "better" : "worse";
  const signed = (text, number) => (number > 0 ? `+${text}` : text.replace("-", "−"));
  const share = Number.isFinite(relative) ? ` (${signed(percentText(relative), relative)})` : "";
  const text = `${signed(shortText(difference, 3), difference)}${share}`;
  const look = verdict === "plain" || Number.isNaN(test.low) ? "" : verdict;
  return { value, difference, text, title: titleOf(), verdict, look };

  function titleOf() {
    const said = {
      better: "better than",
      worse: "worse than",
      alike: "not told from",
      plain: "beside",
    }[verdict];
    const parts = [`${said} the baseline: ${numberText(difference)}`];
    if (!Number.isNaN(test.low)) {
      const [low, high] = mode === "max" ? [test.low, test.high] : [-test.high, -test.low];
      parts.push(`95 % interval ${numberText(low)} to ${numberText(high)}`);
    } else if (verdict !== "plain") parts.push("single values: it may be luck");
    return parts.join("; ");
  }
}
