// A request as a line for a POSIX shell that does the same.

const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * The command, and the words of the dictionary that say what it needs first. `token` is written out if it is given;
 * otherwise the shell has to have it as `ACCESS_TOKEN`.
 */
export function curl({ method, url, headers, body }, token) {
  const needs = [];
  const verb = method === "GET" || (method === "POST" && body) ? "" : `-X ${method} `;
  const parts = [`curl -i ${verb}${quote(url)}`];
  for (const [name, value] of Object.entries(headers)) {
    if (name !== "Authorization") parts.push(`-H ${quote(`${name}: ${value}`)}`);
    else if (token) parts.push(`-H ${quote(`Authorization: Bearer ${token}`)}`);
    else {
      parts.push(`-H "Authorization: Bearer $ACCESS_TOKEN"`);
      needs.push("curl-needs-token");
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
    parts.push(`-d ${quote(JSON.stringify(rest))}`);
    if (mode) needs.push("curl-body-mode");
  }
  return { command: parts.join(" \\\n  "), needs };
}
