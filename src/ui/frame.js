// What stands around every view: the name, the switches, the state of the line, the documents.

import { ROOT } from "./api.js";
import { fill, h, icon, set } from "./element.js";
import { recall, remember } from "./storage.js";
import { currentLanguage, speak, words } from "./words.js";

const DOCUMENTS = { reference: "redoc", "try-out": "swagger/", openapi: "openapi.json", problems: "problems" };

/** The banner. `panel` is the drawer that its last button opens. */
export function header(panel) {
  return h("header", { class: "top" },
    h("a", { class: "brand", href: ROOT.href }, h("img", { src: new URL("ui/icon.svg", ROOT).href, alt: "", width: 28, height: 28 }), h("span", {}, "phone-auth")),
    h("div", { class: "switches" }, languageSwitch(), themeSwitch(), panel.toggle),
    line());
}

function languageSwitch() {
  const element = h("button", { type: "button", class: "switch", on: { click() {
    speak(currentLanguage() === "en" ? "ru" : "en");
    show();
  } } });
  const show = () => {
    const other = currentLanguage() === "en" ? "ru" : "en";
    set(element, "lang", other);
    fill(element, other === "ru" ? "Русский" : "English");
  };
  show();
  return element;
}

function themeSwitch() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  const element = h("button", { type: "button", class: "switch round", on: { click() {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    remember("theme", theme);
    show();
  } } });
  const show = () => {
    set(element, "aria-label", words(isDark() ? "to-light" : "to-dark"));
    fill(element, icon(isDark() ? "sun" : "moon"));
  };
  dark.addEventListener("change", () => recall("theme") ?? show());
  show();
  return element;
}

/** Says when the browser has no network. */
function line() {
  const element = h("p", { class: "offline", role: "status" });
  const show = () => fill(element, navigator.onLine ? null : words("offline"));
  addEventListener("online", show);
  addEventListener("offline", show);
  show();
  return element;
}

export const footer = () =>
  h("footer", { class: "bottom" }, h("nav", { "aria-label": words("documents") },
    Object.entries(DOCUMENTS).map(([key, path]) => h("a", { href: new URL(path, ROOT).href }, words(`document.${key}`)))));
