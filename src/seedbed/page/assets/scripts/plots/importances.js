// @ts-check

/** @param {HTMLElement} element @param {import("../shell/page.js").Page} page */
export function mountImportances(element, page) {
  element.hidden = !page;
}
