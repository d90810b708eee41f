// Sends requests, writes them into the journal, and turns failures into problems.

import * as journal from "./journal.js";

/** Where the service is: the page may live at `/`, at `/i/CODE`, or behind a prefix. */
export const ROOT = new URL("../", import.meta.url);

const API = "api/v1";

/** A failure in the words of RFC 9457. Without an answer its code is `unreachable`. */
export class Problem extends Error {
  constructor(document) {
    super(document.title ?? document.code);
    Object.assign(this, document);
    this.code = document.code ?? "unexpected-answer";
  }
}

/**
 * Sends one request and answers `{ status, headers, body }`.
 *
 * `body` is an object (sent as JSON), a Blob (sent as it is), or absent. `token`
 * is an access token. Throws a `Problem` for everything but success.
 */
export async function send(method, path, { body, token, etag, keepalive = false, service = false } = {}) {
  const full = service ? path : `${API}${path}`;
  const url = new URL(full, ROOT);
  const headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (etag) headers["If-Match"] = etag;
  const picture = body instanceof Blob;
  if (body) headers["Content-Type"] = picture ? body.type : "application/json";

  const entry = journal.begin({ method, path: `/${full}`, url: url.href, headers, body });
  let response;
  try {
    response = await fetch(url, { method, headers, cache: "no-store", keepalive, body: picture || !body ? body : JSON.stringify(body) });
  } catch {
    journal.end(entry, { status: 0 });
    throw new Problem({ code: navigator.onLine ? "unreachable" : "offline", status: 0 });
  }
  let content;
  try {
    content = await read(response);
  } catch {
    journal.end(entry, { status: 0 });
    throw new Problem({ code: "unreachable", status: 0 });
  }
  journal.end(entry, { status: response.status, answerHeaders: response.headers, answer: content });
  if (response.ok) return { status: response.status, headers: response.headers, body: content };
  throw problemOf(response, content);
}

async function read(response) {
  const type = response.headers.get("Content-Type") ?? "";
  if (/[/+]json\b/.test(type)) return JSON.parse(await response.text());
  if (type.startsWith("image/")) return response.blob();
  return (await response.text()) || null;
}

function problemOf(response, content) {
  const document = content && typeof content === "object" && !(content instanceof Blob) ? content : {};
  const wait = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  const known = document.code ?? (response.status >= 502 ? "service-unavailable" : undefined);
  return new Problem({ status: response.status, retry_after: Number.isNaN(wait) ? undefined : wait, ...document, code: known });
}
