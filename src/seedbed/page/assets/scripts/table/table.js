// @ts-check
// Table: a row a configuration, opening to its jobs. Only rows in sight are elements: Tabulator
// draws them; their order, and which there are, is the state's.

import { copyText } from "../copying.js";
import { FOLD } from "../document.js";
import { announce, element, fill } from "../elements.js";
import { cellText, countText, listText, shownText } from "../formats.js";
import { testsOfBest } from "../jobs/metric_rows.js";
import { Tabulator } from "../libraries.js";
import { cellElement, differenceElement } from "./cells.js";
import { columnChooser } from "./chooser.js";
import { isAveraged, settingsLeftOut, shownColumns } from "./columns.js";
import { csvName, saveText, shownCsv } from "./csv.js";
import { focusAgain, focusedControl, moveFocus } from "./focus.js";
import { forgetBoxes, leadElement, showSelected, toggled } from "./lead.js";
import { mountPrinted } from "./printed.js";
import { baselineRow, tableRows } from "./rows.js";

/** @typedef {import("../shell/page.js").Page} Page */

// Of a row, of what is drawn above and below those in sight, and of the head and the ends, in pixels.
const ROW_HEIGHT = 34;
const BUFFER = 150;
const ENDS = 64;
// Of a column at first: its end can be pulled.
const WIDEST = 320;
const WIDEST_TEXT = 180;
// Of a status in words.
const STATUS = 120;
// Rows that need the whole height.
const MANY = 40;
const NARROW = 640;

/**
 * @param {HTMLElement} panel
 * @param {Page} page
 */
