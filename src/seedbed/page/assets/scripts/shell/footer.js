// @ts-check
// Foot of the page: when and by what it was written, and whose libraries are in it.

import { element, fill } from "../elements.js";
import { shownText, timeText } from "../formats.js";
import { dialogOf } from "./dialogs.js";

/**
 * @param {HTMLElement} footer
 * @param {import("./page.js").Page} page
 */
export function mountFooter(footer, page) {
  const { content } = page.document;
  const licences = document.getElementById("licences")?.textContent ?? "";
  const dialog = dialogOf(
    "Licences",
    element("pre", { class: "licences", tabindex: "0" }, licences),
  );
  document.body.append(dialog);
  const left = content.figures_left_out;
  fill(
    footer,
    element(
      "span",
      {},
      `Written ${shownText(timeText(content.written))} by Seedbed; nothing on this page is fetched or sent.`,
    ),
    left > 0 &&
      element("span", {}, `${left} figures were left out, since they are too many or too large.`),
    element(
      "button",
      { type: "button", class: "plain link", onclick: () => dialog.showModal() },
      "Libraries and licences",
    ),
  );
}
