// @ts-check
// Light and dark: by the system, or by the switch; and the colours of the page for those that draw.

const DARK = "(prefers-color-scheme: dark)";
const SERIES = 8;

/**
 * The colours that hold now, from the style sheet: `series` can be told apart by colour-blind people.
 */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ground: colour("ground"),
    surface: colour("surface"),
    text: colour("text"),
    faint: colour("faint"),
    line: colour("line"),
    accent: colour("accent"),
    better: colour("better"),
    worse: colour("worse"),
    series: Array.from({ length: SERIES }, (_, place) => colour(`series-${place + 1}`)),
  };
}

/** Whether the page is dark now. */
export function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia(DARK).matches;
}

/**
 * Keep the page as the state and the system have it.
 *
 * @param {import("./state.js").State} state
 */
export function followTheme(state) {
  const apply = () => {
    const { theme } = state.values;
    if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  };
  apply();
  state.subscribe((changed) => {
    if (changed.has("theme")) apply();
  });
  matchMedia(DARK).addEventListener("change", () => state.notify("theme"));
  // Paper is light, and what is drawn on it too.
  addEventListener("beforeprint", () => {
    document.documentElement.dataset.theme = "light";
    state.notify("print");
  });
  addEventListener("afterprint", () => {
    apply();
    state.notify("print");
  });
}

/** @param {import("./state.js").State} state */
export function switchTheme(state) {
  state.update({ theme: isDark() ? "light" : "dark" });
}
