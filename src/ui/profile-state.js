// The profile as the service last told it, with its ETag, for all cards that show a part of it.

import { ask } from "./session.js";

/** `follow(show)` calls `show` now and whenever the profile has changed. */
export function profileOf(user, etag) {
  const changes = new EventTarget();
  const state = {
    user, etag,
    follow(show) {
      changes.addEventListener("change", show);
      show();
    },
    /** Takes over what an answer says. */
    take({ body, headers }) {
      if (body) state.user = body;
      state.etag = headers.get("ETag");
      changes.dispatchEvent(new Event("change"));
    },
    async reload() {
      state.take(await ask("GET", "/profile"));
    },
    /** The tag to send along with a change: what was shown is what is changed. */
    async tag() {
      await reading;
      return state.etag;
    },
  };
  // The answer to a login has the profile without its tag.
  const reading = etag === null ? state.reload().catch(() => {}) : null;
  return state;
}
