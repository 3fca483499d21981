// @ts-check
// Elements of the page, created without HTML: all text goes in as text.

/** @typedef {string | number | Node | null | undefined | false | any[]} Child a list is of children */

/**
 * A new element.
 *
 * @param {string} tag
 * @param {Record<string, any>} attributes as HTML names them; `true` gives an empty one; null, false
 *   and undefined give none; a function under `onclick` and the like is a listener.
 * @param {...Child} children texts and nodes, lists of them; null, false and undefined are left out.
 * @returns {any}
 */
export function element(tag, attributes = {}, ...children) {
  const created = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") created.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false)
      created.setAttribute(name, value === true ? "" : String(value));
  }
  created.append(...childNodesOf(children));
  return created;
}

/**
 * Put these in the place of all that an element has.
 *
 * @param {Element} parent
 * @param {...Child} children
 */
export function fill(parent, ...children) {
  parent.replaceChildren(...childNodesOf(children));
}

/** @param {Child[]} children @returns {(Node | string)[]} */
function childNodesOf(children) {
  return /** @type {any[]} */ (children)
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child)));
}

/**
 * Say something to those who listen to a screen reader, and show it for a moment.
 *
 * @param {string} text
 */
export function announce(text) {
  let region = document.getElementById("announcements");
  if (!region) {
    region = element("div", { id: "announcements", role: "status", "aria-live": "polite" });
    document.body.append(region);
  }
  region.textContent = text;
  region.classList.add("shown");
  clearTimeout(Number(region.dataset.timer));
  const timer = setTimeout(() => region.classList.remove("shown"), 2500);
  region.dataset.timer = String(timer);
}
