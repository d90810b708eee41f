// Which operation of the API a request is: for the sentence above it and the link to its reference.

import { ROOT } from "./api.js";

const OPERATIONS = [
  ["POST", "auth/phone", "authentication", "request_code"],
  ["POST", "auth/verify", "authentication", "verify_code"],
  ["POST", "auth/refresh", "authentication", "refresh_tokens"],
  ["POST", "auth/logout", "authentication", "log_out"],
  ["GET", "profile", "profile", "get_profile"],
  ["PATCH", "profile", "profile", "change_profile"],
  ["DELETE", "profile", "profile", "delete_profile"],
  ["POST", "profile/phone", "profile", "change_phone"],
  ["POST", "profile/phone/verify", "profile", "verify_phone"],
  ["PUT", "profile/pin", "profile", "set_pin"],
  ["DELETE", "profile/pin", "profile", "remove_pin"],
  ["PUT", "profile/avatar", "profile", "set_avatar"],
  ["DELETE", "profile/avatar", "profile", "remove_avatar"],
  ["GET", "profile/export", "profile", "export_account"],
  ["GET", "sessions", "sessions", "list_sessions"],
  ["DELETE", "sessions/*", "sessions", "end_session"],
  ["GET", "referral", "referral", "get_referral"],
  ["POST", "referral/activate", "referral", "activate_invite"],
  ["GET", "referral/invited", "referral", "list_invited"],
  ["GET", "referral/qr.svg", "referral", "show_qr"],
  ["GET", "/dev/inbox", "development", "read_inbox"],
];

/** `{ id, href }`, or undefined for what is none of them. */
export function operationOf(method, path) {
  const plain = path.replace(/\?.*/, "").replace(/^\/api\/v1\//, "").replace(/^sessions\/.+/, "sessions/*");
  const found = OPERATIONS.find(([verb, where]) => verb === method && where === plain);
  if (!found) return undefined;
  const [, , tag, id] = found;
  return { id, href: new URL(`redoc#tag/${tag}/operation/${id}`, ROOT).href };
}
