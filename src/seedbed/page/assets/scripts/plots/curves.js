// @ts-check

/** @param {HTMLElement} element @param {import("../shell/page.js").Page} page */
export function mountCurves(element, page) {
  element.hidden = !page;
}
