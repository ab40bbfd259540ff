// OpenID Connect Session Management 1.0 section 3.2: "client_id session_state" in, "unchanged", "changed" or "error" out.
"use strict";

const cookieName = document.currentScript.dataset.cookie;

function browserState() {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${cookieName}=`));
  return found ? found.slice(cookieName.length + 1) : "";
}

async function hash(...parts) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(parts.join(" ")));
  return btoa(String.fromCharCode(...new Uint8Array(digest))).replaceAll("+", "-").replaceAll("/", "_").replace("=", "");
}

async function isUnchanged(clientId, told, origin) {
  const state = browserState();
  const [expected, salt] = told.split(".");
  if (salt !== undefined) {
    return state !== "" && expected === (await hash(clientId, origin, state, salt));
  }
  // Keycloak's adapter sends the sid, or nothing when nobody is signed in.
  const [stateSalt, ofSession] = state.split(".");
  return told === "" ? state === "" : ofSession === (await hash(stateSalt, told));
}

async function status(message, origin) {
  const parts = message.split(" ");
  if (parts.length !== 2 || parts[0] === "") {
    return "error";
  }
  return (await isUnchanged(...parts, origin)) ? "unchanged" : "changed";
}

addEventListener("message", async (event) => {
  if (typeof event.data === "string" && event.source && event.source !== window && event.origin !== "null") {
    event.source.postMessage(await status(event.data, event.origin), event.origin);
  }
});
