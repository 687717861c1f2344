// Interactive figures without a kernel: every state was drawn when the chapter ran, and native
// controls choose among them. A frame is a list of numbers of lines that all frames share.

function enliven(figure) {
  const data = JSON.parse(figure.querySelector("script").textContent);
  const controls = figure.querySelector(".dl-controls");
  const inputs = data.parameters.map((p) => control(p, () => draw()));
  let drawn = 0; // the page comes with the first frame

  function draw() {
    const state = inputs.map((input) => Number(input.value));
    // frames lie in the order of nested loops, the last parameter fastest
    const frame = state.reduce((n, v, i) => n * data.parameters[i].values.length + v, 0);
    inputs.forEach((input, i) => say(input, data.parameters[i].values[state[i]]));
    if (frame === drawn) return;
    drawn = frame;
    const source = data.frames[frame].map((n) => data.lines[n]).join("\n");
    figure.querySelector(".dl-figure").innerHTML = source;
    figure.querySelector(".dl-says").textContent = data.sentences[frame];
  }

  inputs.forEach((input) => controls.append(input.closest("label")));
  const time = data.parameters.findIndex((p) => p.name === data.play);
  if (time >= 0) controls.append(...player(inputs[time], data.parameters[time], draw));
  draw();
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

function player(input, parameter, draw) {
  const last = parameter.values.length - 1;
  let timer = null;
  const to = (n) => { input.value = Math.min(last, Math.max(0, n)); draw(); };
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

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".dl-explore").forEach(enliven);
});
