// What outlives the tab: theme, language, whether somebody is logged in, the device token. No other token.

const name = (key) => `phone-auth.${key}`;

export function recall(key) {
  try {
    return localStorage.getItem(name(key));
  } catch {
    return null;
  }
}

export function remember(key, value) {
  try {
    localStorage.setItem(name(key), value);
  } catch {
    // Without storage the page forgets at a reload; that is all.
  }
}

export function forget(key) {
  try {
    localStorage.removeItem(name(key));
  } catch {
    // Nothing was kept.
  }
}

/** Calls `listener(value)` when another tab changes `key`. */
export function onOtherTab(key, listener) {
  addEventListener("storage", (event) => {
    if (event.key === name(key)) listener(event.newValue);
  });
}
