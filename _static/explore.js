// Interactive figures without a kernel: every state was drawn when the chapter ran, and native
// controls choose among them. A frame is a list of numbers of lines that all frames share.
// A figure's data is loaded when the figure comes near the window. Its state stands in the page's
// address, behind the figure's id: #figure-1a2b3c4d:step=3&mode=reverse
// A workbench has no states: its own script makes its controls and its pictures.

document.addEventListener("DOMContentLoaded", () => {
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((e) => e.isIntersecting)) {
      near.unobserve(entry.target);
      load(entry.target);
    }
  }, { rootMargin: "600px" });
  document.querySelectorAll(".dl-explore, .dl-workbench").forEach((figure) => near.observe(figure));
  goToLinked();
  window.addEventListener("hashchange", goToLinked);
});

function load(figure) {
  const script = document.createElement("script");
  script.src = figure.dataset.frames;
  const name = script.src.match(/(\w+)\.js$/)[1];
  const begin = figure.matches(".dl-workbench") ? assemble : enliven;
  script.addEventListener("load", () => begin(figure, window.dlFigures[name]));
  document.head.append(script);
}

// Put a workbench where the drawing stood that is for readers without scripts.
function assemble(figure, { data, code }) {
  const root = document.createElement("div");
  root.className = "dl-bench";
  figure.querySelector(".dl-figure").replaceWith(root);
  const says = figure.querySelector(".dl-says");
  const say = (sentence) => { says.textContent = sentence; };
  code.build(root, { data, say, compute: code.compute, make, menu, picture });
}

// What workbenches are made of: an element, a menu with its label, a canvas with its title.
function make(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function menu(text, options) {
  const select = make("select", {}, ...options.map((option) => new Option(option, option)));
  return [select, make("label", {}, text + " ", select)];
}

function picture(title, words, width, height) {
  const canvas = make("canvas", { width, height });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", words);
  return [canvas, make("div", {}, make("div", {}, title), canvas)];
}

function enliven(figure, data) {
  const controls = figure.querySelector(".dl-controls");
  const inputs = data.parameters.map((parameter) => control(parameter, changed));
  let drawn = 0; // the page comes with the first frame

  function draw() {
    const state = inputs.map((input) => Number(input.value));
    // frames lie in the order of nested loops, the last parameter fastest
    const frame = state.reduce((n, v, i) => n * data.parameters[i].values.length + v, 0);
    inputs.forEach((input, i) => say(input, data.parameters[i].values[state[i]]));
    if (frame === drawn) return;
    drawn = frame;
    const sentence = data.code ? move(figure, data, state) : show(figure, data, frame);
    figure.querySelector(".dl-says").textContent = sentence;
    figure.querySelector("svg").setAttribute("aria-label", sentence);
  }

  function changed() {
    draw();
    const state = data.parameters.map((p, i) => [p.name, p.values[inputs[i].value]]);
    history.replaceState(null, "", `#${figure.id}:${new URLSearchParams(state)}`);
  }

  function takeLinkedState() {
    for (const [name, value] of linkedState(figure)) {
      const i = data.parameters.findIndex((p) => p.name === name);
      const n = i < 0 ? -1 : data.parameters[i].values.map(String).indexOf(value);
      if (n >= 0) inputs[i].value = n;
    }
    draw();
  }

  inputs.forEach((input) => controls.append(input.closest("label")));
  const time = data.parameters.findIndex((p) => p.name === data.play);
  if (time >= 0) controls.append(...player(inputs[time], data.parameters[time], changed));
  takeLinkedState();
  window.addEventListener("hashchange", takeLinkedState);
}

// Put a stored frame in place.
function show(figure, data, frame) {
  const source = data.frames[frame].map((n) => data.lines[n]).join("\n");
  figure.querySelector(".dl-figure").innerHTML = source;
  return data.sentences[frame];
}

// Compute a state, and move the curves of the first drawing to where it says.
function move(figure, data, state) {
  const named = data.parameters.map((p, i) => [p.name, p.values[state[i]]]);
  const { curves, sentence } = data.code(Object.fromEntries(named));
  const at = (value, { log, start, slope }) =>
    (start + slope * (log ? Math.log10(value) : value)).toFixed(2);
  curves.forEach(([xs, ys], n) => {
    const points = xs.map((x, i) => `${at(x, data.x)} ${at(ys[i], data.y)}`);
    figure.querySelector(`[id$="-curve-${n}"] path`).setAttribute("d", `M ${points.join(" L ")}`);
  });
  return sentence;
}

// A range for numbers, a menu for words; the value is the position in the list of values.
function control(parameter, changed) {
  const label = document.createElement("label");
  const words = typeof parameter.values[0] === "string";
  const input = document.createElement(words ? "select" : "input");
  if (words) {
    input.append(...parameter.values.map((text, i) => new Option(text, i)));
  } else {
    Object.assign(input, { type: "range", min: 0, max: parameter.values.length - 1, value: 0 });
  }
  label.append(parameter.name.replaceAll("_", " ") + " ", input);
  if (!words) label.append(document.createElement("output"));
  input.addEventListener("input", changed);
  return input;
}

// A range shows the value, not the position, to the eye and to a screen reader.
function say(input, value) {
  if (input.type !== "range") return;
  input.setAttribute("aria-valuetext", value);
  input.nextElementSibling.textContent = value;
}

function player(input, parameter, changed) {
  const last = parameter.values.length - 1;
  let timer = null;
  const to = (n) => { input.value = Math.min(last, Math.max(0, n)); changed(); };
  const stop = () => { clearInterval(timer); timer = null; play.textContent = "Play"; };
  const back = button("Back", () => { stop(); to(Number(input.value) - 1); });
  const next = button("Next", () => { stop(); to(Number(input.value) + 1); });
  const play = button("Play", () => {
    if (timer) return stop();
    if (Number(input.value) === last) to(0);
    play.textContent = "Pause";
    timer = setInterval(() => {
      to(Number(input.value) + 1);
      if (Number(input.value) === last) stop();
    }, 900);
  });
  return [back, next, play];
}

function button(text, pressed) {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", textContent: text });
  made.addEventListener("click", pressed);
  return made;
}

// The figure and the state that the page's address names.
function linkedState(figure) {
  const [id, state] = decodeURI(location.hash).slice(1).split(":");
  return id === figure.id ? new URLSearchParams(state) : [];
}

function goToLinked() {
  const id = location.hash.slice(1).split(":")[0];
  if (id.startsWith("figure-")) document.getElementById(id)?.scrollIntoView();
}
