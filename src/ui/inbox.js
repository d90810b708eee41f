// The phone of the simulated sender: it shows the message for the number that was just asked for.

import { send } from "./api.js";
import { fill, h } from "./element.js";
import { button } from "./form.js";
import { clockTime, phone as written, said, words } from "./words.js";

const ENABLED = document.documentElement.dataset.inbox === "true";

/** How often and how long the inbox is asked after a code was sent. */
const EVERY = 700;
const TIMES = 20;

/** Milliseconds by which the `Date` of an answer may be off: it has whole seconds. */
const ROUNDING = 1500;

/** A phone, or null where a real sender is at work. `compact` draws the message alone. */
export function inbox({ compact = false } = {}) {
  if (!ENABLED) return null;
  const messages = h("div", { class: "messages", "aria-live": "polite" }, h("p", { class: "empty" }, words("inbox-empty")));
  const owner = h("p", { class: "owner" });
  const screen = h("div", { class: "screen" }, h("div", { class: "island", "aria-hidden": "true" }),
    h("div", { class: "sender" }, h("span", { class: "avatar small", "aria-hidden": "true" }, "pa"), h("strong", {}, "phone-auth"), owner), messages);
  const root = h("section", { class: compact ? "phone compact" : "phone", "aria-label": words("inbox") },
    screen, h("p", { class: "caption" }, h("strong", {}, words("simulated")), " ", words("simulated-lead")));
  let watching = 0;
  let newest = null;

  /** Waits for the message to `number` that was asked for at `asked`; `use(code)` enters its code. */
  async function watch(number, use, asked = Date.now()) {
    const turn = (watching += 1);
    fill(owner, said(() => written(number)));
    if (newest === null) fill(messages, h("p", { class: "empty dots", "aria-hidden": "true" }, h("span"), h("span"), h("span")));
    for (let time = 0; time < TIMES; time += 1) {
      await new Promise((done) => setTimeout(done, time ? EVERY : EVERY / 2));
      if (turn !== watching || !root.isConnected) return;
      const message = await latest(number, asked);
      if (turn !== watching) return;
      if (message && message.sent_at !== newest) return show(message, use);
    }
    if (newest === null) fill(messages, h("p", { class: "empty" }, words("inbox-nothing")));
  }

  function show(message, use) {
    newest = message.sent_at;
    // As the service knows the number, however it was typed.
    fill(owner, said(() => written(message.phone)));
    fill(messages,
      h("p", { class: "time" }, said(() => clockTime(message.sent_at))),
      h("p", { class: "bubble", lang: /\p{Script=Cyrillic}/u.test(message.text) ? "ru" : "en" }, message.text),
      button("use-code", () => use(message.code), { className: "use" }));
  }

  return {
    root, watch,
    rest() {
      watching += 1;
      newest = null;
      fill(owner);
      fill(messages, h("p", { class: "empty" }, words("inbox-empty")));
    },
  };
}

/** The newest message, unless it is of an earlier code. The clocks of the two machines may differ. */
async function latest(number, asked) {
  try {
    const { headers, body } = await send("GET", `dev/inbox?phone=${encodeURIComponent(number)}`, { service: true });
    const [message] = body.messages;
    const age = Date.parse(headers.get("Date") ?? "") - Date.parse(message?.sent_at ?? "");
    return age > Date.now() - asked + ROUNDING ? undefined : message;
  } catch {
    return undefined;
  }
}
