// @ts-check
// Choice of the table's columns, in a dialog.

import { announce, element, fill } from "../elements.js";
import { shownText } from "../formats.js";
import { dialogOf } from "../shell/dialogs.js";
import { MOST_COLUMNS, possibleColumns, shownColumns } from "./columns.js";

const GROUPS = {
  axis: "Settings",
  averaged: "Averaged over",
  metric: "Metrics",
  result: "Of each job",
};

/**
 * A button that opens the dialog.
 *
 * @param {import("../shell/page.js").Page} page
 */
export function columnChooser(page) {
  const groups = element("div", { class: "chooser" });
  const reset = element(
    "button",
    {
      type: "button",
      onclick: () => {
        page.state.update({ columns: null });
        show();
      },
    },
    "As at first",
  );
  const dialog = dialogOf("Columns of the table", groups, element("p", {}, reset));
  document.body.append(dialog);
  return element(
    "button",
    {
      type: "button",
      id: "columns",
      onclick: () => {
        show();
        dialog.showModal();
      },
    },
    "Columns",
  );

  function show() {
    const shown = new Set(shownColumns(page).map(({ name }) => name));
    const possible = possibleColumns(page);
    fill(
      groups,
      Object.entries(GROUPS).map(([kind, title]) => {
        const columns = possible.filter((column) => column.kind === kind);
        return columns.length
          ? element(
              "fieldset",
              {},
              element("legend", {}, title),
              columns.map((column) => choice(column, shown)),
            )
          : null;
      }),
    );
  }

  function choice({ name, meaning }, shown) {
    const box = element("input", { type: "checkbox", value: name, onchange: take });
    box.checked = shown.has(name);
    return element(
      "label",
      { title: meaning === null ? null : shownText(meaning) },
      box,
      " ",
      element("span", { class: "mono" }, shownText(name)),
    );
  }

  /** @param {Event} event */
  function take({ target }) {
    const chosen = [...groups.querySelectorAll("input")].filter((box) => box.checked);
    if (chosen.length > MOST_COLUMNS) {
      /** @type {HTMLInputElement} */ (target).checked = false;
      announce(`At most ${MOST_COLUMNS} columns are shown: take one out first`);
      return;
    }
    page.state.update({ columns: chosen.map((box) => box.value) });
  }
}
