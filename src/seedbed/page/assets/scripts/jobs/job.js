// @ts-check
// One job: what became of it, its metrics, parameters and pictures, its error, and the command that
// repeats it.

import { commandBlock, copyButton } from "../copying.js";
import { announce, element, fill } from "../elements.js";
import { countText, shownText } from "../formats.js";
import { mountCurves } from "../plots/curves.js";
import { settingsText } from "./compared.js";
import { configTable } from "./config_table.js";
import { configTree } from "./config_tree.js";
import { figuresOf, pictureOf } from "./figures.js";
import { jobMetricsTable, jobResults } from "./metrics_table.js";

/** @typedef {import("../shell/page.js").Page} Page */

/** @param {HTMLElement} place @param {Page} page */
export function mountJob(place, page) {
  const unfolded = new Map();
  const heading = element("h2", { tabindex: "-1" });
  const steps = stepsOf(page);
  const before = element("div", { class: "job" });
  const curves = element("div", {});
  const after = element("div", { class: "job" });
  let last = /** @type {number | null} */ (null);
  const chosen = element(
    "p",
    { class: "note" },
    "No job is chosen: this is the best one. Open another in the table, or click a point of a plot.",
  );
  fill(place, steps.whole, heading, chosen, before, curves, after);
  mountCurves(curves, page, {
    jobs: () => [shownJob(page)].filter((job) => job !== null),
    keys: ["job", "filter", "metric", "epoch"],
  });
  page.follow(place, ["view", "job", "selected", "filter", "metric", "epoch"], draw);

  function draw() {
    const job = shownJob(page);
    steps.show(job);
    curves.hidden = job === null || !hasCurve(page.document, job);
    chosen.hidden = job === null || isChosen(page);
    if (job === null) {
      heading.textContent = "Job";
      fill(
        before,
        element(
          "p",
          { class: "note" },
          "No job is chosen: open one in the table, or click a point of a plot.",
        ),
      );
      fill(after);
    } else if (job !== last) {
      heading.textContent = shownText(page.document.jobName(job));
      fill(before, ...partsBefore(page, job));
      fill(after, ...partsAfter(page, job, unfolded));
      // Who steps from job to job stays on the button.
      if (steps.whole.contains(document.activeElement)) announce(heading.textContent ?? "");
    }
    if (job !== null && isLost(document.activeElement)) heading.focus();
    last = job;
  }
}

/** Whether the state names the job, or there is but one. @param {Page} page */
function isChosen({ document: content, state }) {
  return state.values.job !== null || content.jobCount === 1;
}

/** Whether a job has a number in any curve. */
function hasCurve(content, job) {
  return content.curveMetrics.some((metric) => content.curve(metric, job)?.values.some(isFinite));
}

/** Whether any metric of a job was measured; of one that diverged it may be no number. */
function hasMetric(content, job) {
  const columns = content.columnsOf("metric");
  if (content.status(job) === "diverged") return columns.length > 0;
  return columns.some(({ name }) => Number.isFinite(content.numbers(name)[job]));
}

/** Whether the focus was on something that is no longer shown: then it goes to the heading. */
function isLost(focused) {
  const isReady = document.documentElement.dataset.ready;
  return isReady && (!focused || focused === document.body || focused.closest("[hidden]") !== null);
}

/** The job that the state names; else the only one, or the best; null where none has a result. */
export function shownJob(page) {
  return page.state.values.job ?? (page.document.jobCount === 1 ? 0 : bestJob(page));
}

/** The job whose result is best, of those that the filter leaves; null where none has one. */
function bestJob(page) {
  const column = page.column();
  const sign = page.mode() === "max" ? -1 : 1;
  let best = null;
  let least = Infinity;
  for (const job of page.filtered().jobs) {
    const value = sign * page.document.result(column, job);
    if (value < least) [best, least] = [job, value];
  }
  return best;
}

/**
 * The job before or after the one that is shown, among those that the filter leaves; null at the end.
 *
 * @param {Page} page
 * @param {1 | -1} step
 * @returns {number | null}
 */
export function neighbour(page, step) {
  const { jobs } = page.filtered();
  const job = shownJob(page);
  if (job === null) return jobs[0] ?? null;
  // The first that is not before it: itself, or its successor where the filter leaves it out.
  let place = jobs.findIndex((each) => each >= job);
  if (place < 0) place = jobs.length;
  if (step > 0 && jobs[place] !== job) return jobs[place] ?? null;
  return jobs[place + step] ?? null;
}

/** Go to the next job, or to the one before. @param {Page} page @param {1 | -1} step */
export function stepJob(page, step) {
  const job = neighbour(page, step);
  if (job !== null) page.state.update({ view: "job", job });
}

