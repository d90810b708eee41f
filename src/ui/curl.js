// What a request is to a developer: an operation of the API, with a sentence and a reference, and a line for a POSIX
// shell that does the same.

import { ROOT } from "./api.js";

/** Method, path, and the tag and name under which the reference has the operation. */
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

const inQuotes = (text) => text.replaceAll("'", `'\\''`);
const quote = (text) => `'${inQuotes(text)}'`;

/** Members of a body that nobody is to read over a shoulder or in a chat: the shell has them as these variables. */
const SECRETS = { pin: "PIN", current_pin: "CURRENT_PIN", device_token: "DEVICE_TOKEN" };

/**
 * The command, the variables that the shell has to have first, and the words of the dictionary that say what else it
 * needs. `token` is written out if it is given, PINs and the device token if they are to be seen `whole`.
 */
export function curl({ method, url, headers, body }, { token, whole = false } = {}) {
  const variables = [];
  const needs = [];
  const verb = method === "GET" || (method === "POST" && body) ? "" : `-X ${method} `;
  const parts = [`curl -i ${verb}${quote(url)}`];
  for (const [name, value] of Object.entries(headers)) {
    if (name !== "Authorization") parts.push(`-H ${quote(`${name}: ${value}`)}`);
    else if (token) parts.push(`-H ${quote(`Authorization: Bearer ${token}`)}`);
    else {
      parts.push(`-H "Authorization: Bearer $ACCESS_TOKEN"`);
      variables.push("ACCESS_TOKEN");
    }
  }
  if (body instanceof Blob) {
    parts.push(`--data-binary @${quote(body.name ?? "picture")}`);
    needs.push("curl-needs-file");
  } else if (body?.refresh_token_in && !body.code) {
    parts.push(`-d "{\\"refresh_token\\": \\"$REFRESH_TOKEN\\"}"`);
    needs.push("curl-needs-refresh-token");
  } else if (body) {
    // A shell keeps no cookie: there the refresh token comes in the body.
    const { refresh_token_in: mode, ...rest } = body;
    const members = Object.entries(rest).map(([name, value]) => {
      const variable = typeof value === "string" && !whole && SECRETS[name];
      if (variable) variables.push(variable);
      return `${JSON.stringify(name)}:${variable ? `"'"$${variable}"'"` : inQuotes(JSON.stringify(value))}`;
    });
    parts.push(`-d '{${members.join(",")}}'`);
    if (mode) needs.push("curl-body-mode");
  }
  return { command: parts.join(" \\\n  "), variables, needs };
}
