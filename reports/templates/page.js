// SPDX-License-Identifier: MIT
// What a page adds where scripts may run: nothing that is said only here. It looks up
// stored figures and computes none.
"use strict";
(() => {
  const all = (what, inside = document) => [...inside.querySelectorAll(what)];
  const made = (name, more = {}, ...inside) => {
    const node = Object.assign(document.createElement(name), more);
    node.append(...inside);
    return node;
  };
  const main = document.querySelector("main"), nav = document.querySelector("nav.page");

  // A model alone: its buttons, its marks and lines, its rows.
  const models = [...new Set(all("[data-model]").map((node) => node.dataset.model))];
  let alone = null;
  const single = (model) => {
    alone = alone === model ? null : model;
    document.body.classList.toggle("faded", alone !== null);
    for (const node of all("[data-model]")) node.classList.toggle("on", node.dataset.model === alone);
    for (const button of all("button[data-alone]")) button.setAttribute("aria-pressed", button.dataset.alone === alone);
  };
  const tools = made("div", { className: "tools" });
  if (models.length > 1) {
    tools.append("Show one model: ");
    for (const model of models) {
      const button = made("button", { type: "button", textContent: model, onclick: () => single(model) });
      button.dataset.alone = model;
      button.setAttribute("aria-pressed", "false");
      tools.append(button);
    }
  }
  document.addEventListener("click", (event) => {
    const mark = event.target.closest("svg [data-model]");
    if (mark) single(mark.dataset.model);
  });

  // One load point alone.
  const points = all("[data-point]");
  if (points.length > 1) {
    const choice = made("select", {}, made("option", { value: "", textContent: "all load points" }),
      ...points.map((p) => made("option", { value: p.id, textContent: p.dataset.point })));
    choice.onchange = () => {
      for (const p of points) p.hidden = Boolean(choice.value) && p.id !== choice.value;
    };
    tools.append(made("label", {}, "Load points: ", choice));
  }
  if (nav && tools.childNodes.length) nav.after(tools);

  // The figure of a mark, beside the pointer.
  const tip = made("div", { id: "tip", hidden: true });
  document.body.append(tip);
  document.addEventListener("pointermove", (event) => {
    const mark = event.target.closest && event.target.closest("svg use[data-model]");
    const words = mark && mark.querySelector("title");
    tip.hidden = !words;
    if (!words) return;
    tip.textContent = words.textContent;
    tip.style.left = `${Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8)}px`;
    tip.style.top = `${Math.max(event.clientY - 34, 4)}px`;
  });

  // One form of a figure at a time: its axis logarithmic, linear, or its tail.
  for (const figure of all("figure")) {
    const forms = all(".chart[data-form]", figure);
    if (forms.length < 2) continue;
    const buttons = forms.map((form) => made("button", { type: "button", textContent: form.dataset.form, onclick: () => show(form) }));
    const show = (shown) => forms.forEach((form, i) => {
      form.hidden = form !== shown;
      buttons[i].setAttribute("aria-pressed", form === shown);
    });
    for (const words of all("p.form", figure)) words.remove();
    for (const form of forms) form.classList.remove("form");
    figure.prepend(...forms);
    const choice = made("div", { className: "tools forms" }, ...buttons);
    choice.setAttribute("role", "group");
    choice.setAttribute("aria-label", "axis of this figure");
    forms[forms.length - 1].after(choice);
    show(forms[0]);
  }

  // Another limit: who still keeps it, by the ends that the decision stored.
  const fateOf = (cell, limit) => {
    const end = (name) => cell.dataset[name] === "" ? null : cell.dataset[name] === "inf" ? Infinity : Number(cell.dataset[name]);
    const least = end("least"), most = end("most");
    if (most !== null && most <= limit) return "fits";
    if (least !== null && least > limit) return "fails";
    return least === null && most === null ? "not known" : "at risk";
  };
  const WORST = ["fails", "not known", "at risk", "fits"];
  for (const table of all("table.fit")) {
    const heads = all("th[data-limit]", table), rows = all("tbody tr", table);
    const stored = rows.map((row) => row.querySelector(".fate").innerHTML);
    const said = made("p", { className: "note" });
    said.setAttribute("aria-live", "polite");
    const fields = heads.map((head) => made("input", {
      type: "number", min: "0", step: "any", value: String(Number((head.dataset.limit / head.dataset.factor).toPrecision(6))),
    }));
    const judge = () => {
      const limits = fields.map((f, i) => f.value === "" ? NaN : f.value * heads[i].dataset.factor);
      const changed = limits.some((l, i) => Math.abs(l - heads[i].dataset.limit) > 1e-6 * heads[i].dataset.limit);
      const fits = [], bad = limits.some((l) => !(l >= 0));
      rows.forEach((row, r) => {
        const fates = all("td[data-least]", row).map((cell, i) => fateOf(cell, limits[i]));
        const fate = WORST.find((w) => fates.includes(w));
        row.querySelector(".fate").innerHTML = changed && !bad ? `<b>${fate}</b> the changed limits` : stored[r];
        row.classList.toggle("no", changed && !bad && fate === "fails");
        if (fate === "fits") fits.push(row.dataset.model);
      });
      said.textContent = bad ? "A limit is a number." : !changed ? ""
        : `${fits.length ? fits.join(", ") : "None"} surely ${fits.length === 1 ? "keeps" : "keep"} these limits. The recommendation was made for the stored ones.`;
    };
    fields.forEach((field) => { field.oninput = judge; });
    const back = made("button", { type: "button", textContent: "stored limits", onclick: () => {
      fields.forEach((f, i) => { f.value = String(Number((heads[i].dataset.limit / heads[i].dataset.factor).toPrecision(6))); });
      judge();
    } });
    table.before(made("div", { className: "tools" }, "Change a limit: ",
      ...fields.map((f, i) => made("label", {}, `${heads[i].dataset.name} `, f, ` ${heads[i].dataset.unit}`)), back));
    table.after(said);
  }

  // Tables: sorted by a column, copied as text.
  const number = (text) => {
    const found = text.replace(/,(?=\d{3})/g, "").match(/[-−+]?\d+(\.\d+)?/);
    return found ? Number(found[0].replace("−", "-")) : NaN;
  };
  const texts = (row) => [...row.cells].map((cell) => cell.textContent.trim().replace(/\s+/g, " "));
  const sorted = (table, column, head) => {
    const up = head.getAttribute("aria-sort") !== "ascending", body = table.tBodies[0], rows = [...body.rows];
    const keys = new Map(rows.map((row) => [row, row.cells[column] ? row.cells[column].textContent.trim() : ""]));
    const counts = rows.every((row) => !/\d/.test(keys.get(row)) || /^[≥≤~−+]?\s*[\d.]/.test(keys.get(row)));
    rows.sort((a, b) => {
      const x = keys.get(a), y = keys.get(b);
      const order = counts ? (number(x) || 0) - (number(y) || 0) : x.localeCompare(y, "en", { numeric: true });
      const empty = counts ? Number(isNaN(number(x))) - Number(isNaN(number(y))) : 0;
      return empty || (up ? order : -order);
    });
    for (const other of all("th", table.tHead)) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    body.append(...rows);
  };
  const copied = async (text, button) => {
    const words = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const field = made("textarea", { value: text });
      document.body.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    button.textContent = "copied";
    setTimeout(() => { button.textContent = words; }, 1200);
  };
  const markdown = (lines) => lines.map((line, i) => {
    const row = `| ${line.map((t) => t.replace(/\|/g, "\\|")).join(" | ")} |`;
    return i ? row : `${row}\n|${" --- |".repeat(line.length)}`;
  }).join("\n");
  const csv = (lines) => lines.map((line) => line.map((t) => /[",\n]/.test(t) ? `"${t.replace(/"/g, '""')}"` : t).join(",")).join("\n");
  for (const table of all("main table")) {
    if (!table.tHead || !table.tBodies.length || table.tBodies[0].rows.length < 2) continue;
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const words = head.textContent;
      head.replaceChildren(made("button", { type: "button", textContent: words, title: "sort by this column", onclick: () => sorted(table, column, head) }));
    });
    const lines = () => [texts(table.tHead.rows[0]), ...[...table.tBodies[0].rows].map(texts)];
    const copies = made("div", { className: "copies" });
    for (const [words, form] of [["copy as Markdown", markdown], ["copy as CSV", csv]]) {
      const button = made("button", { type: "button", textContent: words });
      button.onclick = () => copied(form(lines()) + "\n", button);
      copies.append(button);
    }
    (table.closest(".wide") || table).after(copies);
  }
  if (main) main.dataset.ready = "true";
})();
