// One refresh at a time, over all tabs of this browser: a refresh token is good for one use, and shown again it is
// forgiven three times a day only.

import { forget, recall, remember } from "./storage.js";

/** Milliseconds for which the refresh of a page that was left in the middle may still bring its cookie. */
const LEFT = 1500;

/** Milliseconds after which whoever is refreshing is taken to be gone. */
const GONE = 8000;

const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

/** Does `work` when no other tab does any. */
export const alone = (work) =>
  (navigator.locks ? navigator.locks.request("phone-auth.refresh", () => marked(work, LEFT)) : marked(work, GONE));

/**
 * A mark stays behind when a page is left in the middle of its refresh, by a reload or a crash. Whoever finds one waits
 * for the cookie that may be on its way: so somebody who reloads ten times in a row shows no token twice. Where there
 * are no locks, as over plain http, the mark stands in for one.
 */
async function marked(work, patience) {
  const own = `${Math.random()}`;
  for (;;) {
    await untilFree(patience);
    remember("refreshing", `${own} ${Date.now()}`);
    if (navigator.locks) break;
    // Of two tabs that saw the place free at once, the one that wrote last has it.
    await pause(30 + Math.random() * 30);
    if ((recall("refreshing") ?? own).startsWith(own)) break;
  }
  try {
    return await work();
  } finally {
    if (recall("refreshing")?.startsWith(own)) forget("refreshing");
  }
}

async function untilFree(patience) {
  for (;;) {
    const since = Number(recall("refreshing")?.split(" ")[1] ?? Number.NaN);
    // A clock that was turned back makes nobody wait.
    if (!(Math.abs(Date.now() - since) < patience)) return;
    await pause(50);
  }
}