export function mountTable(panel, page) {
  const { state } = page;
  const caption = element("p", { class: "faint caption" });
  const place = element("div", { class: "table" });
  fill(panel, tools(page), constantsOf(page), caption, place);
  mountPrinted(panel, page);
  /** @type {any} */
  let table = null;
  let isBuilt = false;
  let drawn = "";
  let height = "";
  /** @type {{ row: string, control: string } | null} */
  let focused = null;
  let places = new Map();
  place.addEventListener("keydown", moveFocus);
  addEventListener("focusin", () => (focused = focusedControl(place)));
  page.follow(
    panel,
    ["filter", "metric", "epoch", "sort", "columns", "open", "baseline", "rows"],
    draw,
  );
  page.follow(panel, ["selected"], () => showSelected(state.values.selected));

  function draw() {
    const rows = tableRows(page);
    const base = state.values.rows === "jobs" ? null : baselineRow(page);
    const fit = page.ranked().filter(({ unfit }) => !unfit.length);
    places = new Map(fit.map(({ configuration }, index) => [configuration, index + 1]));
    caption.textContent = tableCaption(page, rows);
    const columns = shownColumns(page);
    const data = base ? [base, ...rows] : rows;
    const head = JSON.stringify([
      columns.map(({ name }) => name),
      base !== null,
      state.values.rows,
    ]);
    if (!table) build(columns, data);
    else if (isBuilt) renew(columns, data, head === drawn);
    drawn = head;
    showSorted(place, page);
  }

  /** Give the table other rows, and other columns where these are not the same. */
  function renew(columns, data, hasSameColumns) {
    focused = focusedControl(place) ?? focused;
    forgetBoxes();
    if (heightOf(data) !== height) table.setHeight((height = heightOf(data)));
    if (hasSameColumns) {
      table.replaceData(data);
      return;
    }
    // Without rows, columns cost nothing.
    const { scrollTop } = holder();
    table.clearData();
    table.setColumns(tabulatorColumns(columns));
    table.replaceData(data).then(() => (holder().scrollTop = scrollTop));
  }

  /** A click beside the controls of a configuration opens it too, unless a text is being selected. */
  function openClicked(event, row) {
    const { configuration, job, isBaseline } = row.getData();
    const isControl = event.target.closest("button, input, a");
    if (job !== null || isBaseline || isControl || String(getSelection())) return;
    state.update({ open: toggled(state.values.open, configuration) });
  }

  function holder() {
    return /** @type {HTMLElement} */ (place.querySelector(".tabulator-tableholder"));
  }

  function build(columns, data) {
    height = heightOf(data);
    table = new Tabulator(place, {
      data,
      columns: tabulatorColumns(columns),
      index: "id",
      height,
      rowHeight: ROW_HEIGHT,
      renderVerticalBuffer: BUFFER,
      layout: "fitData",
      nestedFieldSeparator: false,
      placeholder: () => (state.values.filter ? "No job fulfils the filter." : "No jobs yet."),
      frozenRows: (row) => row.getData().isBaseline === true,
      rowFormatter: (row) => {
        const { id, job, isBaseline } = row.getData();
        row.getElement().dataset.row = id;
        row.getElement().classList.toggle("job-row", job !== null);
        row.getElement().classList.toggle("baseline-row", isBaseline === true);
      },
    });
    table.on("renderComplete", () => {
      // Rows that are drawn anew have lost the focus.
      if (document.activeElement === document.body) focusAgain(place, focused);
    });
    table.on("rowClick", openClicked);
    table.on("tableBuilt", () => {
      isBuilt = true;
      // What stands between a grid and its rows takes no focus: the controls in the rows do.
      holder().removeAttribute("tabindex");
      // The state may have changed in the meantime.
      draw();
    });
  }

  function tabulatorColumns(columns) {
    const lead = {
      title: state.values.rows === "jobs" ? "job" : "place",
      field: "id",
      frozen: innerWidth > NARROW,
      minWidth: innerWidth > NARROW ? 150 : 100,
      cssClass: "lead-cell",
      formatter: (cell) =>
        leadElement(page, cell.getData(), places.get(cell.getData().configuration) ?? 0),
    };
    const others = columns.flatMap((column) => {
      const isCount = column.name === "status" && state.values.rows !== "jobs";
      const title = isCount ? "jobs" : shownText(column.name);
      const own = tabulatorColumn(column, title, (row) => cellElement(page, row, column), column);
      if (state.values.baseline === null || state.values.rows === "jobs" || !isAveraged(column))
        return [own];
      return [
        own,
        tabulatorColumn(
          column,
          `Δ ${shownText(column.name)}`,
          (row) => differenceElement(page, row, column),
          null,
        ),
      ];
    });
    return [lead, ...others];
  }

  /** Whether the status of single jobs is shown. */
  function hasWords() {
    return state.values.rows === "jobs" || state.values.open.length > 0;
  }

  /** A column of Tabulator's; `sorted` is the one that a click on its head sorts by. */
  function tabulatorColumn(column, title, content, sorted) {
    return {
      title,
      field: `${title} ${column.name}`,
      hozAlign: column.type === "number" ? "right" : "left",
      headerHozAlign: column.type === "number" ? "right" : "left",
      minWidth: column.name === "status" && hasWords() ? STATUS : 60,
      maxInitialWidth: column.kind === "axis" && column.type === "text" ? WIDEST_TEXT : WIDEST,
      titleFormatter: () => (sorted ? sortButton(page, sorted, title) : element("span", {}, title)),
      formatter: (cell) => content(cell.getData()),
    };
  }
}

/** The height of a table with these rows: no more than they need, nor than there is. */
function heightOf(rows) {
  const whole = "max(20rem, calc(100vh - 19rem))";
  return rows.length > MANY
    ? whole
    : `min(${whole}, ${ENDS + (ROW_HEIGHT + 1) * Math.max(rows.length, 2)}px)`;
}

/** The head of a column, which sorts by it: the better end first, then the other, then not at all. */
function sortButton({ document, state }, column, named) {
  const better = document.modeOf(column.name);
  const says = { min: "less is better", max: "more is better" }[better ?? ""];
  const isOfBest = column.name.startsWith("test/") && testsOfBest(document.content);
  const weights = isOfBest && "measured with the weights of the best epoch";
  const title = [column.meaning && shownText(column.meaning), weights, says]
    .filter(Boolean)
    .join("; ");
  return element(
    "button",
    {
      type: "button",
      class: "plain head",
      title: title || null,
      "data-column": column.name,
      onclick: () => state.update({ sort: next() }),
    },
    named,
    element("span", { class: "arrow", "aria-hidden": "true" }),
  );

  /** @returns {[string, string] | null} */
  function next() {
    const [first, other] = better === "max" ? ["desc", "asc"] : ["asc", "desc"];
    const [name, direction] = state.values.sort ?? ["", ""];
    if (name !== column.name) return [column.name, first];
    return direction === first ? [column.name, other] : null;
  }
}

