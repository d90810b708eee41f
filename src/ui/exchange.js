// One request with its answer, as the drawer shows it: bodies indented and in colours, long secrets cut short.

import { curl, operationOf } from "./curl.js";
import { fill, h, icon } from "./element.js";
import { button } from "./form.js";
import { accessToken } from "./session.js";
import { tell } from "./surface.js";
import { knows, said, t, words } from "./words.js";

/** Headers of an answer that a client acts on. */
const MATTER = ["Content-Type", "ETag", "Retry-After", "WWW-Authenticate", "Cache-Control"];

/** `{ root, show(whole) }`: `show` draws it anew, once the answer is there or when tokens are to be seen whole. */
export function exchange(entry) {
  const operation = operationOf(entry.method, entry.path);
  const status = h("span", { class: "status" });
  const time = h("span", { class: "duration" });
  const content = h("div", { class: "exchange-content" });
  const [path] = entry.path.split("?");
  const [prefix] = /^(\/api\/v1)?/.exec(path);
  const root = h("li", { class: "exchange" },
    operation ? h("p", { class: "what" }, knows(`does.${operation.id}`) ? words(`does.${operation.id}`) : null, " ",
      h("a", { href: operation.href, target: "_blank", rel: "noopener", "aria-label": referenceOf(operation.id) }, words("document.reference"))) : null,
    h("details", {}, h("summary", {}, h("span", { class: `method ${entry.method.toLowerCase()}` }, entry.method),
      h("span", { class: "path" }, h("i", {}, prefix), path.slice(prefix.length)), status, time), content));

  function show(whole) {
    status.className = `status ${kind(entry)}`;
    fill(status, !entry.ended ? "…" : entry.status ? String(entry.status) : words("no-answer"));
    fill(time, entry.ended ? words("milliseconds", { count: entry.milliseconds }) : null);
    fill(content,
      h("h3", {}, words("request")), h("pre", { tabindex: "0" }, requestHead(entry, whole)), readable(entry.body, whole),
      entry.ended ? [h("h3", {}, words("answer")), entry.status ? h("pre", { tabindex: "0" }, answerHead(entry)) : h("p", {}, words("problem.unreachable")), readable(entry.answer, whole)] : null,
      copying(entry, whole));
  }
  return { root, show };
}

// Texts outlive their nodes for a while (words.js), so none is made where it would hold an entry.
const referenceOf = (id) => said(() => `${t("document.reference")}: ${id}`);

const kind = ({ ended, status }) => (!ended ? "pending" : status >= 200 && status < 400 ? "good" : "bad");

function requestHead({ method, path, headers }, whole) {
  const lines = Object.entries(headers).map(([name, value]) =>
    `${name}: ${name === "Authorization" && !whole ? `Bearer ${cut(value.slice(7))}` : value}`);
  return [`${method} ${path}`, ...lines].join("\n");
}

function answerHead({ status, answerHeaders }) {
  const lines = MATTER.filter((name) => answerHeaders.has(name)).map((name) => `${name}: ${answerHeaders.get(name)}`);
  return [`${status}`, ...lines].join("\n");
}

function readable(body, whole) {
  if (body === undefined || body === null) return null;
  if (body instanceof Blob) return h("p", { class: "hint" }, words("bytes", { type: body.type, count: body.size }));
  return typeof body === "object" ? pretty(body, whole) : h("pre", { tabindex: "0" }, body);
}

/** The line for a shell. With the token in it, it is as good as a login: that is said before it is copied. */
function copying(entry, whole) {
  const plain = curl(entry, { whole });
  const hints = h("div", {}, needed(plain));
  const withToken = entry.headers.Authorization
    ? button("copy-with-token", () => {
      const ready = () => curl(entry, { whole, token: accessToken() ?? entry.headers.Authorization.slice(7) });
      fill(hints, h("p", { class: "notice" }, words("token-warning")), needed(ready()),
        button("copy-anyway", () => copy(ready().command), { className: "plain danger" }));
    }, { className: "quiet" })
    : null;
  return h("div", { class: "copying" }, h("h3", {}, "curl"), h("pre", { tabindex: "0", class: "curl" }, whole ? plain.command : brief(plain.command)), hints,
    h("div", { class: "actions" }, button("copy-curl", () => copy(plain.command), { className: "plain", icon: icon("copy") }), withToken));
}

/** What the shell has to have first. */
const needed = ({ variables, needs }) => [
  variables.length ? words("curl-needs-variables", { names: variables.join(", ") }) : null,
  ...needs.map((key) => words(key)),
].map((text) => text && h("p", { class: "hint" }, text));

/** Long tokens are copied whole, but not shown. */
const brief = (command) => command.replace(/eyJ[\w.-]{40,}/g, (token) => cut(token));

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    tell("curl-copied");
  } catch {
    tell("copy-failed");
  }
}

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
