// Builds the DOM. Texts may be `Words`: they follow the language while they stand in the page.

import { Words, keepInLanguage } from "./words.js";

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "open"]);

/** An element: `h("p", { class: "hint" }, "text", other)`. `on` holds listeners; null children are left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else {
      set(element, name, value);
    }
  }
  element.append(...nodes(children));
  return element;
}

/** Sets one attribute; null and false take it away. */
export function set(element, name, value) {
  if (value instanceof Words) keepInLanguage(element, value, (target, text) => target.setAttribute(name, text), name);
  else if (PROPERTIES.has(name)) element[name] = value;
  else if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? "" : value);
}

/** Replaces what is in `element`. */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
}

function nodes(children) {
  return children.flat().filter((child) => child !== null && child !== undefined && child !== false).map(node);
}

function node(child) {
  if (!(child instanceof Words)) return child;
  const text = document.createTextNode("");
  keepInLanguage(text, child, (target, value) => { target.data = value; });
  return text;
}

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6L6 18",
  copy: "M9 9h10v11H9zM5 15V4h10",
  download: "M12 4v11m-5-4 5 5 5-5M5 20h14",
  share: "M12 15V4m-4 4 4-4 4 4M6 12v8h12v-8",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2m0 16v2M2 12h2m16 0h2M5 5l1.4 1.4m11.2 11.2L19 19M5 19l1.4-1.4M17.6 6.4 19 5",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  requests: "M4 7h12m-4-4 4 4-4 4M20 17H8m4-4-4 4 4 4",
  camera: "M4 8h4l1.5-3h5L16 8h4v11H4zM12 10.5a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  gift: "M4 10h16v4H4zM6 14v6h12v-6M12 10v10M12 10S10.5 4.5 8 5.5 9 10 12 10zm0 0s1.5-5.5 4-4.5S15 10 12 10z",
  device: "M8 3h8v18H8zM11 18h2",
  screen: "M3 5h18v11H3zM9 20h6",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5a7.5 7.5 0 0 1 15 0",
  check: "M5 12.5l4.5 4.5L19 7.5",
};

/** A picture beside a text that says the same. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

let last = 0;
/** A new `id`, for labels and descriptions. */
export const freshId = (name) => `${name}-${(last += 1)}`;
