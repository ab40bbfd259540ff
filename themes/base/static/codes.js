// Copies and prints the recovery codes of the page. Without it they can be downloaded, marked and printed all the same.
"use strict";

(() => {
  const codes = document.querySelectorAll("#recovery-codes li");
  const copy = document.getElementById("copy-codes");
  const print = document.getElementById("print-codes");
  const said = document.getElementById("codes-copied");

  print.hidden = false;
  print.addEventListener("click", () => window.print());

  // Only a secure context has a clipboard.
  if (navigator.clipboard) {
    copy.hidden = false;
    copy.addEventListener("click", () => {
      const text = Array.from(codes, (code) => code.textContent.trim()).join("\n");
      navigator.clipboard.writeText(text).then(() => {
        said.textContent = copy.dataset.done;
      }, () => {});
    });
  }
})();
