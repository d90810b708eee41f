// A question that has to be answered first.

import { fill, freshId, h, icon } from "./element.js";
import { button } from "./form.js";
import { words } from "./words.js";

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
  content.querySelector("input, button")?.focus();
  return { close, replace(...next) {
    fill(content, ...next);
    content.querySelector("input, button")?.focus();
  } };
}

/** What a `reauthentication-required` means: only a new login helps. */
export function loginTooOld(onLogIn) {
  return h("div", { class: "stack" }, h("p", { class: "notice" }, words("login-too-old")),
    h("div", { class: "actions" }, button("log-in-again", onLogIn, { className: "primary" })));
}
