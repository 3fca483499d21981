// @ts-check
// Copying a text by a click, from a file on disk too, where some browsers have no clipboard to give.

import { announce, element } from "./elements.js";
import { shownText } from "./formats.js";

/**
 * Put a text into the clipboard; it resolves to whether that went well.
 *
 * @param {string} text
 * @returns {Promise<boolean>}
 */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // No clipboard, or no permission: what follows needs neither.
    return copiedBySelection(text);
  }
}

/** @param {string} text */
function copiedBySelection(text) {
  const focused = document.activeElement;
  const area = element("textarea", { readonly: true, "aria-hidden": "true", class: "offscreen" });
  area.value = text;
  document.body.append(area);
  area.select();
  let copied = false;
  try {
    copied = document.execCommand("copy");
  } catch {
    // Some browsers throw instead of returning false.
  }
  area.remove();
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  return copied;
}

/**
 * A button that copies a text and says so.
 *
 * @param {string} text
 * @param {string} label what is copied, for screen readers: `command that repeats job 3`
 * @param {string} words on the button
 * @returns {HTMLButtonElement}
 */
export function copyButton(text, label, words = "Copy") {
  const button = element(
    "button",
    { type: "button", class: "copy", "aria-label": `Copy ${label}` },
    words,
  );
  button.addEventListener("click", async () => {
    const copied = await copyText(text);
    button.textContent = copied ? "Copied" : "Not copied: select the text";
    announce(copied ? `Copied ${label}` : "The browser lets no page copy: select the text instead");
    setTimeout(() => (button.textContent = words), 2500);
  });
  return button;
}

/**
 * A command as it is typed, with a button that copies it.
 *
 * @param {string} command
 * @param {string} label what it does, for screen readers
 */
export function commandBlock(command, label) {
  return element(
    "div",
    { class: "command" },
    // Focusable, since it scrolls where the line is long.
    element(
      "pre",
      { tabindex: "0", "aria-label": label },
      element("code", {}, shownText(command, true)),
    ),
    copyButton(command, label),
  );
}
