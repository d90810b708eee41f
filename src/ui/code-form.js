// The entry of a code: one field that is drawn as boxes, the time that is left, and another code when this one is over.

import { Problem } from "./api.js";
import { fill, freshId, h, set } from "./element.js";
import { button, countDown, message, once } from "./form.js";
import { countdown, problemText, said, t, words } from "./words.js";

/** How long codes are while nobody guesses at them. */
const USUAL_LENGTH = Number.parseInt(document.documentElement.dataset.codeLength, 10) || 4;

/** The digits of a code of `length` in `text`: a whole message, "Код: 1234" or "12 34". */
export function digitsOf(text, length) {
  const plain = text.normalize("NFKC");
  const marked = new RegExp(`#(\\d{${length}})(?!\\d)`).exec(plain) ?? new RegExp(`(?<!\\d)(\\d{${length}})(?!\\d)`).exec(plain);
  return marked ? marked[1] : plain.replace(/\D/g, "").slice(0, length);
}

/**
 * `send()` answers a new challenge, `verify(challenge, code)` does what the code is for. Both may throw a `Problem`;
 * those that mean another step than typing again go to `onProblem(problem, code)`, which answers whether it took them.
 */
export function codeForm({ challenge, send, verify, onProblem = () => false, onCode = () => {}, place }) {
  const id = freshId("code");
  const boxes = h("div", { class: "boxes", "aria-hidden": "true" });
  const input = h("input", {
    id, name: "code", class: "code-input", type: "text", inputmode: "numeric", autocomplete: "one-time-code",
    autocapitalize: "off", spellcheck: "false", required: true, "aria-describedby": `${id}-error ${id}-about`,
  });
  const error = h("p", { class: "error", id: `${id}-error`, "aria-live": "polite" });
  const about = h("p", { class: "hint", id: `${id}-about` });
  const life = h("p", { class: "hint timer" });
  const again = h("p", { class: "hint" });
  const resend = button("send-another", another, { className: "quiet start" });
  const submit = button("continue", null, { type: "submit", className: "primary" });
  const below = message(submit);
  const entry = h("div", { class: "stack" },
    h("div", { class: "field" }, h("label", { for: id }, words("code")), h("div", { class: "code-field" }, boxes, input), about, error),
    life, below.root, submit);
  const over = h("div", { class: "over", "aria-live": "polite" });
  const belowResend = message(resend);
  const root = h("form", { class: "stack", novalidate: true, on: { submit(event) { event.preventDefault(); enter(); } } },
    over, entry, again, h("div", { class: "actions" }, resend), belowResend.root);

  let stops = [];
  let current;
  let listening;
  let typed = "";
  let upgraded = false;

  function begin(next) {
    const length = next.code_length;
    const longer = length > USUAL_LENGTH || (upgraded && length > current.code_length);
    current = next;
    entry.hidden = false;
    fill(over);
    fill(error);
    below.clear();
    empty();
    set(input, "pattern", `[0-9]{${length}}`);
    fill(boxes, Array.from({ length }, () => h("span")));
    boxes.classList.toggle("many", length > 6);
    // The boxes show the usual length; only who does not see them is told.
    about.className = longer ? "hint" : "hint unseen";
    fill(about, longer ? words("longer-code", { count: length }) : words("code-length", { count: length }));
    draw();
    for (const stop of stops) stop();
    stops = [
      countDown(next.expires_in, (left) => {
        fill(life, left ? said(() => t("code-good-for", { time: countdown(left) })) : null);
        if (!left) end(words("code-over"));
      }),
    ];
    waitForAnother(next.resend_in);
    listen();
  }

  function waitForAnother(seconds) {
    resend.hidden = true;
    stops.push(countDown(seconds, (left) => {
      fill(again, left ? said(() => t(entry.hidden ? "new-code-in" : "another-in", { time: countdown(left) })) : null);
      resend.hidden = left > 0;
    }));
  }

  /** The code is of no use any more; `why` says so. `atOnce`: another one need not be waited for. */
  function end(why, atOnce = false) {
    listening?.abort();
    const focused = entry.contains(document.activeElement);
    entry.hidden = true;
    fill(over, h("p", { class: "notice" }, why));
    if (atOnce) {
      for (const stop of stops) stop();
      fill(again);
      resend.hidden = false;
    } else {
      stops[0]();
    }
    if (focused && !resend.hidden) resend.focus();
  }

  function empty() {
    typed = "";
    input.value = "";
  }

  function draw() {
    const position = Math.min(input.selectionStart ?? input.value.length, boxes.children.length - 1);
    [...boxes.children].forEach((box, index) => {
      box.textContent = input.value[index] ?? "";
      box.classList.toggle("here", index === position);
    });
  }

  function take(text) {
    const before = typed;
    typed = digitsOf(text, current.code_length);
    input.value = typed;
    fill(error);
    set(input, "aria-invalid", null);
    draw();
    // Sent by itself once, not again at each key after that.
    if (typed.length === current.code_length && typed !== before) enter();
  }

  input.addEventListener("input", () => take(input.value));
  input.addEventListener("paste", (event) => {
    event.preventDefault();
    take(event.clipboardData.getData("text"));
  });
  for (const event of ["keyup", "click", "focus", "select"]) input.addEventListener(event, draw);

  function enter() {
    once(submit, async () => {
      const code = input.value;
      if (code.length !== current.code_length) return fail(words("code-incomplete", { count: current.code_length }));
      below.clear();
      try {
        await verify(current, code);
        listening?.abort();
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
        if (!onProblem(problem, code, current)) refuse(problem);
      }
    });
  }

  function refuse(problem) {
    if (problem.code === "invalid-code" && problem.attempts_left > 0) {
      empty();
      draw();
      fail(problemText(problem, place));
    } else if (problem.code === "invalid-code") end(words("code-exhausted"));
    else if (problem.code === "invalid-challenge") end(problemText(problem, place));
    else if (problem.code === "code-upgraded") {
      upgraded = true;
      end(problemText(problem, place), true);
    } else below.show(problem, place);
  }

  function fail(text) {
    fill(error, text);
    set(input, "aria-invalid", "true");
    input.focus();
  }

  async function another() {
    belowResend.clear();
    try {
      begin(await send());
      input.focus();
      onCode();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      belowResend.show(problem);
    }
  }

  /** Takes the code out of the message where the browser offers that (WebOTP). */
  function listen() {
    listening?.abort();
    if (!("OTPCredential" in window)) return;
    listening = new AbortController();
    navigator.credentials.get({ otp: { transport: ["sms"] }, signal: listening.signal })
      .then((message) => message && take(message.code))
      .catch(() => {});
  }

  begin(challenge);
  return {
    root, input,
    /** Enters `code`, unless the challenge is over. */
    use: (code) => entry.hidden || take(code),
    refuse,
    isOver: () => entry.hidden,
    leave() {
      listening?.abort();
      for (const stop of stops) stop();
    },
  };
}
