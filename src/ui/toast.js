// Short news at the edge of the page, read out once and gone after a while.

import { fill, h } from "./element.js";
import { words } from "./words.js";

const SECONDS = 5;

const root = h("div", { class: "toast", role: "status" });
let timer;

export const toasts = root;

/** Says `key`, a word of the dictionary. */
export function tell(key, values) {
  clearTimeout(timer);
  fill(root, h("p", {}, words(key, values)));
  timer = setTimeout(() => fill(root), SECONDS * 1000);
}