/** Buttons above the job. @param {Page} page */
function stepsOf(page) {
  const { state } = page;
  const button = (text, act, title) =>
    element("button", { type: "button", title, onclick: act }, text);
  const previous = button("← Previous", () => stepJob(page, -1), "Previous job (p)");
  const next = button("Next →", () => stepJob(page, 1), "Next job (n)");
  const compare = button("", () => toggle(), "Mark it for comparison");
  const place = element("span", { class: "faint" });
  const link = element("span", {});
  const isMany = page.document.jobCount > 1;
  const whole = element(
    "div",
    { class: "tools", role: "group", "aria-label": "Jobs" },
    isMany && [previous, next, place, compare],
    link,
  );
  return {
    whole,
    /** @param {number | null} job */
    show(job) {
      const { jobs } = page.filtered();
      const at = job === null ? -1 : jobs.indexOf(job);
      // Not `disabled`: that would take the focus from who steps to the end.
      previous.setAttribute("aria-disabled", String(neighbour(page, -1) === null));
      next.setAttribute("aria-disabled", String(neighbour(page, 1) === null));
      place.textContent =
        at < 0 ? "" : `${(at + 1).toLocaleString("en")} of ${countText(jobs.length, "job")}`;
      compare.hidden = job === null;
      const isSelected = job !== null && state.values.selected.includes(job);
      compare.textContent = isSelected ? "Compare no longer" : "Compare";
      compare.setAttribute("aria-pressed", String(isSelected));
      fill(link, job === null ? null : linkButton(page, job));
    },
  };

  function toggle() {
    const job = shownJob(page);
    const { selected } = state.values;
    if (job === null) return;
    state.update({
      selected: selected.includes(job)
        ? selected.filter((each) => each !== job)
        : [...selected, job],
    });
  }
}

/** A button that copies the address of the page with this job in its fragment. */
function linkButton(page, job) {
  const address = `${location.href.split("#")[0]}#view=job&job=${job}`;
  return copyButton(address, `link to ${shownText(page.document.jobName(job))}`, "Copy link");
}

/** What stands above the curves. @param {Page} page @param {number} job */
function partsBefore(page, job) {
  const { document: content } = page;
  const { content: raw } = content;
  const status = content.status(job);
  const failure = Object.hasOwn(raw.errors, String(job)) ? raw.errors[String(job)] : null;
  const command = raw.jobs.command[job];
  const folder = raw.jobs.folder[job];
  return [
    element(
      "p",
      { class: "job-line" },
      element("span", { class: `status status-${status}` }, shownText(status.replaceAll("_", " "))),
      ` ${settingsText(content, content.configuration(job), 400)}`,
    ),
    rankText(page, job) && element("p", {}, rankText(page, job)),
    failure && failurePart(failure),
    element("h3", {}, "Repeat it"),
    command
      ? commandBlock(command, `command that repeats ${shownText(content.jobName(job))}`)
      : "No command was kept.",
    factsOf(content, job, folder),
    element("h3", {}, "Metrics"),
    hasMetric(content, job)
      ? element(
          "div",
          { class: "scrolled", tabindex: "0", role: "region", "aria-label": "Metrics" },
          jobMetricsTable(content, job),
        )
      : element("p", { class: "faint" }, "No metric was measured."),
  ];
}

/** What stands below them. */
function partsAfter(page, job, unfolded) {
  const { content } = page.document;
  const tree = configTree(content.configs, [[job]], "document");
  const figures = figuresOf(content.figures, job);
  const isMany = page.document.jobCount > 1;
  return [
    element("h3", {}, "Parameters"),
    tree.length
      ? element(
          "div",
          { class: "scrolled", tabindex: "0", role: "region", "aria-label": "Parameters" },
          configTable(tree, {
            caption: "Parameters, nested as the config is",
            headings: ["value"],
            baseline: -1,
            mark: "differs among the jobs of this page",
            unfolded,
          }),
        )
      : element("p", { class: "faint" }, "No config is in this page."),
    tree.some(({ differs }) => differs) &&
      isMany &&
      element("p", { class: "faint" }, "≠ differs among the jobs of this page."),
    figures.length > 0 && [
      element("h3", {}, "Figures"),
      element(
        "div",
        { class: "pictures" },
        figures.map((figure) => pictureOf(figure, "")),
      ),
    ],
    content.figures_left_out > 0 &&
      element(
        "p",
        { class: "faint" },
        `${countText(content.figures_left_out, "figure")} of this page's jobs are left out for their size.`,
      ),
  ];
}

/** Where it stands among the jobs that count; empty where it does not count. */
function rankText(page, job) {
  const { document: content } = page;
  const column = page.column();
  const mode = page.mode();
  const own = content.result(column, job);
  if (!mode || Number.isNaN(own) || content.jobCount < 2) return "";
  let count = 0;
  let better = 0;
  for (let other = 0; other < content.jobCount; other++) {
    const value = content.result(column, other);
    if (Number.isNaN(value)) continue;
    count += 1;
    if (mode === "min" ? value < own : value > own) better += 1;
  }
  return `Place ${(better + 1).toLocaleString("en")} of ${countText(count, "job")} by ${shownText(column)}.`;
}

/** @param {{ message: string, traceback: string | null }} failure */
function failurePart({ message, traceback }) {
  return element(
    "section",
    { class: "failure" },
    element("h3", {}, "Error"),
    element(
      "pre",
      { class: "message", tabindex: "0", "aria-label": "Error" },
      shownText(message, true),
    ),
    traceback && [
      element(
        "details",
        {},
        element("summary", {}, "Traceback"),
        element("pre", { tabindex: "0", "aria-label": "Traceback" }, shownText(traceback, true)),
      ),
      copyButton(traceback, "traceback", "Copy traceback"),
    ],
  );
}

function factsOf(content, job, folder) {
  const source = content.content.sources[content.content.jobs.source[job]];
  const facts = [
    ["from", shownText(source.name)],
    folder && [
      "folder",
      element(
        "span",
        {},
        element("code", {}, shownText(folder)),
        " ",
        copyButton(folder, "folder"),
      ),
    ],
    ...jobResults(content, job),
  ].filter(Boolean);
  return element(
    "dl",
    { class: "facts" },
    facts.map(([name, value]) =>
      element("div", {}, element("dt", {}, name), element("dd", {}, value)),
    ),
  );
}
