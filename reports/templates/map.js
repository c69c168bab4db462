// SPDX-License-Identifier: MIT
// Looks up cells of the stored grid; nothing is computed but places.
"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const map = read("stored"), colours = read("colours"), NEAR = 0.05;
  const NONE = { memory: "#9a9a9a", limit: "#bdbdbd", overload: "#dddddd", "not known": "#f3f3f3" };
  const NONE_WORDS = {
    memory: "Memory is too small for all that keep the limit.",
    limit: "No model keeps the limit.",
    overload: "No model carries the load.",
    "not known": "Nothing could be forecast.",
  };
  const sliders = ["wait", "cpu", "load", "cores"].map((id) => document.getElementById(id));
  const at = (list, value) => list.reduce((best, v, i) =>
    Math.abs(Math.log(v / value)) < Math.abs(Math.log(list[best] / value)) ? i : best, 0);
  const digits = (v) => v === null ? "–" : v === 0 ? "0" : v >= 1000 ? Math.round(v).toLocaleString("en") : v.toPrecision(3);
  const unit = (v, steps) => {
    if (v === null) return "–";
    const [factor, name] = steps.find(([f]) => v >= f) || steps[steps.length - 1];
    return digits(v / factor) + " " + name;
  };
  const percent = (v) => (v >= 0.1 ? Math.round(100 * v).toLocaleString("en") : (100 * v).toFixed(1)) + " %";
  const time = (v) => unit(v, [[1e9, "s"], [1e6, "ms"], [1e3, "us"], [1, "ns"]]);
  const size = (v) => unit(v, [[2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"], [1, "B"]]);
  const load = (v) => map.service.load_is === "rate_per_s" ? digits(v) + "/s" : digits(v) + (v === 1 ? " connection" : " connections");
  const cell = (wait, cpu) => {
    const [, , l, c] = sliders.map((s) => Number(s.value));
    return map.cells[((c * map.loads.length + l) * map.wait_ns.length + wait) * map.cpu_ns.length + cpu];
  };
  const grid = document.getElementById("grid"), buttons = [];
  grid.style.gridTemplateColumns = `repeat(${map.cpu_ns.length}, 1fr)`;
  for (let wait = map.wait_ns.length - 1; wait >= 0; wait--)
    for (let cpu = 0; cpu < map.cpu_ns.length; cpu++) {
      const button = document.createElement("button");
      button.type = "button";
      button.tabIndex = -1;
      button.addEventListener("click", () => { sliders[0].value = wait; sliders[1].value = cpu; show(); });
      buttons.push([button, wait, cpu]);
      grid.append(button);
    }
  const verdict = (found) => {
    if (found.best === null) return NONE_WORDS[found.none];
    const near = map.models.filter((m, i) => m !== found.best && found.options[i].regret !== null && found.options[i].regret <= NEAR);
    if (near.length) return `${found.best}, and within 5 %: ${near.join(", ")}. It does not matter much.`;
    return found.lead === null ? `${found.best}: no other keeps what is asked.` : `${found.best}, by ${percent(found.lead)}.`;
  };
  const row = (model, option) => {
    const line = document.createElement("tr");
    const texts = [model, option.regret === null ? (option.overload ? "overload" : "does not keep") : percent(option.regret),
      option.workers || "–", option.overload ? "–" : time(option.latency_ns),
      option.throughput_per_s === null ? "–" : digits(option.throughput_per_s) + "/s", digits(option.busy_cores), size(option.memory_bytes)];
    texts.forEach((text, i) => {
      const field = document.createElement(i ? "td" : "th");
      if (!i) field.scope = "row";
      field.textContent = text;
      line.append(field);
    });
    return line;
  };
  function show() {
    const [wait, cpu, l, c] = sliders.map((s) => Number(s.value));
    const texts = [time(map.wait_ns[wait]), time(map.cpu_ns[cpu]), load(map.loads[l]), String(map.cores[c])];
    sliders.forEach((s, i) => {
      document.getElementById(s.id + "-is").textContent = texts[i];
      s.setAttribute("aria-valuetext", texts[i]);
    });
    for (const [button, w, p] of buttons) {
      const found = cell(w, p);
      button.style.backgroundColor = found.best === null ? NONE[found.none] : colours[found.best];
      button.className = found.best !== null && found.lead !== null && found.lead <= NEAR ? "near" : "";
      button.title = `${time(map.wait_ns[w])}, ${time(map.cpu_ns[p])}: ${found.best || found.none}`;
      button.toggleAttribute("aria-current", w === wait && p === cpu);
    }
    const found = cell(wait, cpu);
    document.getElementById("verdict").textContent = verdict(found);
    const order = map.models.map((_, i) => i).sort((a, b) =>
      (found.options[a].regret ?? Infinity) - (found.options[b].regret ?? Infinity) || a - b);
    document.getElementById("rows").replaceChildren(...order.map((i) => row(map.models[i], found.options[i])));
  }
  const own = map.service;
  const starts = [own.wait_ns > 0 ? at(map.wait_ns, own.wait_ns) : 0, own.cpu_ns > 0 ? at(map.cpu_ns, own.cpu_ns) : 0,
    at(map.loads, own.load), Math.max(0, map.cores.indexOf(own.cores))];
  sliders.forEach((s, i) => { s.value = starts[i]; s.addEventListener("input", show); });
  document.getElementById("look-up").hidden = false;
  show();
})();
