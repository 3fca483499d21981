// @ts-check
// Head of the page: its title, the metric and the filter, which hold for all views, and the tabs.

import { element, fill } from "../elements.js";
import { mistakeIn } from "../filter.js";
import { countText, shownText } from "../formats.js";
import { suggestNames } from "./suggestions.js";
import { switchTheme } from "./theme.js";

// After the last key of an expression it is tried, in ms.
const PAUSE = 150;
// Until a mistake is said, in ms more.
const PATIENCE = 450;

/**
 * How many jobs of how many configurations there are; of those planned, where some have not begun.
 *
 * @param {import("../document.js").PageDocument} document
 * @returns {string}
 */
export function sizeText({ jobCount, configurationCount, content }) {
  const missing = content.sources.reduce((sum, { counts }) => sum + (counts?.missing ?? 0), 0);
  const configurations = countText(configurationCount, "configuration");
  return missing
    ? `${jobCount.toLocaleString("en")} of ${countText(jobCount + missing, "job")} shown, of ${configurations}`
    : `${countText(jobCount, "job")} of ${configurations}`;
}

/**
 * Fill the head; the element that it gives is the place of the tabs.
 *
 * @param {HTMLElement} header
 * @param {import("./page.js").Page} page
 * @returns {HTMLElement}
 */
export function mountHeader(header, page) {
  const { document: content } = page;
  const bar = element("nav", { class: "tabs", "aria-label": "Views" });
  fill(
    header,
    element(
      "div",
      { class: "top" },
      element("h1", {}, shownText(content.content.title)),
      element("p", { class: "faint" }, sizeText(content)),
      element("div", { class: "spacer" }),
      element(
        "button",
        { type: "button", id: "shortcuts", title: "Keys of the keyboard (?)" },
        "Shortcuts",
      ),
      element(
        "button",
        {
          type: "button",
          id: "theme",
          title: "Light or dark (d)",
          onclick: () => switchTheme(page.state),
        },
        "Light / dark",
      ),
    ),
    element("div", { class: "tools" }, metricField(page), epochField(page), filterField(page)),
    bar,
  );
  return bar;
}

/** @param {import("./page.js").Page} page */
function metricField(page) {
  const options = page.document.metrics.map((name) =>
    element("option", { value: name }, shownText(name)),
  );
  const select = element("select", { id: "metric" }, options);
  select.addEventListener("change", () => page.state.update({ metric: select.value }));
  follow(page, ["metric"], () => (select.value = page.metric()));
  return element("label", { class: "field", hidden: options.length < 2 }, "Metric ", select);
}

/** @param {import("./page.js").Page} page */
function epochField(page) {
  const select = element(
    "select",
    { id: "epoch" },
    element("option", { value: "best" }, "best epoch"),
    element("option", { value: "last" }, "last epoch"),
  );
  select.addEventListener("change", () => page.state.update({ epoch: select.value }));
  const label = element("label", { class: "field" }, "at the ", select);
  follow(page, ["epoch", "metric"], () => {
    select.value = page.epoch();
    const metric = page.metric();
    label.hidden =
      page.document.columnOf(metric, "best") === page.document.columnOf(metric, "last");
  });
  return label;
}

/** @param {import("./page.js").Page} page */
function filterField(page) {
  const field = element("input", {
    id: "filter",
    type: "text",
    spellcheck: "false",
    autocomplete: "off",
    autocapitalize: "off",
    placeholder: placeholder(page),
    "aria-describedby": "filter-says",
  });
  const says = element("output", { id: "filter-says", for: "filter", class: "faint" });
  const clear = element(
    "button",
    { type: "button", title: "Show all jobs", onclick: () => set("") },
    "All",
  );
  let timer = 0;
  const columns = [...page.document.columns.keys()];
  const suggestions = suggestNames(field, columns, () => read());
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => read(true), PAUSE);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") read();
    if (event.key === "Escape") field.blur();
  });
  follow(page, ["filter"], () => {
    if (field.value.trim() !== page.state.values.filter) field.value = page.state.values.filter;
    say(page.filtered().mistake);
  });
  return element(
    "div",
    { class: "filter" },
    element("label", { class: "field", for: "filter" }, "Filter"),
    element("div", { class: "suggesting" }, field, suggestions),
    clear,
    says,
  );

  function set(text) {
    field.value = text;
    read();
  }

  /**
   * Take the expression if it is one; else say what is wrong with it, and leave all as it is. Whoever
   * types on is left alone for a while.
   */
  function read(isTyping = false) {
    clearTimeout(timer);
    const text = field.value.trim();
    const mistake = mistakeIn(page.document, text);
    if (mistake === null) page.state.update({ filter: text });
    if (mistake !== null && isTyping) timer = setTimeout(() => say(mistake), PATIENCE);
    else say(mistake);
  }

  function say(mistake) {
    const { jobs } = page.filtered();
    const count = page.document.jobCount;
    field.setAttribute("aria-invalid", String(mistake !== null));
    says.classList.toggle("mistake", mistake !== null);
    clear.hidden = !field.value && !page.state.values.filter;
    if (mistake !== null) says.textContent = mistake;
    else if (page.state.values.filter)
      says.textContent = `${jobs.length.toLocaleString("en")} of ${countText(count, "job")}`;
    else says.textContent = "";
  }
}

/** An expression of this page's own columns. */
function placeholder({ document: content, ...page }) {
  const metric = page.column();
  const axis = content.columnsOf("axis").find((column) => column.type === "number");
  const parts = [`${metric} < 0.1`, axis && `${axis.name} >= 0.001`, 'status == "completed"'];
  return parts.filter(Boolean).join(" and ");
}

/** Do it now, and when one of these keys changes. */
function follow(page, keys, act) {
  page.state.subscribe((changed) => {
    if (keys.some((key) => changed.has(key))) act();
  });
  act();
}
