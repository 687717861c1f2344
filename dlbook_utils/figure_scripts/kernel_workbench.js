// A kernel of nine numbers over a photograph, edited in the page.
// Its twin in Python is dlbook_utils/kernel_workbench.py.
({
  // data: rows, columns, pixels (base64 of bytes); input: kernel (9), spread, flipped
  compute(data, input) {
    const { rows, columns } = data;
    const { kernel, spread, flipped } = input;
    const bytes = atob(data.pixels);
    const within = (n, size) => Math.min(size - 1, Math.max(0, n));
    const used = flipped ? [...kernel].reverse() : kernel;
    const response = new Array(rows * columns).fill(0);
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++)
        for (let n = 0; n < 9; n++) {
          const row = within(i + spread * (Math.floor(n / 3) - 1), rows);
          const column = within(j + spread * ((n % 3) - 1), columns);
          response[i * columns + j] += (used[n] * bytes.charCodeAt(row * columns + column)) / 255;
        }
    const sum = kernel.reduce((a, w) => a + w, 0);
    const alternating = kernel.reduce((a, w, n) => a + (n % 2 ? -w : w), 0);
    const [low, high] = response.reduce(
      ([a, b], r) => [Math.min(a, r), Math.max(b, r)], [Infinity, -Infinity]);
    const say = (x) => x.toFixed(2).replace(/^-0\.00$/, "0.00");
    const level = Math.abs(sum) < 1e-9
      ? "level areas vanish" : "a level area is multiplied by that";
    const sentence =
      `The nine weights sum to ${say(sum)}: ${level}. A checkerboard of single pixels would be ` +
      `multiplied by ${say(alternating)}. Responses lie between ${say(low)} and ${say(high)}.`;
    return { response, sum, alternating, sentence };
  },

  build(root, { data, say, compute, make, menu, picture }) {
    const [named, namedLabel] = menu("kernel", [...Object.keys(data.kernels), "your own"]);
    const [spread, spreadLabel] = menu("spread in pixels", ["1", "2", "4", "8"]);
    const [operation, operationLabel] = menu("operation", ["correlation", "convolution"]);
    for (const select of [named, spread, operation]) {
      select.addEventListener("input", () => changed(select));
    }
    const cells = Array.from({ length: 9 }, (_, n) => {
      const name = `weight in row ${Math.floor(n / 3) + 1}, column ${(n % 3) + 1}`;
      const cell = make("input", { type: "number", step: "any", required: true });
      cell.setAttribute("aria-label", name);
      cell.addEventListener("input", () => changed(cell));
      return cell;
    });
    const grid = make("div", { className: "dl-kernel" }, ...cells);
    grid.setAttribute("role", "group");
    grid.setAttribute("aria-label", "the nine weights");
    const controls = make("div", { className: "dl-controls" },
      namedLabel, spreadLabel, operationLabel);

    const size = [data.columns, data.rows];
    const [before, beforeBox] =
      picture("photograph", "The photograph: a temple in China, in gray", ...size);
    const [after, afterBox] = picture("response", "The response to the kernel", ...size);
    root.append(controls, grid, make("div", { className: "dl-pictures" }, beforeBox, afterBox));

    const paint = (canvas, grayOf) => {
      const context = canvas.getContext("2d");
      const image = context.createImageData(data.columns, data.rows);
      for (let n = 0; n < data.rows * data.columns; n++) {
        image.data.fill(grayOf(n), 4 * n, 4 * n + 3);
        image.data[4 * n + 3] = 255;
      }
      context.putImageData(image, 0, 0);
    };

    function fill(kernel) {
      cells.forEach((cell, n) => { cell.value = kernel[n]; });
    }

    function changed(control) {
      if (control === named && named.value in data.kernels) fill(data.kernels[named.value]);
      if (cells.includes(control)) named.value = "your own";
      const kernel = cells.map((cell) => Number(cell.value) || 0);
      const flipped = operation.value === "convolution";
      const found = compute(data, { kernel, spread: Number(spread.value), flipped });
      // zero is medium gray where the weights sum to about 0, else black
      const top = Math.max(1e-9, ...found.response.map(Math.abs));
      const shown = Math.abs(found.sum) < 0.5 ? (r) => 0.5 + (0.5 * r) / top : (r) => r;
      paint(after, (n) => Math.round(255 * Math.min(1, Math.max(0, shown(found.response[n])))));
      const words =
        `${named.value}, ${operation.value}, spread ${spread.value}. ${found.sentence}`;
      after.setAttribute("aria-label", words);
      say(words);
    }

    const bytes = atob(data.pixels);
    paint(before, (n) => bytes.charCodeAt(n));
    changed(named);
  },
})
