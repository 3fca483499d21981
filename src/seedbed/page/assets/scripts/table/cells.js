// @ts-check
// Cells of the table: elements with numbers in few digits, the whole ones in their titles.

import { element } from "../elements.js";
import { cellText, numberText, settingCellText, shortText, spreadText } from "../formats.js";
import { isAveraged } from "./columns.js";
import { comparedWithBaseline } from "./differences.js";

/** @typedef {import("./columns.js").Row} Row */
/** @typedef {import("../document.js").Column} Column */
/** @typedef {import("../shell/page.js").Page} Page */

const MARKS = { better: "▲ ", worse: "▼ ", alike: "≈ ", plain: "" };

/**
 * What a row has in a column.
 *
 * @param {Page} page
 * @param {Row} row
 * @param {Column} column
 * @returns {HTMLElement | string}
 */
export function cellElement(page, row, column) {
  const { document } = page;
  if (column.name === "status") return statusElement(page, row);
  if (row.job !== null) {
    const value = document.cell(column.name, row.job);
    return column.kind === "axis" ? settingElement(value) : valueElement(value);
  }
  if (isAveraged(column)) return meanElement(page, row, column);
  if (column.kind === "axis")
    return settingElement(document.setting(column.name, row.configuration));
  return valueElement(sharedValue(page, row, column));
}

/** What all jobs of a configuration have in a column; of several values how many. */
function sharedValue(page, row, column) {
  const values = new Set(
    page.jobsOf(row.configuration).map((job) => page.document.cell(column.name, job)),
  );
  if (values.size === 1) return [...values][0];
  return values.size ? `${values.size} values` : null;
}

/** A setting without the quotes of a command line; a dash where it is not set. */
function settingElement(value) {
  if (typeof value === "number") return valueElement(value);
  const text = settingCellText(value);
  if (!text) return element("span", { class: "faint", title: "not set" }, "–");
  return element("span", { title: text }, text);
}

function valueElement(value) {
  const text = typeof value === "number" ? shortText(value, 5) : cellText(value);
  return element("span", { title: cellText(value) }, text);
}

function meanElement(page, row, column) {
  const { mean, deviation, count, completed } = page.summary(row.configuration, column.name);
  if (!count) return element("span", { class: "faint", title: "no job has a finite value" }, "–");
  const ofAll = page.summary(row.configuration, page.column()).count;
  const title = `mean ${numberText(mean)}, standard deviation ${numberText(deviation)}, of ${count} (${completed} jobs)`;
  const others = count === ofAll ? null : element("span", { class: "faint" }, ` (${count})`);
  return element("span", { title }, spreadText(mean, deviation), others);
}

/** How a job ended, or how many jobs of a configuration have a result. */
function statusElement(page, row) {
  const { document } = page;
  if (row.job !== null) {
    const status = document.status(row.job);
    const error = document.content.errors[row.job]?.message;
    const kind = document.isMeasured(row.job) ? "" : "worse";
    return element(
      "span",
      { class: kind, title: error ? cellText(error) : status },
      status.replace("_", " "),
    );
  }
  const { count, completed, jobs } = page.summary(row.configuration, page.column());
  const all = page.document.jobsOf[row.configuration].length;
  const text = completed === jobs ? String(jobs) : `${completed} of ${jobs}`;
  const filtered = jobs < all ? ` (${all} without the filter)` : "";
  const title = `${completed} of ${jobs} jobs have a result${filtered}; the mean is of ${count}`;
  return element("span", { class: completed < jobs ? "worse" : "", title }, text);
}

/**
 * The difference of a row to the baseline, better or worse by colour and by sign.
 *
 * @param {Page} page
 * @param {Row} row
 * @param {Column} column
 */
export function differenceElement(page, row, column) {
  if (row.isBaseline) return element("span", { class: "faint" }, "baseline");
  const compared = comparedWithBaseline(page, row, column);
  if (!compared) return element("span", { class: "faint" }, "–");
  const { text, title, verdict, look } = compared;
  return element("span", { class: look, title }, MARKS[verdict], text);
}
