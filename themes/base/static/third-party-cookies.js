// Whether a frame of this server inside of another site sees cookies. What is told is no secret, and told to anybody.
"use strict";

const attributes = location.protocol === "https:" ? "; Path=/; SameSite=None; Secure" : "; Path=/; SameSite=Lax";
document.cookie = `idp-third-party=1${attributes}`;
const isSeen = document.cookie.split("; ").includes("idp-third-party=1");
document.cookie = `idp-third-party=; Max-Age=0${attributes}`;
parent.postMessage(isSeen ? "supported" : "unsupported", "*");
