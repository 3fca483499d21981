// @ts-check
// Filter of the jobs: an expression as `val/loss < 0.1 and optimizer.lr >= 1e-3 and not status == "failed"`.
// Names of columns are found first, since they have dots and slashes; jsep then makes a tree, and
// the tree becomes functions of a job. Nothing is run as code.

import { summaryOf } from "./configurations.js";
import { cellText } from "./formats.js";
import { jsep } from "./libraries.js";
import { nearestOf } from "./nearest.js";

/** @typedef {import("./document.js").PageDocument} PageDocument */
/**
 * Part of an expression: the type of its values, and the value of a job. A column has its name.
 * @typedef {{ type: "number" | "text" | "boolean" | "none" | "list", at: (job: number) => any,
 *   name?: string, parts?: Part[], word?: string }} Part
 */

/** What is wrong with an expression, in words for whoever typed it. */
class FilterMistake extends Error {}

// Of an expression, in signs.
const LONGEST = 20_000;
// Words that are no columns.
const CONSTANTS = { true: "true", True: "true", false: "false", False: "false" };
const NONE = ["null", "None", "none", "nan", "NaN"];
const OPERATORS = ["and", "or", "not", "in"];
// Functions of a number, and those of a column over the jobs of a configuration.
const OF_NUMBERS = {
  abs: Math.abs,
  sqrt: Math.sqrt,
  log: Math.log,
  log10: Math.log10,
  log2: Math.log2,
};
const OF_CONFIGURATIONS = { mean: "mean", std: "deviation", count: "completed" };
const ORDER = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};
const ARITHMETIC = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
  "**": (a, b) => a ** b,
};
const EQUALITY = ["==", "!=", "===", "!=="];
const COMPARISONS = [...Object.keys(ORDER), ...EQUALITY, "in", "not in"];
const WORD = /[\p{L}_][\p{L}\p{N}_]*(?:[./][\p{L}_][\p{L}\p{N}_]*)*/uy;
const NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const IN_WORD = /[\p{L}\p{N}_]/u;

/**
 * The function that tells whether a job is kept; of a wrong expression it keeps all.
 *
 * @param {PageDocument} document
 * @param {string} text empty: all jobs
 * @returns {{ keeps: (job: number) => boolean, mistake: string | null }}
 */
export function compiledFilter(document, text) {
  const all = () => true;
  if (!text.trim()) return { keeps: all, mistake: null };
  if (text.length > LONGEST) return { keeps: all, mistake: `longer than ${LONGEST} signs` };
  try {
    const { at } = booleanPart(partOf(document, text));
    // One that is too deep is found out here.
    if (document.jobCount) at(0);
    return { keeps: (job) => at(job) === true, mistake: null };
  } catch (error) {
    if (error instanceof FilterMistake) return { keeps: all, mistake: error.message };
    // Nested too deep for the stack.
    if (error instanceof RangeError) return { keeps: all, mistake: "too many brackets" };
    throw error;
  }
}

/**
 * The jobs that an expression keeps, in their order.
 *
 * @param {PageDocument} document
 * @param {string} text
 */
export function keptJobs(document, text) {
  const { keeps } = compiledFilter(document, text);
  return Array.from({ length: document.jobCount }, (_, job) => job).filter(keeps);
}

/**
 * What is wrong with an expression; null if nothing is.
 *
 * @param {PageDocument} document
 * @param {string} text
 */
export function mistakeIn(document, text) {
  return compiledFilter(document, text).mistake;
}

/**
 * A value of a column as an expression has it.
 *
 * @param {any} value
 */
export function literalOf(value) {
  if (value === null || value === undefined) return "null";
  // jsep knows no codes of signs: only what ends a text needs a backslash.
  return typeof value === "string" ? `"${value.replace(/["\\]/g, "\\$&")}"` : String(value);
}

/**
 * The name of a column as an expression has it: in backticks where it is no plain word.
 *
 * @param {string} name
 */
export function columnWord(name) {
  WORD.lastIndex = 0;
  const isPlain = WORD.exec(name)?.[0] === name && !isReserved(name);
  return isPlain ? name : `\`${name.replaceAll("`", "``")}\``;
}

function isReserved(word) {
  return OPERATORS.includes(word) || NONE.includes(word) || Object.hasOwn(CONSTANTS, word);
}

