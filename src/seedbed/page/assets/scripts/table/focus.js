// @ts-check
// Focus in the table: it stays with its row when rows are drawn anew, and the arrows move it.

/**
 * The control of a row that has the focus; null where it is elsewhere.
 *
 * @param {HTMLElement} place
 * @returns {{ row: string, control: string } | null}
 */
export function focusedControl(place) {
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  const row = /** @type {HTMLElement | null} */ (focused?.closest(".tabulator-row"));
  if (!focused || !row || !place.contains(row)) return null;
  return { row: row.dataset.row ?? "", control: focused.dataset.control ?? "" };
}

/**
 * Give the focus back to the control of a row, where that is still there.
 *
 * @param {HTMLElement} place
 * @param {{ row: string, control: string } | null} focused
 */
export function focusAgain(place, focused) {
  if (!focused) return;
  const rows = [
    .../** @type {NodeListOf<HTMLElement>} */ (place.querySelectorAll(".tabulator-row")),
  ];
  // A configuration that was pinned, or let go, has another row.
  const row = rows.find(({ dataset }) => dataset.row === focused.row) ?? rows[0];
  controlOf(row, focused.control)?.focus({ preventScroll: true });
}

/**
 * Move the focus to the same control of the next row, or the one before.
 *
 * @param {KeyboardEvent} event
 */
export function moveFocus(event) {
  const focused = /** @type {HTMLElement} */ (event.target);
  if (!focused.dataset.control || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
  const row = focused.closest(".tabulator-row");
  const other = event.key === "ArrowDown" ? row?.nextElementSibling : row?.previousElementSibling;
  const control = controlOf(other, focused.dataset.control);
  if (!control) return;
  event.preventDefault();
  control.focus();
}

/** @returns {HTMLElement | null} */
function controlOf(row, control) {
  return (
    row?.querySelector(`[data-control="${control}"]`) ??
    row?.querySelector("[data-control]") ??
    null
  );
}
