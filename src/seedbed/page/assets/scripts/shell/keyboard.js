// @ts-check
// Keys of the keyboard: they are shown with `?`, and do nothing while a text is typed.

import { element } from "../elements.js";
import { stepJob } from "../jobs/job.js";
import { dialogOf } from "./dialogs.js";
import { switchTheme } from "./theme.js";

/**
 * @param {import("./page.js").Page} page
 * @param {{ key: string, title: string }[]} views
 */
export function mountKeyboard(page, views) {
  const { state } = page;
  /** @type {[string, string, () => void][]} */
  const shortcuts = [
    ...views.map(
      ({ key, title }, place) =>
        /** @type {[string, string, () => void]} */ ([
          String(place + 1),
          title,
          () => state.update({ view: key }),
        ]),
    ),
    ["/", "Filter", () => document.getElementById("filter")?.focus()],
    ["c", "Take no job for comparison any more", () => state.update({ selected: [] })],
    ["n", "Next job, of those that are shown", () => stepJob(page, 1)],
    ["p", "Previous job", () => stepJob(page, -1)],
    ["d", "Light or dark", () => switchTheme(state)],
    ["?", "These keys", () => dialog.showModal()],
  ];
  const dialog = shortcutsDialog(shortcuts);
  document.body.append(dialog);
  document.getElementById("shortcuts")?.addEventListener("click", () => dialog.showModal());
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || dialog.open)
      return;
    const shortcut = shortcuts.find(([key]) => key === event.key);
    if (!shortcut) return;
    event.preventDefault();
    shortcut[2]();
  });
}

/** @param {[string, string, () => void][]} shortcuts */
function shortcutsDialog(shortcuts) {
  const rows = [
    ...shortcuts.map(([key, meaning]) => [key, meaning]),
    ["Tab", "Next field; among tabs ← and → go on"],
    ["↑ ↓", "In the table: the row above, or below"],
    ["Enter", "In the table: open a configuration to its jobs, or a job"],
    ["Esc", "Close this, leave a field"],
  ];
  return dialogOf(
    "Keys of the keyboard",
    element(
      "dl",
      { class: "keys" },
      rows.map(([key, meaning]) => [
        element("dt", {}, element("kbd", {}, key)),
        element("dd", {}, meaning),
      ]),
    ),
  );
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  return (
    target instanceof HTMLElement &&
    (target.matches("input:not([type=checkbox]), textarea, select") || target.isContentEditable)
  );
}
