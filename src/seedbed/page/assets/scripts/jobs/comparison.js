// @ts-check
// Comparison of two to eight jobs or configurations: where their configs differ, their metrics, curves
// and pictures side by side.

import { rankedConfigurations } from "../configurations.js";
import { element, fill } from "../elements.js";
import { countText, shownText } from "../formats.js";
import { mountCurves } from "../plots/curves.js";
import { MOST_COMPARED, comparedEntries } from "./compared.js";
import { configTable, differText } from "./config_table.js";
import { configTree } from "./config_tree.js";
import { figureRows, pictureOf } from "./figures.js";
import { comparedMetricsTable } from "./metrics_table.js";

/** @typedef {import("./compared.js").Entry} Entry */
/** @typedef {import("../shell/page.js").Page} Page */

const COMPARED_BY = ["selected", "compareBy", "baseline", "filter", "metric", "epoch"];

/** @param {HTMLElement} place @param {Page} page */
export function mountComparison(place, page) {
  const unfolded = new Map();
  const choices = comparisonTools(page);
  const note = element("p", { class: "note", role: "status" });
  const tables = element("div", {});
  const curves = element("div", { class: "compared-part" });
  const pictures = element("div", { class: "compared-part" });
  fill(place, element("h2", {}, "Comparison"), choices.whole, note, tables, curves, pictures);
  mountCurves(curves, page, { groups: () => groupsOf(page), keys: COMPARED_BY });
  page.follow(place, COMPARED_BY, draw);

  function draw() {
    const compared = comparedEntries(page);
    const { entries } = compared;
    choices.show(page.state.values.selected.length > 0);
    note.textContent = noteOf(compared, page.state.values.selected.length);
    note.hidden = !note.textContent;
    curves.hidden = !entries.length || !page.document.curveMetrics.length;
    fill(tables, entries.length ? tablesOf(page, compared, unfolded) : null);
    fill(pictures, picturesOf(page, entries));
  }
}

/** The entries as curves. @param {Page} page */
function groupsOf(page) {
  return comparedEntries(page).entries.map(({ name, settings, jobs }) => ({
    name: shownText(settings && jobs.length === 1 ? `${name}: ${settings}` : name),
    jobs,
  }));
}

/** @param {ReturnType<typeof comparedEntries>} compared @param {number} selected how many jobs are */
function noteOf({ entries, left }, selected) {
  if (entries.length && !selected)
    return `Nothing is selected: the best configuration and the second are shown. Mark 2 to ${MOST_COMPARED} jobs in the table, or click points and lines of the plots, to compare others.`;
  if (!entries.length)
    return `Nothing is selected: mark 2 to ${MOST_COMPARED} jobs in the table, or click points and lines of the plots.`;
  if (left)
    return `The first ${MOST_COMPARED} are compared; ${left.toLocaleString("en")} more are selected.`;
  return entries.length === 1 ? "One alone is selected: a second gives a comparison." : "";
}

/**
 * Buttons above the comparison.
 *
 * @param {Page} page
 */
function comparisonTools(page) {
  const { document: content, state } = page;
  const hasRepeats = content.jobCount > content.configurationCount;
  const by = element(
    "select",
    { id: "compare-by", onchange: () => state.update({ compareBy: by.value }) },
    element("option", { value: "job" }, "jobs"),
    element("option", { value: "configuration" }, "configurations, as means of their jobs"),
  );
  const best = Math.min(3, content.configurationCount);
  const takeBest = element(
    "button",
    {
      type: "button",
      onclick: () => state.update({ selected: bestJobs(page, best), compareBy: "configuration" }),
    },
    `Compare the best ${countText(best, "configuration")}`,
  );
  const none = element(
    "button",
    { type: "button", onclick: () => state.update({ selected: [] }) },
    "Clear",
  );
  const whole = element(
    "div",
    { class: "tools" },
    hasRepeats && element("label", { class: "field" }, "Compare ", by),
    best > 1 && takeBest,
    none,
  );
  return {
    whole,
    /** @param {boolean} isSelected */
    show(isSelected) {
      const areConfigurations = !isSelected || state.values.compareBy === "configuration";
      by.value = areConfigurations ? "configuration" : "job";
      none.hidden = !isSelected;
    },
  };
}

