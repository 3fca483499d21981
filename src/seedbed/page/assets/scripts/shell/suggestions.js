// @ts-check
// Columns that the word before the caret may become, in a list below a field.

import { element, fill } from "../elements.js";
import { columnWord } from "../filter.js";
import { shownText } from "../formats.js";

// Most of them.
const SUGGESTED = 8;
const LAST_WORD = /[\p{L}_][\p{L}\p{N}_./]*$/u;

/**
 * The names that a word may become: those that begin with it, then those that hold it.
 *
 * @param {string[]} names
 * @param {string} word
 * @returns {string[]}
 */
export function suggestedNames(names, word) {
  const wanted = word.toLowerCase();
  if (!wanted || names.includes(word)) return [];
  const at = (/** @type {string} */ name) => name.toLowerCase().indexOf(wanted);
  return names
    .filter((name) => at(name) >= 0)
    .sort((a, b) => Number(at(a) > 0) - Number(at(b) > 0) || a.length - b.length)
    .slice(0, SUGGESTED);
}

/**
 * Suggest names in a text field; `took` is called when one was taken.
 *
 * @param {HTMLInputElement} field
 * @param {string[]} names
 * @param {() => void} took
 * @returns {HTMLElement} the list
 */
export function suggestNames(field, names, took) {
  const list = element("ul", { id: "suggestions", role: "listbox", "aria-label": "Columns" });
  list.hidden = true;
  /** @type {string[]} */
  let suggested = [];
  let chosen = -1;
  for (const [name, value] of Object.entries({
    role: "combobox",
    "aria-expanded": "false",
    "aria-autocomplete": "list",
    "aria-controls": "suggestions",
  }))
    field.setAttribute(name, value);
  field.addEventListener("input", () => show(suggestedNames(names, lastWord())));
  field.addEventListener("blur", () => show([]));
  field.addEventListener("keydown", press);
  return list;

  function lastWord() {
    const before = field.value.slice(0, field.selectionStart ?? field.value.length);
    return LAST_WORD.exec(before)?.[0] ?? "";
  }

  /** @param {string[]} found */
  function show(found) {
    suggested = found;
    choose(-1);
    list.hidden = !suggested.length;
    field.setAttribute("aria-expanded", String(!list.hidden));
  }

  /** @param {number} place */
  function choose(place) {
    chosen = place;
    fill(
      list,
      suggested.map((name, index) =>
        element(
          "li",
          {
            id: `suggestion-${index}`,
            role: "option",
            "aria-selected": String(index === chosen),
            // Before the field loses the focus.
            onmousedown: (/** @type {Event} */ event) => {
              event.preventDefault();
              take(name);
            },
          },
          shownText(name),
        ),
      ),
    );
    if (chosen < 0) field.removeAttribute("aria-activedescendant");
    else field.setAttribute("aria-activedescendant", `suggestion-${chosen}`);
  }

  /** @param {KeyboardEvent} event */
  function press(event) {
    if (list.hidden) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const from = chosen < 0 && step === -1 ? 0 : chosen;
    if (step) choose((from + step + suggested.length) % suggested.length);
    else if ((event.key === "Enter" || event.key === "Tab") && chosen >= 0) take(suggested[chosen]);
    else if (event.key === "Escape") show([]);
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  /** Put a name in the place of the word. @param {string} name */
  function take(name) {
    const end = field.selectionStart ?? field.value.length;
    const word = columnWord(name);
    field.setRangeText(word, end - lastWord().length, end, "end");
    show([]);
    took();
  }
}
