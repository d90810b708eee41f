// Every request and answer of this tab, oldest first. Kept in memory and nowhere else.

export const journal = new EventTarget();

let entries = [];
let number = 0;

export const all = () => entries;

/** A request has left. */
export function begin(request) {
  const entry = { number: (number += 1), started: performance.now(), ...request };
  entries = [...entries.slice(-199), entry];
  journal.dispatchEvent(new CustomEvent("begin", { detail: entry }));
  return entry;
}

/** Its answer is there, or it failed without one. */
export function end(entry, answer) {
  Object.assign(entry, answer, { milliseconds: Math.round(performance.now() - entry.started), ended: true });
  journal.dispatchEvent(new CustomEvent("end", { detail: entry }));
}

export function clear() {
  entries = [];
  journal.dispatchEvent(new Event("clear"));
}
