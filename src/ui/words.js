// Which language the page speaks, and how it says numbers, times and phones in it.

import english from "./words.en.js";
import russian from "./words.ru.js";
import { recall, remember } from "./storage.js";

const DICTIONARIES = { en: english, ru: russian };

let language = recall("language");
if (!(language in DICTIONARIES)) language = navigator.language?.toLowerCase().startsWith("ru") ? "ru" : "en";
document.documentElement.lang = language;

export const currentLanguage = () => language;

/** A text that is looked up when it is shown, and again when the language changes. */
export class Words {
  constructor(render) { this.render = render; }
  toString() { return this.render(); }
}

/** The text `key` with `{name}`s replaced. `count` chooses the plural form. */
export function t(key, values = {}) {
  let text = DICTIONARIES[language][key];
  if (text && typeof text === "object") text = text[new Intl.PluralRules(language).select(values.count)] ?? text.other;
  if (text === undefined) return key;
  const whole = text.replace(/\{(\w+)\}/g, (_, name) => {
    const value = name === "origin" ? location.origin : values[name];
    return typeof value === "number" ? new Intl.NumberFormat(language).format(value) : String(value);
  });
  return language === "ru" ? whole.replace(LOOSE, "\u00a0") : whole;
}

/** Spaces at which Russian lines do not break: before a dash, after a single letter, between a number and its unit. */
const LOOSE = / (?=—)|(?<=(?<![\p{L}\d])\p{L}) |(?<=\d) (?=\p{L})/gu;

/** The same, following the language. */
export const words = (key, values) => new Words(() => t(key, values));

/** A text made by `render`, following the language. */
export const said = (render) => new Words(render);

export const knows = (key) => key in english;

const shown = new Map();
let turn = 0;

/** Shows `words` by `apply(node, text)` now and at each change of language, as long as the node lives. */
export function keepInLanguage(node, text, apply, slot = "text") {
  apply(node, text.render());
  turn += 1;
  shown.set(`${slot}${turn}`, { node: new WeakRef(node), text, apply });
  if (turn % 500 === 0) forgetTheGone();
}

function forgetTheGone() {
  for (const [key, { node }] of shown) if (!node.deref()) shown.delete(key);
}

/** Changes the language of the whole page, without building anything anew. */
export function speak(next) {
  language = next;
  remember("language", next);
  document.documentElement.lang = next;
  forgetTheGone();
  for (const { node, text, apply } of shown.values()) {
    const target = node.deref();
    if (target) apply(target, text.render());
  }
  document.dispatchEvent(new Event("language"));
}

export const date = (time) =>
  new Intl.DateTimeFormat(language, { dateStyle: "long" }).format(new Date(time));

export const clockTime = (time) =>
  new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" }).format(new Date(time));

const UNITS = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60]];

/** "two hours ago" */
export function ago(time) {
  const seconds = Math.min(0, Math.round((Date.parse(time) - Date.now()) / 1000));
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  for (const [unit, length] of UNITS) {
    if (-seconds >= length) return format.format(Math.trunc(seconds / length), unit);
  }
  return t("just-now");
}

/** `m:ss`, or `h:mm:ss`. */
export function countdown(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** A number as people of its country write it, as far as this page knows; also a masked one, or one as it was typed. */
export function phone(number) {
  const russian = /^(\+?7|8|(?=9))(\d{3})(\d{3}|\*{3})(\d\d)(\d\d)$/.exec(number.replace(/[\s().-]/g, ""));
  if (!russian) return number;
  const [, country, area, ...rest] = russian;
  return [country, area, rest.join("-")].filter(Boolean).join("\u00a0");
}

/** What a failure is called: a sentence or two for people. `place` chooses a text for one form, where the same code means another thing. */
export function problemText(problem, place) {
  const key = [`problem.${problem.code}.${place}`, `problem.${problem.code}`].find(knows);
  if (key) return words(key, { count: problem.attempts_left ?? 0, ...problem });
  if (!problem.title) return words("problem.unexpected-answer");
  // The service speaks English.
  const text = [problem.title, problem.detail].filter(Boolean).join(". ").replace(/\.\. /g, ". ");
  return Object.assign(document.createElement("span"), { lang: "en", textContent: text });
}
