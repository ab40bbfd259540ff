// Back to the portal when every frame has been opened, or has had its time.
"use strict";

const patience = 2000;
const frames = [...document.querySelectorAll("iframe")];
const opened = frames.map((frame) => new Promise((resolve) => frame.addEventListener("load", resolve)));
const enough = new Promise((resolve) => setTimeout(resolve, patience));

Promise.race([Promise.all(opened), enough]).then(() => location.replace(document.getElementById("go-on").href));