/** A job of each of the best configurations. @param {Page} page @param {number} count */
function bestJobs(page, count) {
  const ranked = rankedConfigurations(page.document, page.jobsOf, page.column(), page.mode());
  return ranked.slice(0, count).map(({ jobs }) => jobs[0]);
}

/**
 * @param {Page} page
 * @param {ReturnType<typeof comparedEntries>} compared
 * @param {Map<string, boolean>} unfolded
 */
function tablesOf(page, { entries, baseline }, unfolded) {
  const { content } = page.document;
  const headings = (isFirst) =>
    entries.map((entry, place) =>
      headingOf(page, entry, place === baseline && entries.length > 1, isFirst),
    );
  const tree = configTree(
    content.configs,
    entries.map(({ jobs }) => jobs),
  );
  const differing = tree.reduce((sum, node) => sum + node.differing, 0);
  return [
    scrolled(
      "Metrics",
      comparedMetricsTable(page.document, entries, baseline, headings(true), page.metric()),
    ),
    entries.length > 1 &&
      element("p", { class: "faint" }, `Differences are to ${shownText(entries[baseline].name)}.`),
    scrolled(
      "Config",
      tree.length
        ? configTable(tree, {
            caption: "Configs that are compared: what differs, nested as the config is",
            headings: headings(false),
            baseline: entries.length > 1 ? baseline : -1,
            mark: "differs",
            unfolded,
          })
        : element("p", { class: "faint" }, "No configs are in this page."),
      entries.length > 1 && tree.length && `Of all keys ${differText(differing)}.`,
    ),
  ];
}

/** Heading of an entry: its name, which leads to the job, its settings, and what can be done with it. */
function headingOf(page, entry, isBaseline, hasButtons) {
  const { state } = page;
  const name = shownText(entry.name);
  const isJob = entry.jobs.length === 1;
  const go = () => state.update({ view: "job", job: entry.jobs[0] });
  const button = (text, label, act) =>
    element(
      "button",
      { type: "button", class: "quiet", "aria-label": label, title: label, onclick: act },
      text,
    );
  const remove = () => {
    const others = state.values.selected.filter((job) =>
      state.values.compareBy === "configuration"
        ? page.document.configuration(job) !== entry.configuration
        : job !== entry.jobs[0],
    );
    state.update({ selected: others });
  };
  return element(
    "div",
    { class: "entry" },
    isJob && hasButtons
      ? element("button", { type: "button", class: "link", onclick: go }, name)
      : element("span", {}, name),
    isBaseline &&
      element("span", { class: "badge" }, entry.pinned ? "pinned baseline" : "baseline"),
    entry.settings && element("div", { class: "settings" }, entry.settings),
    hasButtons &&
      element(
        "div",
        { class: "actions" },
        !isBaseline &&
          button("Pin", `Pin ${name} as baseline`, () =>
            state.update({ baseline: entry.configuration }),
          ),
        isBaseline &&
          state.values.baseline !== null &&
          button("Unpin", `Pin no baseline any more`, () => state.update({ baseline: null })),
        !entry.pinned &&
          state.values.selected.length > 0 &&
          button("×", `Compare ${name} no longer`, remove),
      ),
  );
}

/** A part of the view whose table scrolls by itself where it is too wide. */
function scrolled(title, table, note) {
  return element(
    "section",
    { class: "compared-part" },
    element("h3", {}, title),
    note && element("p", { class: "faint" }, note),
    element(
      "div",
      { class: "scrolled", tabindex: "0", role: "region", "aria-label": title },
      table,
    ),
  );
}

/** @param {Page} page @param {Entry[]} entries */
function picturesOf(page, entries) {
  const { content } = page.document;
  const rows = figureRows(content.figures, entries);
  if (!rows.length) return null;
  return [
    element("h3", {}, "Figures"),
    rows.map(({ of }) =>
      element(
        "div",
        { class: "pictures compared", style: `--count: ${of.length}`, tabindex: "0" },
        of.map((figure, place) =>
          figure
            ? pictureOf(figure, shownText(page.document.jobName(figure.job)))
            : element("p", { class: "faint" }, `none of ${shownText(entries[place].name)}`),
        ),
      ),
    ),
    content.figures_left_out > 0 &&
      element(
        "p",
        { class: "faint" },
        `${countText(content.figures_left_out, "figure")} of this page's jobs are left out for their size.`,
      ),
  ];
}
