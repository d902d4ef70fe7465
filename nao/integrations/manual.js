"use strict";
for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { method, path } = form.dataset;
    const body = form.querySelector("textarea")?.value;
    const shown = form.querySelector("pre");
    shown.hidden = false;
    shown.textContent = "...";
    try {
      const headers = { "content-type": "application/json" };
      const answer = await fetch(path, { method, headers, body });
      const text = await answer.text();
      shown.textContent = `${answer.status}\n`;
      try {
        shown.textContent += JSON.stringify(JSON.parse(text), null, 1);
      } catch {
        shown.textContent += text;
      }
    } catch (error) {
      shown.textContent = String(error);
    }
  });
}
