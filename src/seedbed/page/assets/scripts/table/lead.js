// @ts-check
// First cell of a row: choose it for the comparison, open it, pin it, and what it is.

import { announce, element } from "../elements.js";
import { shownText } from "../formats.js";
import { configurationText } from "../summary/words.js";

/** @typedef {import("./columns.js").Row} Row */
/** @typedef {import("../shell/page.js").Page} Page */

// Most jobs that are compared.
const MOST = 8;
// Boxes of the rows that were drawn, by their jobs.
/** @type {Map<number, HTMLInputElement[]>} */
const BOXES = new Map();

/** Forget the boxes of rows that are drawn no more. */
export function forgetBoxes() {
  BOXES.clear();
}

/**
 * Show which jobs are compared.
 *
 * @param {number[]} selected
 */
export function showSelected(selected) {
  for (const [job, boxes] of BOXES) for (const box of boxes) box.checked = selected.includes(job);
}

/**
 * @param {Page} page
 * @param {Row} row
 * @param {number} place of its configuration in the ranking, from 1; 0: none
 */
export function leadElement(page, row, place) {
  return row.job === null ? configurationLead(page, row, place) : jobLead(page, row.job);
}

function configurationLead(page, row, place) {
  const { document, state } = page;
  const { configuration } = row;
  const named = configurationText(document, configuration);
  const isOpen = state.values.open.includes(configuration);
  const isBaseline = state.values.baseline === configuration;
  return element(
    "span",
    { class: "lead" },
    chosenBox(page, jobOfMiddleResult(page, configuration), `the middle job of ${named}`),
    !row.isBaseline &&
      element(
        "button",
        {
          type: "button",
          class: "plain",
          "data-control": "open",
          "aria-expanded": String(isOpen),
          "aria-label": `${isOpen ? "Close" : "Open"} the jobs of ${named}`,
          onclick: () => state.update({ open: toggled(state.values.open, configuration) }),
        },
        isOpen ? "▾" : "▸",
      ),
    element(
      "button",
      {
        type: "button",
        class: "plain pin",
        "data-control": "pin",
        "aria-pressed": String(isBaseline),
        title: isBaseline
          ? "Let go of the baseline"
          : "Pin it on top as the baseline of differences",
        "aria-label": `${isBaseline ? "Unpin" : "Pin"} ${named}`,
        onclick: () => state.update({ baseline: isBaseline ? null : configuration }),
      },
      isBaseline ? "unpin" : "pin",
    ),
    element("span", { class: "place", title: "place in the ranking" }, place ? String(place) : "–"),
  );
}

function jobLead(page, job) {
  const { document, state } = page;
  const name = document.jobName(job);
  return element(
    "span",
    { class: "lead job" },
    chosenBox(page, job, name),
    element(
      "button",
      {
        type: "button",
        class: "plain link",
        "data-control": "open",
        title: "Look at this job",
        onclick: () => state.update({ job, view: "job" }),
      },
      shownText(name),
    ),
  );
}

/** A box that takes a job into the comparison. */
function chosenBox(page, job, named) {
  const { state } = page;
  if (job === null)
    return element("input", {
      type: "checkbox",
      disabled: true,
      title: "no job has a result",
      "aria-label": `Compare ${named}: no job has a result`,
    });
  const box = element("input", {
    type: "checkbox",
    "data-control": "compare",
    title: `Compare ${named}`,
    "aria-label": `Compare ${named}`,
  });
  box.checked = state.values.selected.includes(job);
  BOXES.set(job, [...(BOXES.get(job) ?? []), box]);
  box.addEventListener("change", () => {
    const selected = toggled(state.values.selected, job);
    if (selected.length > MOST) {
      box.checked = false;
      announce(`At most ${MOST} jobs are compared: take one out first`);
      return;
    }
    state.update({ selected });
  });
  return box;
}

/** The job of a configuration whose result is the middle one; null where none has a result. */
function jobOfMiddleResult(page, configuration) {
  const column = page.column();
  const jobs = page
    .jobsOf(configuration)
    .filter((job) => !Number.isNaN(page.document.result(column, job)))
    .sort((a, b) => page.document.result(column, a) - page.document.result(column, b));
  return jobs.length ? jobs[(jobs.length - 1) >> 1] : null;
}

/**
 * A list with a member more, or without it.
 *
 * @template T
 * @param {T[]} list
 * @param {T} member
 */
export function toggled(list, member) {
  return list.includes(member) ? list.filter((other) => other !== member) : [...list, member];
}