/**
 * The names of columns in a text are replaced by words that jsep takes for names.
 *
 * @returns {{ text: string, names: Map<string, { column: string | null, word: string }> }}
 */
function withPlaceholders(document, text) {
  const columns = [...document.columns.keys()].sort((a, b) => b.length - a.length);
  const names = new Map();
  let written = "";
  let place = 0;
  const name = (column, word, length) => {
    const placeholder = `$${names.size}`;
    names.set(placeholder, { column, word });
    written += placeholder;
    place += length;
  };
  const matched = (pattern) => {
    pattern.lastIndex = place;
    return pattern.exec(text)?.[0] ?? "";
  };
  while (place < text.length) {
    const sign = text[place];
    const quoted = sign === '"' || sign === "'" ? matched(/(["'])(?:\\.|(?!\1)[^\\])*\1?/sy) : "";
    const backticked = sign === "`" ? matched(/`(?:``|[^`])*`/y) : "";
    const number = matched(NUMBER);
    const column = columnAt(text, place, columns);
    const word = matched(WORD);
    if (quoted || number) {
      written += quoted || number;
      place += (quoted || number).length;
    } else if (backticked) {
      const wanted = backticked.slice(1, -1).replaceAll("``", "`");
      name(document.columns.has(wanted) ? wanted : null, wanted, backticked.length);
    } else if (column) {
      name(column, column, column.length);
    } else if (word && !isKeyword(word, text.slice(place + word.length))) {
      name(null, word, word.length);
    } else if (sign === "$" || sign === "`") {
      throw new FilterMistake(`'${sign}' is no part of an expression`);
    } else {
      written += CONSTANTS[word] ?? (NONE.includes(word) ? "null" : word || sign);
      place += word.length || 1;
    }
  }
  return { text: written, names };
}

/** The longest column whose name stands at a place of the text, as a whole word. */
function columnAt(text, place, columns) {
  return columns.find((column) => {
    if (!text.startsWith(column, place)) return false;
    const [next, then] = [text[place + column.length] ?? "", text[place + column.length + 1] ?? ""];
    if (IN_WORD.test(next) && IN_WORD.test(column.at(-1))) return false;
    // `optimizer.lrr` is no `optimizer`; but `val/loss/train/loss` is a quotient.
    const goesOn = (next === "." || next === "/") && /[\p{L}_]/u.test(then);
    if (!goesOn) return true;
    return (
      next === "/" && columns.some((other) => text.startsWith(other, place + column.length + 1))
    );
  });
}

function isKeyword(word, rest) {
  const isFunction = Object.hasOwn(OF_NUMBERS, word) || Object.hasOwn(OF_CONFIGURATIONS, word);
  return isReserved(word) || (isFunction && /^\s*\(/.test(rest));
}

/** @returns {Part} */
function partOf(document, typed) {
  const { text, names } = withPlaceholders(document, typed);
  const inWords = (message) =>
    message.replace(/\$\d+/g, (placeholder) => names.get(placeholder)?.word ?? placeholder);
  let tree;
  try {
    tree = parser()(text);
  } catch (error) {
    if (/[^=!<>]=(?!=)/.test(text)) throw new FilterMistake("to compare, write == instead of =");
    const told = String(/** @type {any} */ (error).description ?? error);
    throw new FilterMistake(`not a whole expression: ${inWords(told)}`);
  }
  return part(tree);

  /** @returns {Part} */
  function part(node) {
    switch (node.type) {
      case "Literal":
        return literal(node.value);
      case "Identifier":
        return column(names.get(node.name) ?? { column: null, word: node.name });
      case "ArrayExpression":
        return { type: "list", at: () => null, parts: node.elements.map(part) };
      case "UnaryExpression":
        return unary(node);
      case "BinaryExpression":
      case "LogicalExpression":
        return binary(node);
      case "CallExpression":
        return call(node);
      case "Compound":
        throw new FilterMistake(
          node.body.length
            ? "between two parts and, or, or a sign such as < is missing"
            : "an expression is missing",
        );
      default:
        throw new FilterMistake("only comparisons, and, or, not, in and arithmetic are possible");
    }
  }

  /** @returns {Part} */
  function literal(value) {
    if (value === null) return { type: "none", at: () => null };
    const type = typeof value === "string" ? "text" : /** @type {any} */ (typeof value);
    return { type, at: () => value };
  }

  /** @returns {Part} */
  function column({ column: name, word }) {
    if (name === null) return { type: "text", at: () => word, word };
    const { type } = /** @type {any} */ (document.columns.get(name));
    if (type === "number") {
      const numbers = document.numbers(name);
      return { type, name, at: (job) => numbers[job] };
    }
    return { type, name, at: (job) => document.cell(name, job) };
  }

  /** @returns {Part} */
  function unary({ operator, argument }) {
    if (operator === "not" || operator === "!") {
      const { at } = booleanPart(part(argument));
      return { type: "boolean", at: (job) => !at(job) };
    }
    if (operator !== "-" && operator !== "+")
      throw new FilterMistake(`${operator} is not possible`);
    const { at } = numberPart(part(argument));
    return { type: "number", at: operator === "-" ? (job) => -at(job) : at };
  }

  /** @returns {Part} */
  function binary(node) {
    const { operator, left, right } = node;
    if (["and", "&&", "or", "||"].includes(operator)) {
      const [a, b] = [booleanPart(part(left)).at, booleanPart(part(right)).at];
      const isAnd = operator === "and" || operator === "&&";
      return { type: "boolean", at: isAnd ? (job) => a(job) && b(job) : (job) => a(job) || b(job) };
    }
    // jsep lets `not` hold for the next word alone; Python, and people, for the whole comparison.
    if (left.type === "UnaryExpression" && left.operator === "not")
      return unary({ operator: "not", argument: { ...node, left: left.argument } });
    if (!COMPARISONS.includes(operator)) return arithmetic(operator, part(left), part(right));
    if (isComparison(left)) {
      // A chain, as `1e-4 < optimizer.lr < 1e-2`.
      const [a, b] = [part(left).at, comparison(operator, part(left.right), part(right)).at];
      return { type: "boolean", at: (job) => a(job) && b(job) };
    }
    return comparison(operator, part(left), part(right));
  }

  function isComparison(node) {
    return node.type === "BinaryExpression" && COMPARISONS.includes(node.operator);
  }

  /** @returns {Part} */
  function arithmetic(operator, left, right) {
    const act = ARITHMETIC[operator];
    if (!act) throw new FilterMistake(`${operator} is not possible`);
    const [a, b] = [numberPart(left).at, numberPart(right).at];
    return { type: "number", at: (job) => act(a(job), b(job)) };
  }

  /** @returns {Part} */
  function comparison(operator, left, right) {
    if (operator === "in" || operator === "not in") {
      const { at } = membership(left, right);
      return { type: "boolean", at: operator === "in" ? at : (job) => !at(job) };
    }
    if (Object.hasOwn(ORDER, operator)) {
      const act = ORDER[operator];
      const [a, b] = [numberPart(left).at, numberPart(right).at];
      return { type: "boolean", at: (job) => act(a(job), b(job)) };
    }
    const { at } = equality(left, right);
    return { type: "boolean", at: operator.startsWith("=") ? at : (job) => !at(job) };
  }

  /** @returns {Part} */
  function membership(left, right) {
    if (right.type === "list") {
      const any = right.parts.map((each) => equality(left, each).at);
      return { type: "boolean", at: (job) => any.some((at) => at(job)) };
    }
    if (left.type !== "text" || right.type !== "text" || !right.name)
      throw new FilterMistake('after in comes a list, as in optimizer in ["adam", "sgd"]');
    return {
      type: "boolean",
      at: (job) => String(right.at(job) ?? "").includes(left.at(job)),
    };
  }

  /** @returns {Part} */
  function equality(left, right) {
    if (right.type === "none" || left.type === "none") {
      const { at } = right.type === "none" ? left : right;
      return { type: "boolean", at: (job) => isNone(at(job)) };
    }
    knownWord(left, right);
    knownWord(right, left);
    if (left.type === right.type && !(left.type === "text"))
      return { type: "boolean", at: (job) => left.at(job) === right.at(job) };
    const text = [left, right].find((each) => each.type === "text" && each.name);
    if (!text && left.type !== right.type) {
      const [typed, other] = left.name ? [left, right] : [right, left];
      const kinds = { number: "numbers", boolean: "true and false", text: "text" };
      const holds = `${typed.name ?? "the left side"} holds ${kinds[typed.type]}`;
      throw new FilterMistake(
        `${holds}, not ${other.type === "text" ? `the text '${other.at(0)}'` : kinds[other.type]}`,
      );
    }
    const asText = (value) =>
      isNone(value) ? null : typeof value === "string" ? value : cellText(value);
    return { type: "boolean", at: (job) => asText(left.at(job)) === asText(right.at(job)) };
  }

  /** A word without quotes stands for a text only beside a column that has it. */
  function knownWord(typed, beside) {
    if (typed.word === undefined) return;
    if (beside.type !== "text" || !beside.name) throw unknown(typed.word);
    const values = valuesOfColumn(beside.name);
    if (values.has(typed.word)) return;
    const nearest = nearestOf(typed.word, values);
    const hint = nearest === null ? "" : `. Did you mean '${nearest}'?`;
    throw new FilterMistake(`no job has ${beside.name} == '${typed.word}'${hint}`);
  }

  function valuesOfColumn(name) {
    const values = new Set();
    for (let job = 0; job < document.jobCount; job++) values.add(String(document.cell(name, job)));
    return values;
  }

  function unknown(word) {
    const constant = document.content.constants.find(([name]) => name === word);
    if (constant)
      return new FilterMistake(`'${word}' never varies: it is ${constant[1]} in all jobs`);
    const nearest =
      nearestOf(word, document.columns.keys()) ??
      [...document.columns.keys()].find((name) => name.split(/[./]/).at(-1) === word) ??
      null;
    const hint = nearest === null ? "" : `. Did you mean '${nearest}'?`;
    return new FilterMistake(`no column '${word}'${hint}`);
  }

  /** @returns {Part} */
  function numberPart(given) {
    if (given.word !== undefined) throw unknown(given.word);
    if (given.type === "number") return given;
    const what = given.name
      ? `'${given.name}' holds ${given.type === "text" ? "text" : "true and false"}`
      : "no number";
    throw new FilterMistake(`${what}: compare it with == or !=`);
  }

  /** @returns {Part} */
  function call({ callee, arguments: given }) {
    const name = callee.name;
    const isOf = (functions) => Object.hasOwn(functions, name);
    if (callee.type !== "Identifier" || !(isOf(OF_NUMBERS) || isOf(OF_CONFIGURATIONS))) {
      const known = [...Object.keys(OF_CONFIGURATIONS), ...Object.keys(OF_NUMBERS)].join(", ");
      throw new FilterMistake(`functions are ${known}`);
    }
    if (given.length !== 1)
      throw new FilterMistake(`${name} takes one thing, as in ${name}(val/loss)`);
    const argument = numberPart(part(given[0]));
    if (isOf(OF_NUMBERS))
      return { type: "number", at: (job) => OF_NUMBERS[name](argument.at(job)) };
    if (!argument.name) throw new FilterMistake(`${name} takes a column, as in ${name}(val/loss)`);
    return ofConfigurations(argument.name, OF_CONFIGURATIONS[name]);
  }

  /** @returns {Part} */
  function ofConfigurations(name, field) {
    const values = document.jobsOf.map((jobs) => summaryOf(document, jobs, name)[field]);
    return { type: "number", at: (job) => values[document.configuration(job)] };
  }
}

/** @returns {Part} */
function booleanPart(given) {
  if (given.type === "boolean" && given.word === undefined) return given;
  const name = given.name ?? given.word;
  const said = name === undefined ? "this" : `'${name}'`;
  throw new FilterMistake(
    `${said} alone is neither true nor false: compare it, as in val/loss < 0.1`,
  );
}

function isNone(value) {
  return value === null || value === undefined || Number.isNaN(value);
}

let isPrepared = false;

/** jsep with the operators that are words. */
function parser() {
  if (!isPrepared) {
    jsep.addBinaryOp("or", 1);
    jsep.addBinaryOp("and", 2);
    jsep.addBinaryOp("in", 7);
    jsep.addBinaryOp("not in", 7);
    jsep.addUnaryOp("not");
    isPrepared = true;
  }
  return jsep;
}
