// @ts-check
// Table on paper: the first rows as a plain table, since only those in sight are elements.

import { element, fill } from "../elements.js";
import { shownText } from "../formats.js";
import { configurationText } from "../summary/words.js";
import { cellElement } from "./cells.js";
import { shownColumns } from "./columns.js";
import { tableRows } from "./rows.js";

// Most rows on paper.
const PRINTED = 100;

/**
 * @param {HTMLElement} panel
 * @param {import("../shell/page.js").Page} page
 */
export function mountPrinted(panel, page) {
  const place = element("div", { class: "printed" });
  panel.append(place);
  addEventListener("beforeprint", () => fill(place, printedTable(page)));
  addEventListener("afterprint", () => fill(place));
}

function printedTable(page) {
  const all = tableRows(page);
  const columns = shownColumns(page).filter(({ kind }) => kind !== "axis");
  const head = columns.map(({ name, type }) =>
    element(
      "th",
      { class: type === "number" ? "number" : "" },
      name === "status" ? "jobs" : shownText(name),
    ),
  );
  const rows = all.slice(0, PRINTED).map((row) =>
    element(
      "tr",
      {},
      element(
        "th",
        {},
        row.job === null
          ? configurationText(page.document, row.configuration)
          : shownText(page.document.jobName(row.job)),
      ),
      columns.map((column) =>
        element(
          "td",
          { class: column.type === "number" ? "number" : "" },
          cellElement(page, row, column),
        ),
      ),
    ),
  );
  return [
    element(
      "table",
      {},
      element("thead", {}, element("tr", {}, element("th"), head)),
      element("tbody", {}, rows),
    ),
    all.length > PRINTED && element("p", {}, `${all.length - PRINTED} more rows are left out.`),
  ];
}