/** Show in the heads of the columns by which one rows are sorted. */
function showSorted(place, { state, column, mode }) {
  const [name, direction] = state.values.sort ?? [column(), mode() === "max" ? "desc" : "asc"];
  for (const button of place.querySelectorAll("button.head")) {
    const isSorted = button.dataset.column === name;
    const says = direction === "asc" ? "ascending" : "descending";
    button.querySelector(".arrow").textContent = isSorted
      ? direction === "asc"
        ? " ↑"
        : " ↓"
      : "";
    button.setAttribute(
      "aria-label",
      // Begins with what is seen, so that it can be spoken.
      `${button.firstChild?.textContent}: sort${isSorted ? `, now ${says}` : ""}`,
    );
    button.closest(".tabulator-col")?.setAttribute("aria-sort", isSorted ? says : "none");
  }
}

/** @param {Page} page */
function tools(page) {
  const { state } = page;
  const kind = element(
    "select",
    { id: "rows" },
    element("option", { value: "configurations" }, "configurations"),
    element("option", { value: "jobs" }, "single jobs"),
  );
  kind.addEventListener("change", () => state.update({ rows: kind.value }));
  const show = () => (kind.value = state.values.rows === "jobs" ? "jobs" : "configurations");
  state.subscribe(show);
  show();
  const button = (text, title, act) =>
    element("button", { type: "button", title, onclick: act }, text);
  return element(
    "div",
    { class: "tools" },
    element("label", { class: "field" }, "Rows ", kind),
    columnChooser(page),
    button("Close all", "Close all configurations", () => state.update({ open: [] })),
    button("Save CSV", "Rows and columns that are shown, as a file", () =>
      saveText(csvName(page, state.values.rows), shownCsv(page)),
    ),
    button("Copy CSV", "Rows and columns that are shown", async () => {
      const copied = await copyText(shownCsv(page));
      announce(
        copied ? "Copied the table as CSV" : "The browser lets no page copy: save the CSV instead",
      );
    }),
  );
}

/** What never varies, in one line that opens. @param {Page} page */
function constantsOf({ document }) {
  const { constants } = document.content;
  if (!constants.length) return null;
  const words = constants.map(([name, value]) =>
    element("code", {}, `${shownText(name)}=${cellText(value)}`),
  );
  return element(
    "details",
    { class: "constants" },
    element(
      "summary",
      {},
      `${countText(constants.length, "key")} that never ${constants.length === 1 ? "varies" : "vary"}`,
    ),
    element(
      "p",
      {},
      words.flatMap((word) => [word, " "]),
    ),
  );
}

/** @param {Page} page @param {import("./columns.js").Row[]} rows */
function tableCaption(page, rows) {
  const { document, state } = page;
  const ranked = `ranked by ${shownText(page.column())}`;
  const ofBest = testsOfBest(document.content)
    ? " test/…: measured with the weights of the best epoch."
    : "";
  if (state.values.rows === "jobs") {
    return `${countText(rows.length, "job")}; ${ranked}.${ofBest}`;
  }
  const base = baselineRow(page);
  const isOutside = base !== null && !page.jobsOf(base.configuration).length;
  const isCounted = base !== null && !isOutside;
  const count = rows.filter(({ job }) => job === null).length + Number(isCounted);
  const averaged = document.columnsOf("averaged").map(({ name }) => shownText(name));
  const others = averaged.filter((name) => name !== FOLD);
  const everywhere = !document.content.jobs.values[FOLD]?.includes(null);
  const over = averaged.includes(FOLD)
    ? `folds${everywhere ? "" : " where there are some"}${others.length ? `, of the means over ${listText(others)}` : ""}`
    : listText(averaged);
  const means = over ? `; mean ± standard deviation over ${over}` : "";
  const where = isOutside ? ", which the filter leaves out" : "";
  const pinned = base
    ? ` Δ: difference to the baseline${where}; ▲ better, ▼ worse, ≈ its 95 % interval holds 0.`
    : "";
  const left = settingsLeftOut(page);
  return `${countText(count, "configuration")}${means}; ${ranked}.${ofBest}${left}${pinned}`;
}
