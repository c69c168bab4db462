// SPDX-License-Identifier: MIT
// What a page looks like in a frame, as numbers and as complaints: test_browser.py reads them.
"use strict";
const SMALLEST = 11.95, CONTRAST = 4.5;

function channels(text) {
  const found = text.match(/[\d.]+/g);
  return found ? found.map(Number) : [0, 0, 0, 0];
}

function over(top, below) {
  const a = top.length > 3 ? top[3] : 1;
  return [0, 1, 2].map((i) => top[i] * a + below[i] * (1 - a));
}

function luminance(rgb) {
  const [r, g, b] = rgb.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

// WCAG 2.2, "contrast ratio".
function contrast(a, b) {
  const [hi, lo] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (hi + 0.05) / (lo + 0.05);
}

function paper(node, view) {
  const layers = [];
  for (let at = node; at; at = at.parentElement) {
    const colour = channels(view.getComputedStyle(at).backgroundColor);
    if (colour.length < 4 || colour[3] > 0) layers.push(colour);
    if (colour.length < 4) break;
  }
  const base = view.matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0] : [255, 255, 255];
  return layers.reverse().reduce((below, top) => over(top, below), base);
}

function scrolls(node, view) {
  for (let at = node; at; at = at.parentElement) {
    if (["auto", "scroll"].includes(view.getComputedStyle(at).overflowX)) return true;
  }
  return false;
}

function words(node) {
  return node.textContent.trim().slice(0, 60);
}

function lettering(doc, view, bad) {
  const walker = doc.createTreeWalker(doc.body, 4);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !node.getClientRects().length || node.closest("title, script, style")) continue;
    const style = view.getComputedStyle(node), svg = node.closest("svg");
    const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
    const size = parseFloat(style.fontSize) * scale;
    if (size < SMALLEST) bad.push(`small, ${size.toFixed(1)} px: ${words(node)}`);
    const below = paper(svg ? svg.parentElement : node, view);
    let ink = channels(svg ? style.fill : style.color);
    if (svg) ink = [...ink.slice(0, 3), (ink.length > 3 ? ink[3] : 1) * Number(style.fillOpacity)];
    const seen = contrast(over(ink, below), below);
    if (seen < CONTRAST) bad.push(`contrast ${seen.toFixed(2)}: ${words(node)}`);
    const box = node.getBoundingClientRect();
    if (svg) {
      const frame = svg.getBoundingClientRect();
      if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1) bad.push(`cut in a chart: ${words(node)}`);
    }
    if ((box.right > view.innerWidth + 1 || box.left < -1) && !scrolls(node, view)) bad.push(`cut by the page: ${words(node)}`);
  }
}

function lettered(doc, view) {
  const bad = [];
  lettering(doc, view, bad);
  return bad;
}

// Each thing that can be pressed can be reached and has a name.
function reach(doc, bad) {
  const all = [...doc.querySelectorAll("a[href], button, input, select, summary")]
    .filter((n) => n.getClientRects().length && !n.closest("[role=img]"));  // such as the fields of a map, which sliders reach
  for (const node of all) {
    if (node.tabIndex < 0) bad.push(`out of reach: ${words(node)}`);
    const name = node.getAttribute("aria-label") || node.textContent.trim() || (node.labels && node.labels.length);
    if (!name) bad.push(`without a name: ${node.outerHTML.slice(0, 80)}`);
  }
  for (const svg of doc.querySelectorAll("svg")) if (!svg.getAttribute("aria-label")) bad.push("a chart without a name");
  return all.length;
}

function audit(frame) {
  const doc = frame.contentDocument, view = frame.contentWindow, bad = [];
  for (const closed of doc.querySelectorAll("details")) closed.open = true;
  lettering(doc, view, bad);
  const reached = reach(doc, bad);
  return { wide: doc.documentElement.scrollWidth, inner: view.innerWidth, bad, reached,
    scripted: Boolean(doc.querySelector("main[data-ready]")),
    dark: view.matchMedia("(prefers-color-scheme: dark)").matches };
}

// What a reader does where scripts run.
async function used(frame) {
  const doc = frame.contentDocument, seen = {};
  const button = doc.querySelector("button[data-alone]");
  button.click();
  seen.faded = doc.body.classList.contains("faded");
  const others = [...doc.querySelectorAll("svg [data-model]")].filter((n) => n.dataset.model !== button.dataset.alone);
  seen.pale = others.length > 0 && others.every((n) => Number(frame.contentWindow.getComputedStyle(n).opacity) < 0.5);
  button.click();
  seen.back = !doc.body.classList.contains("faded");
  seen.tips = [...doc.querySelectorAll("svg use[data-model] title")].map((n) => n.textContent);
  const figure = doc.querySelector("figure[id^=chart-latency]");
  const formed = () => [...figure.querySelectorAll(".chart")].filter((n) => n.getClientRects().length).map((n) => n.dataset.form);
  const press = (node) => {  // as a keyboard does: the button gets the focus, and Enter is a click
    node.focus();
    if (doc.activeElement === node) node.click();
  };
  seen.forms = [formed()];
  for (const way of [...figure.querySelectorAll(".forms button"), figure.querySelector(".forms button")]) {
    press(way);
    seen.forms.push([...formed(), ...[...figure.querySelectorAll("[aria-pressed=true]")].map((n) => n.textContent)]);
    seen.formed = (seen.formed || []).concat(lettered(doc, frame.contentWindow));
  }
  const points = doc.querySelector(".tools select");
  points.value = points.options[1].value;
  points.onchange();
  seen.shown = [...doc.querySelectorAll("[data-point]")].filter((n) => !n.hidden).length;
  points.value = "";
  points.onchange();
  const table = doc.querySelector("[data-point] table"), first = () => table.tBodies[0].rows[0].cells[0].textContent;
  const head = table.tHead.rows[0].cells[2].querySelector("button");
  head.click();
  seen.lowest = first();
  head.click();
  seen.highest = first();
  const fields = [...doc.querySelectorAll("table.fit")[0].previousElementSibling.querySelectorAll("input")];
  const fates = () => Object.fromEntries([...doc.querySelectorAll("table.fit tbody tr")].map((r) => [r.dataset.model, r.querySelector(".fate b").textContent]));
  seen.stored = fates();
  fields[0].value = "1";
  fields[0].oninput();
  seen.strict = fates();
  fields[0].value = "1e9";
  fields[0].oninput();
  seen.loose = fates();
  doc.querySelectorAll("table.fit")[0].previousElementSibling.querySelector("button").click();
  seen.restored = fates();
  const copies = doc.querySelector("[data-point] .copies button");
  let text = null;
  doc.execCommand = () => { text = doc.activeElement.value; return true; };
  Object.defineProperty(frame.contentWindow.navigator, "clipboard", { value: { writeText: async (t) => { text = t; } } });
  await copies.onclick();
  seen.copied = text;
  return seen;
}
