// @ts-check
// Dialogs over the page: Esc, a button and a click beside them close them.

import { element } from "../elements.js";

/**
 * A dialog that is not open yet: `showModal()` opens it.
 *
 * @param {string} title
 * @param {...any} children
 * @returns {HTMLDialogElement}
 */
export function dialogOf(title, ...children) {
  const dialog = element(
    "dialog",
    { "aria-label": title, onclick: closeFromBeside },
    element(
      "div",
      { class: "dialog" },
      element("h2", {}, title),
      children,
      element("button", { type: "button", class: "main", onclick: () => dialog.close() }, "Close"),
    ),
  );
  return dialog;

  /** @param {MouseEvent} event */
  function closeFromBeside(event) {
    if (event.target === dialog) dialog.close();
  }
}
