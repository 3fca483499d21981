// @ts-check
// Configs of several entries as one tree, nested as a config is. An entry is a job, or the jobs of a
// configuration, whose values may be several (its seeds).

/**
 * @typedef {Object} ConfigNode
 * @property {string} name last part of the key
 * @property {string} path the whole dotted key
 * @property {any[][] | null} values distinct values of each entry; null where there are only children
 * @property {ConfigNode[]} children
 * @property {boolean} differs whether the entries, or the jobs of the document, differ here or below
 * @property {number} differing how many keys here and below differ
 * @property {number} equal how many do not
 */

/**
 * The tree of the keys of some entries.
 *
 * @param {{common: Record<string, any>, differing: Record<string, any[]>}} configs as the document
 *   has them
 * @param {number[][]} entries the jobs of each entry
 * @param {"entries" | "document"} among a key differs where the entries do, or where any jobs of the
 *   document do
 * @returns {ConfigNode[]} children of the root
 */
export function configTree(configs, entries, among = "entries") {
  const root = branch("", "");
  addShared(root, configs.common, entries.length);
  for (const [path, column] of Object.entries(configs.differing)) {
    const values = entries.map((jobs) => distinct(jobs.map((job) => column[job])));
    const node = descend(root, path.split("."));
    node.values = values;
    node.differs = among === "document" || new Set(values.map(signature)).size > 1;
  }
  return finished(root).children;
}

/**
 * The values of an entry as a text by which two can be compared, whatever their order.
 *
 * @param {any[]} values
 */
export function signature(values) {
  return values.map(stable).sort().join("\n");
}

/** A value as JSON in which the order of keys does not matter. */
function stable(value) {
  return JSON.stringify(value ?? null, (key, inner) =>
    inner && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** @param {any[]} values */
function distinct(values) {
  return [...new Map(values.map((value) => [stable(value), value])).values()];
}

/** A node while the tree grows: its children by name, which may be any word, `__proto__` too. */
function branch(name, path) {
  return { name, path, values: null, differs: false, byName: new Map() };
}

/** The node at a path, with those on the way to it. */
function descend(node, parts) {
  for (const part of parts) {
    let child = node.byName.get(part);
    if (!child) {
      child = branch(part, node.path ? `${node.path}.${part}` : part);
      node.byName.set(part, child);
    }
    node = child;
  }
  return node;
}

function addShared(node, config, entries) {
  for (const [name, value] of Object.entries(config)) {
    const child = descend(node, [name]);
    const nested = value && typeof value === "object" && !Array.isArray(value);
    if (nested && Object.keys(value).length) addShared(child, value, entries);
    else child.values = Array.from({ length: entries }, () => [value]);
  }
}

/** @returns {ConfigNode} */
function finished(node) {
  const children = [...node.byName.values()].map(finished);
  const differing = children.reduce((sum, child) => sum + child.differing, 0);
  const equal = children.reduce((sum, child) => sum + child.equal, 0);
  const own = node.values ? 1 : 0;
  return {
    name: node.name,
    path: node.path,
    values: node.values,
    children,
    differs: node.differs || differing > 0,
    differing: differing + (node.differs ? own : 0),
    equal: equal + (node.differs ? 0 : own),
  };
}
