// A digit drawn in the page and read by a small network.
// Its twin in Python is dlbook_utils/digit_reader.py.
({
  // data: weights (base64 of float32), samples, preparations; input: strokes, pen, preparation
  compute(data, input) {
    const { strokes, pen, preparation } = input;
    const SIZE = 64;
    const weights = (name) => {
      const bytes = Uint8Array.from(atob(data.weights[name]), (c) => c.charCodeAt(0));
      return new Float32Array(bytes.buffer);
    };
    const zeros = (n) => new Array(n).fill(0);

    // the drawing: pixels within half a pen of a stroke
    const bitmap = zeros(SIZE * SIZE);
    const within = (v) => Math.min(1, Math.max(0, v));
    for (const stroke of strokes)
      for (let n = 0; n < Math.max(1, stroke.length - 1); n++) {
        const [x0, y0] = stroke[n];
        const [x1, y1] = stroke[Math.min(n + 1, stroke.length - 1)];
        const [dx, dy] = [x1 - x0, y1 - y0];
        for (let i = 0; i < SIZE; i++)
          for (let j = 0; j < SIZE; j++) {
            const [across, down] = [j + 0.5, i + 0.5];
            const length = Math.max(dx * dx + dy * dy, 1e-9);
            const along = within(((across - x0) * dx + (down - y0) * dy) / length);
            const [offX, offY] = [across - x0 - along * dx, down - y0 - along * dy];
            if (offX * offX + offY * offY <= (pen * pen) / 4) bitmap[i * SIZE + j] = 1;
          }
      }

    // eight by eight numbers
    const pixels = zeros(64);
    const [, whole, inverted] = data.preparations;
    const inked = bitmap.flatMap((on, n) => (on ? [[Math.floor(n / SIZE), n % SIZE]] : []));
    if (preparation === whole) {
      for (const [i, j] of inked) pixels[(i >> 3) * 8 + (j >> 3)] += 1 / 64;
    } else if (inked.length) {
      const least = (axis) => inked.reduce((a, p) => Math.min(a, p[axis]), SIZE);
      const most = (axis) => inked.reduce((a, p) => Math.max(a, p[axis]), 0);
      const [top, side] = [least(0), least(1)];
      const [h, w] = [most(0) - top + 1, most(1) - side + 1];
      const wide = Math.min(22, Math.max(10, Math.floor((32 * w) / h)));
      const left = Math.floor((32 - wide) / 2);
      for (let i = 0; i < 32; i++)
        for (let j = 0; j < wide; j++) {
          const row = top + Math.floor(((2 * i + 1) * h) / 64);
          const column = side + Math.floor(((2 * j + 1) * w) / (2 * wide));
          pixels[(i >> 2) * 8 + ((left + j) >> 2)] += bitmap[row * SIZE + column] / 16;
        }
    }
    if (preparation === inverted) pixels.forEach((p, n) => { pixels[n] = 1 - p; });

    // the network
    function convolved(x, channels, name) {
      const [w, b] = [weights(`${name}.weight`), weights(`${name}.bias`)];
      const out = zeros(b.length * 64);
      for (let k = 0; k < b.length; k++)
        for (let i = 0; i < 8; i++)
          for (let j = 0; j < 8; j++) {
            let sum = b[k];
            for (let c = 0; c < channels; c++)
              for (let u = 0; u < 3; u++)
                for (let v = 0; v < 3; v++) {
                  const [row, column] = [i + u - 1, j + v - 1];
                  if (row < 0 || row > 7 || column < 0 || column > 7) continue;
                  sum += w[((k * channels + c) * 3 + u) * 3 + v] * x[(c * 8 + row) * 8 + column];
                }
            out[(k * 8 + i) * 8 + j] = Math.max(0, sum);
          }
      return out;
    }
    const first = convolved(pixels, 1, "conv1");
    const second = convolved(first, 8, "conv2");
    const pooled = Array.from({ length: 256 }, (_, n) => {
      const [c, i, j] = [n >> 4, (n >> 2) & 3, n & 3];
      const at = (c * 8 + 2 * i) * 8 + 2 * j;
      return Math.max(second[at], second[at + 1], second[at + 8], second[at + 9]);
    });
    const [w, b] = [weights("linear.weight"), weights("linear.bias")];
    const logits = Array.from(b, (bias, k) =>
      pooled.reduce((sum, p, n) => sum + w[k * 256 + n] * p, bias));
    const top = Math.max(...logits);
    const powers = logits.map((z) => Math.exp(z - top));
    const total = powers.reduce((a, p) => a + p, 0);
    const probs = powers.map((p) => p / total);
    const order = [...probs.keys()].sort((a, c) => probs[c] - probs[a]);
    const [best, next] = order;
    const sentence = inked.length
      ? `Read as ${best}, with probability ${probs[best].toFixed(2)}; next comes ${next}, with ` +
        `${probs[next].toFixed(2)}.`
      : "The paper is empty.";
    return { bitmap, pixels, first, second, probs, sentence };
  },

  build(root, { data, say, compute, make, menu, picture }) {
    const press = (text, pressed) => {
      const button = make("button", { type: "button", textContent: text });
      button.addEventListener("click", pressed);
      return button;
    };
    const [sample, sampleLabel] = menu("drawing", [...Object.keys(data.samples), "your own"]);
    const [pen, penLabel] = menu("pen", [3, 5, 7, 9, 11]);
    const [preparation, preparationLabel] = menu("preparation", data.preparations);
    const undo = press("Undo", () => { own(); strokes.pop(); changed(); });
    const clear = press("Clear", () => { own(); strokes = []; changed(); });
    const [paper, paperBox] = picture("draw here", "The paper", 64, 64);
    const [shrunk, shrunkBox] = picture("the network gets", "Its input", 8, 8);
    const [firstMaps, firstBox] = picture("first layer", "Eight feature maps", 40, 20);
    const [secondMaps, secondBox] = picture("second layer", "Sixteen feature maps", 80, 20);
    const bars = make("ol", { className: "dl-probs", start: 0 });
    const rows = Array.from({ length: 10 }, (_, k) => {
      const [meter, number] = [make("meter", { min: 0, max: 1 }), make("output")];
      meter.setAttribute("aria-label", `probability of ${k}`);
      bars.append(make("li", {}, `${k} `, meter, number));
      return [meter, number];
    });
    // drawn on with a pointer, or with arrow keys and the space bar
    const surface = make("div", { className: "dl-paper", tabIndex: 0 }, paperBox);
    surface.setAttribute("role", "group");
    surface.setAttribute("aria-label",
      "Paper. Arrow keys move the pen, space puts it down and lifts it.");
    root.append(
      make("div", { className: "dl-controls" }, sampleLabel, penLabel, preparationLabel, undo, clear),
      make("div", { className: "dl-pictures dl-read" }, surface, shrunkBox, bars),
      make("div", { className: "dl-pictures dl-read" }, firstBox, secondBox));

    let strokes = [];
    let cursor = null; // where the pen of the keyboard is
    let down = false;

    const own = () => {
      strokes = strokes.map((stroke) => [...stroke]);
      sample.value = "your own";
    };
    const point = (event) => {
      const box = paper.getBoundingClientRect();
      const along = (at, start, size) =>
        Math.round(10 * Math.min(64, Math.max(0, (64 * (at - start)) / size))) / 10;
      return [along(event.clientX, box.left, box.width), along(event.clientY, box.top, box.height)];
    };
    const gray = (context, x, y, value) => {
      const level = Math.round(255 * Math.min(1, Math.max(0, value)));
      context.fillStyle = `rgb(${level}, ${level}, ${level})`;
      context.fillRect(x, y, 1, 1);
    };
    function paintMaps(canvas, maps, columns) {
      const context = canvas.getContext("2d");
      const count = maps.length / 64;
      canvas.width = 9 * columns + 1;
      canvas.height = 9 * (count / columns) + 1;
      context.fillStyle = "rgb(102, 102, 102)";
      context.fillRect(0, 0, canvas.width, canvas.height);
      for (let k = 0; k < count; k++) {
        const map = maps.slice(64 * k, 64 * k + 64);
        const top = Math.max(1e-9, ...map);
        const [x, y] = [9 * (k % columns) + 1, 9 * Math.floor(k / columns) + 1];
        map.forEach((v, n) => gray(context, x + (n % 8), y + Math.floor(n / 8), v / top));
      }
    }
    function changed() {
      const found = compute(data,
        { strokes, pen: Number(pen.value), preparation: preparation.value });
      const context = paper.getContext("2d");
      found.bitmap.forEach((on, n) => gray(context, n % 64, Math.floor(n / 64), on));
      if (cursor) {
        context.fillStyle = down ? "rgb(230, 80, 60)" : "rgb(90, 160, 240)";
        context.fillRect(Math.floor(cursor[0]) - 1, Math.floor(cursor[1]) - 1, 3, 3);
      }
      const small = shrunk.getContext("2d");
      found.pixels.forEach((p, n) => gray(small, n % 8, Math.floor(n / 8), p));
      paintMaps(firstMaps, found.first, 4);
      paintMaps(secondMaps, found.second, 8);
      rows.forEach(([meter, number], k) => {
        meter.value = found.probs[k];
        number.textContent = found.probs[k].toFixed(2);
      });
      const words =
        `${sample.value}, pen ${pen.value}, ${preparation.value}. ${found.sentence}`;
      paper.setAttribute("aria-label", `The paper. ${words}`);
      say(words);
    }

    sample.addEventListener("input", () => {
      strokes = data.samples[sample.value] ?? [];
      changed();
    });
    pen.addEventListener("input", changed);
    preparation.addEventListener("input", changed);

    paper.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      surface.focus({ preventScroll: true });
      if (sample.value !== "your own") strokes = []; // a first stroke begins a new drawing
      own();
      cursor = null;
      paper.setPointerCapture(event.pointerId);
      strokes.push([point(event)]);
      changed();
    });
    paper.addEventListener("pointermove", (event) => {
      if (!paper.hasPointerCapture(event.pointerId)) return;
      const [stroke, [x, y]] = [strokes.at(-1), point(event)];
      const [x0, y0] = stroke.at(-1);
      if (Math.hypot(x - x0, y - y0) < 1) return;
      stroke.push([x, y]);
      changed();
    });
    surface.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-2, 0], ArrowRight: [2, 0], ArrowUp: [0, -2], ArrowDown: [0, 2] };
      if (event.key === " ") {
        if (!down && sample.value !== "your own") strokes = [];
        own();
        cursor ??= [32, 32];
        down = !down;
        if (down) strokes.push([[...cursor]]);
      } else if (event.key in step) {
        const moved = (v, n) => Math.min(62, Math.max(2, v + step[event.key][n]));
        cursor = (cursor ?? [32, 32]).map(moved);
        if (down) strokes.at(-1).push([...cursor]);
      } else return;
      event.preventDefault();
      changed();
    });
    surface.addEventListener("blur", () => { cursor = null; down = false; changed(); });

    pen.value = 7;
    sample.value = "3";
    strokes = data.samples["3"];
    changed();
  },
})
