// Bodies to read: indented, in colours, long secrets cut short.

import { h } from "./element.js";
import { t } from "./words.js";

const TOKENS = /^(access_token|refresh_token|challenge_token|device_token)$/;
const PINS = /^(pin|current_pin)$/;

/** A `pre` of `value`. `whole` shows tokens and PINs as they are. */
export function pretty(value, whole) {
  const text = JSON.stringify(value, (name, member) => (whole ? member : shortened(name, member)), 2);
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|\b(?:true|false|null)\b|-?\b\d[\d.eE+-]*\b/g)) {
    parts.push(text.slice(end, found.index), h("span", { class: found[1] ? "key" : found[0][0] === '"' ? "string" : "literal" }, found[0]));
    end = found.index + found[0].length;
  }
  return h("pre", { tabindex: "0" }, ...parts, text.slice(end));
}

function shortened(name, value) {
  if (typeof value !== "string") return value;
  if (PINS.test(name)) return "•".repeat(value.length);
  return TOKENS.test(name) && value.length > 24 ? cut(value) : value;
}

export const cut = (token) => t("token-cut", { start: token.slice(0, 8), end: token.slice(-4), count: token.length });
