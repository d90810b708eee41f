// What things lie on: cards with their lines, dialogs, and short news at the edge of the page.

import { fill, freshId, h, icon } from "./element.js";
import { button } from "./form.js";
import { words } from "./words.js";

/** A section of the account, with its heading. */
export function card(heading, ...content) {
  return h("section", { class: `card ${heading}`, "aria-label": words(heading) }, h("h2", {}, words(heading)), ...content);
}

/** A line of a card: what it is, how it stands, and what can be done. */
export function row(label, state, ...actions) {
  return h("div", { class: "row" }, h("div", { class: "row-text" }, h("p", { class: "row-label" }, label), h("p", { class: "row-state" }, state)),
    h("div", { class: "row-actions" }, ...actions));
}

/** Opens a dialog. `build(close)` answers what is in it. It is gone from the page once it is closed. */
export function openDialog(heading, build, { onClose = () => {} } = {}) {
  const id = freshId("dialog");
  const close = () => root.close();
  const root = h("dialog", { "aria-labelledby": id, on: {
    close() {
      root.remove();
      onClose();
    },
    // A click on what lies behind.
    click(event) { if (event.target === root) close(); },
  } });
  const content = h("div", { class: "dialog-content stack" });
  const title = h("h2", { id }, words(heading));
  root.append(h("div", { class: "dialog-box" },
    h("div", { class: "dialog-top" }, title, h("button", { type: "button", class: "switch round", "aria-label": words("close"), on: { click: close } }, icon("close"))),
    content));
  fill(content, build(close));
  document.body.append(root);
  root.showModal();
  begin();
  return { close, replace(...next) {
    fill(content, ...next);
    begin();
  } };

  /** At the first thing to be done that can be seen; the name that a password manager reads cannot. */
  function begin() {
    [...content.querySelectorAll("input, button")].find((one) => one.offsetParent)?.focus();
  }
}

/** What a `reauthentication-required` means: only a new login helps. */
export function loginTooOld(onLogIn) {
  return h("div", { class: "stack" }, h("p", { class: "notice" }, words("login-too-old")),
    h("div", { class: "actions" }, button("log-in-again", onLogIn, { className: "primary" })));
}

const SECONDS = 5;

const root = h("div", { class: "toast", role: "status" });
let timer;

/** Stands in the page from the start, so that what it says is read out. */
export const toasts = root;

/** Says `key`, a word of the dictionary; beside an open dialog nothing is read out, so then once that is closed. */
export function tell(key, values) {
  const dialog = document.querySelector("dialog:modal");
  if (dialog) return dialog.addEventListener("close", () => tell(key, values), { once: true });
  clearTimeout(timer);
  fill(root, h("p", {}, words(key, values)));
  timer = setTimeout(() => fill(root), SECONDS * 1000);
}
