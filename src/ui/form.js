// Fields, buttons and forms that behave: errors beside what they speak of, one submit at a time, waits counted down.

import { Problem } from "./api.js";
import { fill, freshId, h, set } from "./element.js";
import { countdown, problemText, said, t, words } from "./words.js";

/** A labelled field. `fail(text)` shows an error beside it, `fail(null)` takes it away. */
export function field({ label, hint, className = "", ...attributes }) {
  const id = freshId(attributes.name);
  const [hintId, errorId] = [`${id}-hint`, `${id}-error`];
  const input = h("input", { id, type: "text", ...attributes, "aria-describedby": hint ? `${hintId} ${errorId}` : errorId });
  const error = h("p", { class: "error", id: errorId, "aria-live": "polite" });
  const root = h("div", { class: `field ${className}` },
    h("label", { for: id }, words(label)), input,
    hint ? h("p", { class: "hint", id: hintId }, words(hint)) : null, error);
  const fail = (text) => {
    fill(error, text);
    set(input, "aria-invalid", text ? "true" : null);
  };
  input.addEventListener("input", () => fail(null));
  return { root, input, fail, name: attributes.name };
}

/** Tells password managers whose PIN it is. */
export const owner = (phone) => h("input", { type: "text", name: "username", autocomplete: "username", value: phone, hidden: true });

/** A button that does one thing at a time: while it works it is busy and does not work again. */
export function button(label, work, { className = "", icon = null, type = "button", ...attributes } = {}) {
  const element = h("button", { type, class: className, ...attributes }, icon, h("span", {}, typeof label === "string" ? words(label) : label));
  if (type === "button") element.addEventListener("click", () => once(element, work));
  return element;
}

/** Runs `work` unless `element` is busy or waits; what it throws and is no `Problem` is a defect and stays visible. */
export async function once(element, work) {
  if (element.getAttribute("aria-disabled") === "true") return;
  element.classList.add("busy");
  element.setAttribute("aria-disabled", "true");
  try {
    await work();
  } finally {
    element.classList.remove("busy");
    if (!element.classList.contains("waiting")) element.removeAttribute("aria-disabled");
  }
}

/** Calls `tick(secondsLeft)` each second until it is zero, or until the answered function is called; shown or not. */
export function countDown(seconds, tick) {
  const until = Date.now() + seconds * 1000;
  const step = () => {
    const left = Math.max(0, Math.ceil((until - Date.now()) / 1000));
    if (left === 0) stop();
    tick(left);
  };
  const timer = setInterval(step, 1000);
  const stop = () => clearInterval(timer);
  step();
  return stop;
}

/** Where a form says what went wrong as a whole; a 429 or 503 also counts down and holds `element` back. */
export function message(element) {
  const text = h("p", { class: "error", "aria-live": "polite" });
  const wait = h("p", { class: "wait" });
  let stop = () => {};
  const release = () => {
    stop();
    fill(wait);
    element?.classList.remove("waiting");
    if (!element?.classList.contains("busy")) element?.removeAttribute("aria-disabled");
  };
  return {
    root: h("div", { class: "message" }, text, wait),
    show(problem, place) {
      release();
      fill(text, problem instanceof Problem ? problemText(problem, place) : problem);
      if (!element || !problem?.retry_after) return;
      element.classList.add("waiting");
      element.setAttribute("aria-disabled", "true");
      stop = countDown(problem.retry_after, (left) => {
        if (left) return fill(wait, said(() => t("try-again-in", { time: countdown(left) })));
        release();
        fill(text, words("try-again-now"));
      });
    },
    clear() {
      if (!element?.classList.contains("waiting")) fill(text);
    },
  };
}

const FIELD_OF_CODE = {
  "invalid-phone": "phone",
  "phone-not-supported": "phone",
  "phone-taken": "phone",
  "own-phone": "phone",
  "unknown-invite-code": "invite_code",
  "own-invite-code": "invite_code",
  "invite-cycle": "invite_code",
};

/** The field that a problem speaks of: `detail` of an invalid request begins with the member's name. */
function fieldOf(problem, fields) {
  const name = FIELD_OF_CODE[problem.code]
    ?? (problem.code === "invalid-request" ? /^(\w+):/.exec(problem.detail ?? "")?.[1] : undefined);
  return fields.find((one) => one.name === name);
}

/**
 * A form of `fields`. `onSubmit(values)` may throw a `Problem`, which is shown beside the field it speaks of, or below.
 * `place` chooses texts of this form for problems that have several.
 */
export function form({ fields = [], before = [], after = [], label, onSubmit, place, className = "", buttonClass = "primary" }) {
  const submit = button(label, null, { type: "submit", className: buttonClass });
  const below = message(submit);
  const values = () => Object.fromEntries(fields.map((one) => [one.name, one.input.value]));
  const root = h("form", { class: className, novalidate: true, on: {
    submit(event) {
      event.preventDefault();
      once(submit, async () => {
        for (const one of fields) one.fail(null);
        below.clear();
        try {
          await onSubmit(values());
        } catch (problem) {
          if (!(problem instanceof Problem)) throw problem;
          show(problem);
        }
      });
    },
  } }, ...before, ...fields.map((one) => one.root), below.root, h("div", { class: "actions" }, submit, ...after));

  function show(problem) {
    const concerned = fieldOf(problem, fields);
    if (!concerned) return below.show(problem, place);
    concerned.fail(problemText(problem, problem.code === "invalid-request" ? concerned.name : place));
    concerned.input.focus();
  }
  return { root, submit, show, below };
}
