// @ts-check
// Choices above a plot: lists, switches, sliders. They are told what to show, and tell what is asked.

import { element, fill } from "../../elements.js";
import { shownText } from "../../formats.js";

/**
 * Choice of a plot: one of some options, some of them, yes or no, or a number of a range.
 * @typedef {{kind: "one", key: string, label: string, options: [string, string][], value: string}
 *   | {kind: "some", key: string, label: string, options: [string, string][], value: string[]}
 *   | {kind: "switch", key: string, label: string, value: boolean}
 *   | {kind: "range", key: string, label: string, least: number, most: number, step: number,
 *      value: number}} Choice
 */

/**
 * Show choices; elements stay where only values changed, so that the keyboard's place is kept.
 * @param {HTMLElement} place
 * @param {Choice[]} choices
 * @param {(key: string, value: any) => void} choose
 */
export function showChoices(place, choices, choose) {
  const shape = JSON.stringify(choices, (key, value) => (key === "value" ? undefined : value));
  if (place.dataset.shape !== shape) {
    place.dataset.shape = shape;
    fill(
      place,
      choices.map((choice) => choiceElement(choice, choose)),
    );
  }
  place.hidden = choices.length === 0;
  choices.forEach((choice, i) => setChoice(/** @type {HTMLElement} */ (place.children[i]), choice));
}

/**
 * @param {Choice} choice
 * @param {(key: string, value: any) => void} choose
 */
function choiceElement(choice, choose) {
  if (choice.kind === "one") {
    const options = choice.options.map(([value, text]) =>
      element("option", { value }, shownText(text)),
    );
    const select = element("select", { "data-choice": choice.key }, options);
    select.addEventListener("change", () => choose(choice.key, select.value));
    return element("label", { class: "choice" }, element("span", {}, choice.label), select);
  }
  if (choice.kind === "some") return someElement(choice, choose);
  const input = element("input", { "data-choice": choice.key });
  if (choice.kind === "switch") {
    input.type = "checkbox";
    input.addEventListener("change", () => choose(choice.key, input.checked));
    return element("label", { class: "choice" }, input, element("span", {}, choice.label));
  }
  Object.assign(input, { type: "range", min: choice.least, max: choice.most, step: choice.step });
  input.addEventListener("input", () => choose(choice.key, Number(input.value)));
  return element("label", { class: "choice" }, element("span", {}, choice.label), input);
}

/**
 * @param {Extract<Choice, {kind: "some"}>} choice
 * @param {(key: string, value: string[]) => void} choose
 */
function someElement(choice, choose) {
  const boxes = choice.options.map(([value]) => element("input", { type: "checkbox", value }));
  const chosen = () => boxes.filter((box) => box.checked).map((box) => box.value);
  for (const box of boxes) {
    box.addEventListener("change", () => {
      if (chosen().length === 0) box.checked = true;
      else choose(choice.key, chosen());
    });
  }
  const lines = choice.options.map(([, text], i) =>
    element("label", {}, boxes[i], shownText(text)),
  );
  const opened = element(
    "details",
    { class: "choice", "data-choice": choice.key },
    element("summary", {}, choice.label),
    element("div", { class: "choice-list" }, lines),
  );
  opened.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape") opened.open = false;
  });
  opened.addEventListener("focusout", (/** @type {FocusEvent} */ event) => {
    const next = /** @type {Node | null} */ (event.relatedTarget);
    if (next && !opened.contains(next)) opened.open = false;
  });
  return opened;
}

/**
 * @param {HTMLElement} shown
 * @param {Choice} choice
 */
function setChoice(shown, choice) {
  if (choice.kind === "some") {
    for (const box of shown.querySelectorAll("input"))
      box.checked = choice.value.includes(box.value);
    const summary = /** @type {HTMLElement} */ (shown.querySelector("summary"));
    const names = choice.value.map((name) => shownText(name)).join(", ");
    summary.textContent = `${choice.label}: ${names}`;
    return;
  }
  const input = /** @type {HTMLInputElement} */ (shown.querySelector("select, input"));
  if (choice.kind === "switch") input.checked = choice.value;
  else input.value = String(choice.value);
}
