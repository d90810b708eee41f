// The account: who one is, and everything that one can do about it.

import { card } from "./surface.js";
import { fill, h, icon } from "./element.js";
import { farewell } from "./farewell.js";
import { activation, invitation, invitedPeople } from "./invite.js";
import { number } from "./number.js";
import { personal, portrait } from "./profile.js";
import { pin } from "./pin.js";
import { sessions } from "./sessions.js";
import { profileOf } from "./profile-state.js";
import { button } from "./form.js";
import { logOut } from "./session.js";
import { date, phone, said, t, words } from "./words.js";

/** `referral` is what came of the invite code of the login, `invite` what the address says; `onInviteDone` forgets that. */
export function account({ user, etag, isNew, referral, invite, onInviteDone }) {
  const profile = profileOf(user, etag);
  const name = said(() => profile.user.full_name ?? t("your-account"));
  const title = h("h1", { tabindex: "-1" });
  const about = h("p", { class: "lead" });
  profile.follow(() => {
    fill(title, name);
    fill(about, said(() => phone(profile.user.phone)), " · ", said(() => t("since", { date: date(profile.user.created_at) })));
  });

  const invited = activation(profile, { invite, referral, onDone: onInviteDone });
  const root = h("div", { class: "account" },
    welcome(isNew, referral, user), invited.notice,
    h("div", { class: "hero" }, portrait(profile), h("div", { class: "who" }, title, about),
      button("log-out", logOut, { className: "plain" })),
    h("div", { class: "columns" },
      h("div", { class: "column" }, personal(profile), card("security", number(profile), pin(profile)), card("sessions", sessions()), invited.root),
      h("div", { class: "column" }, invitation(), invitedPeople())),
    h("div", { class: "column" }, card("your-data", farewell(profile))));
  return { root, focus: title, name: "account" };
}

function welcome(isNew, referral, { activated_invite_code: activated }) {
  const lines = [];
  if (isNew) lines.push(h("strong", {}, words("welcome")), " ", words("welcome-lead"));
  if (referral === "not-a-first-login" && activated) lines.push(words("referral.activated-before", { code: activated }));
  else if (referral) lines.push(" ", words(`referral.${referral}`));
  if (!lines.length) return null;
  return h("p", { class: "notice welcome" }, icon(referral === "activated" ? "gift" : "check"), h("span", {}, lines));
}
