// @ts-check
// A tree of config keys as a table: what differs is open, what is equal is folded away.

import { signature } from "./config_tree.js";
import { element } from "../elements.js";
import { cellText, shownText } from "../formats.js";

/** @typedef {import("./config_tree.js").ConfigNode} ConfigNode */

const MOST_LISTED = 5; // of an entry of several jobs, before they are counted

/**
 * @typedef {Object} ConfigTable
 * @property {string} caption what is compared, for screen readers
 * @property {(string | Node)[]} headings of the entries
 * @property {number} baseline place of the entry that the others are compared with; -1: none
 * @property {string} mark what a mark of a differing key says
 * @property {Map<string, boolean>} unfolded what was opened and closed, by key; kept by the caller,
 *   so that it outlives the table
 */

/**
 * The table of a tree.
 *
 * @param {ConfigNode[]} tree
 * @param {ConfigTable} options
 * @returns {HTMLTableElement}
 */
export function configTable(tree, options) {
  const body = element("tbody");
  addRows(body, tree, "", [], options);
  return element(
    "table",
    { class: "config" },
    element("caption", { class: "offscreen" }, options.caption),
    element(
      "thead",
      {},
      element(
        "tr",
        {},
        element("th", { scope: "col" }, "key"),
        options.headings.map((heading) => element("th", { scope: "col" }, heading)),
      ),
    ),
    body,
  );
}

/**
 * Add the rows of the children of a key: what differs first, as it is nested, then one row that opens
 * the keys that are equal.
 *
 * @param {HTMLElement} body
 * @param {ConfigNode[]} nodes
 * @param {string} path the key that they are below
 * @param {(() => boolean)[]} above whether each of the rows that they are below is open
 * @param {ConfigTable} options
 */
function addRows(body, nodes, path, above, options) {
  const equal = nodes.filter((node) => !node.differs);
  // Where nothing differs, there is nothing else to see.
  if (!path && nodes.every((node) => !node.differs)) {
    for (const node of nodes) addNode(body, node, above, options);
    return;
  }
  for (const node of nodes) if (node.differs) addNode(body, node, above, options);
  if (!equal.length) return;
  const count = equal.reduce((sum, node) => sum + node.equal, 0);
  const name = `${count.toLocaleString("en")} equal`;
  const open = addFold(body, { name, fold: `${path}=`, open: false, summary: "" }, above, options);
  for (const node of equal) addNode(body, node, [...above, open], options);
}

/** @param {ConfigNode} node */
function addNode(body, node, above, options) {
  if (node.values) addLeaf(body, node, above, options);
  if (!node.children.length) return;
  const summary = node.differs ? differText(node.differing) : "";
  const row = { name: shownText(node.name), fold: node.path, open: true, summary };
  const open = addFold(body, row, above, options);
  const inside = [...above, open];
  if (node.differs) addRows(body, node.children, node.path, inside, options);
  else for (const child of node.children) addNode(body, child, inside, options);
}

/** @param {number} count of keys */
export function differText(count) {
  return `${count.toLocaleString("en")} ${count === 1 ? "differs" : "differ"}`;
}

/** Add a row that opens and closes those below it; return whether it is open. */
function addFold(body, { name, fold, open, summary }, above, options) {
  const isOpen = () => options.unfolded.get(fold) ?? open;
  const button = element(
    "button",
    {
      type: "button",
      class: "fold",
      "aria-expanded": String(isOpen()),
      onclick: () => {
        options.unfolded.set(fold, !isOpen());
        button.setAttribute("aria-expanded", String(isOpen()));
        for (const row of body.rows) row.hidden = !row.isShown();
      },
    },
    name,
  );
  const heading = element(
    "th",
    { scope: "row", colspan: String(options.headings.length + 1) },
    button,
    summary && element("span", { class: "summary" }, ` ${summary}`),
  );
  addRow(body, [heading], above, "group");
  return isOpen;
}

/** @param {ConfigNode} node */
function addLeaf(body, node, above, options) {
  const values = /** @type {any[][]} */ (node.values);
  const baseline = options.baseline < 0 ? null : signature(values[options.baseline]);
  const name = element("th", { scope: "row", title: shownText(node.path) }, shownText(node.name));
  if (node.differs) name.append(element("span", { class: "mark", title: options.mark }, " ≠"));
  const cells = values.map((value) =>
    element(
      "td",
      { class: baseline !== null && signature(value) !== baseline ? "differs" : null },
      valuesText(value),
    ),
  );
  addRow(body, [name, ...cells], above, node.differs ? "leaf differing" : "leaf");
}

function addRow(body, cells, above, kind) {
  const row = element("tr", { class: kind, style: `--depth: ${above.length}` }, cells);
  row.isShown = () => above.every((open) => open());
  row.hidden = !row.isShown();
  body.append(row);
}

/**
 * The values of an entry as text: the value, or some of several with their count.
 *
 * @param {any[]} values
 */
export function valuesText(values) {
  const texts = values.slice(0, MOST_LISTED).map(configText);
  if (values.length <= MOST_LISTED) return texts.join(", ");
  return `${texts.slice(0, 2).join(", ")} … ${configText(values.at(-1))} (${values.length} values)`;
}

/** A value of a config as YAML would have it. */
function configText(value) {
  if (value === null || value === undefined) return "null";
  return value === "" ? "''" : cellText(value);
}
