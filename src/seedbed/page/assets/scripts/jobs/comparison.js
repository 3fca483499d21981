// @ts-check

/** @param {HTMLElement} element @param {import("../shell/page.js").Page} page */
export function mountComparison(element, page) {
  element.hidden = !page;
}
