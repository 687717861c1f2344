// Paths of optimizers over two-dimensional landscapes, in the page's own double arithmetic.
// Its twin in Python is dlbook_utils/trajectories.py. Only + - * / and square roots are used, which
// IEEE 754 defines to the last bit, in the same order: both compute the same numbers.
(state) => {
  const { landscape, optimizer, lr } = state;
  const momentum = state.momentum ?? 0.9;
  const steps = state.steps ?? 100;
  const beta2 = state.beta2 ?? (optimizer === "RMSProp" ? 0.99 : 0.999);
  const far = 10;
  const eps = 1e-8;
  const diagonal = Math.sqrt(0.5);

  const ravine = (x, y) => 0.5 * (x * x + 25 * y * y);
  const turned = (x, y) => [diagonal * (x + y), diagonal * (y - x)];
  const landscapes = {
    "ravine": [ravine, (x, y) => [x, 25 * y], [-2.5, 1], [0, 0]],
    "turned ravine": [
      (x, y) => ravine(...turned(x, y)),
      (x, y) => {
        const [u, w] = turned(x, y);
        return [diagonal * (u - 25 * w), diagonal * (u + 25 * w)];
      },
      [diagonal * (-2.5 - 1), diagonal * (-2.5 + 1)],
      [0, 0],
    ],
    "Rosenbrock valley": [
      (x, y) => 0.05 * (1 - x) * (1 - x) + 5 * (y - x * x) * (y - x * x),
      (x, y) => [-0.1 * (1 - x) - 20 * x * (y - x * x), 10 * (y - x * x)],
      [-1.2, 1],
      [1, 1],
    ],
    "saddle": [(x, y) => x * x - y * y, (x, y) => [2 * x, -2 * y], [-2.5, 0.01], [0, 0]],
  };
  const [height, slopes, start, flat] = landscapes[landscape];

  const m = [0, 0];
  const v = [0, 0];
  const remember = (i, g) => (m[i] = momentum * m[i] + g);
  const squares = (i, g) => (v[i] = beta2 * v[i] + (1 - beta2) * g * g);
  let share1 = 1; // beta1^t and beta2^t
  let share2 = 1;
  const rules = {
    "gradient descent": (i, g) => g,
    "heavy ball": (i, g) => remember(i, g),
    "Nesterov": (i, g) => g + momentum * remember(i, g),
    "AdaGrad": (i, g) => g / (Math.sqrt((v[i] += g * g)) + eps),
    "RMSProp": (i, g) => g / (Math.sqrt(squares(i, g)) + eps),
    "Adam": (i, g) =>
      remember(i, (1 - momentum) * g) / (1 - share1) /
      (Math.sqrt(squares(i, g) / (1 - share2)) + eps),
  };
  const rule = rules[optimizer];
  const w = [...start];
  const points = [start];
  const isFar = () => Math.max(Math.abs(w[0]), Math.abs(w[1])) > far;
  while (points.length <= steps && !isFar()) {
    const g = slopes(...w);
    share1 *= momentum;
    share2 *= beta2;
    w[0] -= lr * rule(0, g[0]);
    w[1] -= lr * rule(1, g[1]);
    points.push([...w]);
  }

  const [cos, sin] = [[1], [0]]; // the unit circle, in steps of 3 degrees
  const turn = [0.9986295347545738, 0.052335956242943835];
  for (let n = 0; n < 120; n++) {
    cos.push(cos[n] * turn[0] - sin[n] * turn[1]);
    sin.push(cos[n] * turn[1] + sin[n] * turn[0]);
  }
  const ring = ([x, y], r) => [cos.map((c) => x + r * c), sin.map((s) => y + r * s)];
  const levels = {
    "ravine": () => Array.from({ length: 10 }, (_, k) => k + 1)
      .map((a) => [cos.map((c) => a * c), sin.map((s) => a * s / 5)]),
    "turned ravine": () => levels["ravine"]().map(([us, ws]) => [
      us.map((u, i) => diagonal * (u - ws[i])),
      us.map((u, i) => diagonal * (u + ws[i])),
    ]),
    "Rosenbrock valley": () => [0.1, 0.5, 2, 6, 16, 36, 80, 160, 320, 640].map((c) => {
      const [low, high] = [Math.max(-3.5, 1 - Math.sqrt(c)), Math.min(3.5, 1 + Math.sqrt(c))];
      const xs = cos.map((u) => (low + high) / 2 + (high - low) / 2 * u);
      const off = (x) => Math.sqrt(Math.max(0, c - (1 - x) * (1 - x))) / 10;
      return [xs, xs.map((x, i) => x * x + (sin[i] > 0 ? off(x) : -off(x)))];
    }),
    "saddle": () => {
      const grow = [1];
      for (let n = 0; n < 40; n++) grow.push(grow[n] * 1.1);
      const us = [...grow.slice(1).reverse().map((u) => 1 / u), ...grow];
      const hyperbolas = [1, 2].flatMap((root) => {
        const near = us.map((u) => root * (u + 1 / u) / 2);
        const along = us.map((u) => root * (u - 1 / u) / 2);
        const other = near.map((u) => -u);
        return [[near, along], [other, along], [along, near], [along, other]];
      });
      return [...hyperbolas, [[-3.5, 3.5], [-3.5, 3.5]], [[-3.5, 3.5], [3.5, -3.5]]];
    },
  };

  const text = (value) => {
    const size = Math.abs(value);
    return size >= 0.001 && size < 1000 ? value.toFixed(3) : value.toExponential(2);
  };
  const capital = optimizer[0].toUpperCase() + optimizer.slice(1);
  const withMomentum = ["heavy ball", "Nesterov", "Adam"].includes(optimizer);
  const [first, last] = [height(...start), height(...w)];
  const taken = `${points.length - 1} step${points.length > 2 ? "s" : ""}`;
  const end = !isFar() ? `${text(last)} after ${taken}`
    : last < first ? `it escapes downhill, out of the picture after ${taken}`
    : `it has diverged after ${taken}`;
  return {
    curves: [
      ...levels[landscape](),
      [[flat[0] - 0.1, flat[0] + 0.1], [flat[1], flat[1]]],
      [[flat[0], flat[0]], [flat[1] - 0.1, flat[1] + 0.1]],
      [points.map((p) => p[0]), points.map((p) => p[1])],
      ring(start, 0.06),
      ring(w, 0.1),
    ],
    sentence:
      `${capital} on the ${landscape}, lr ${lr}` +
      `${withMomentum ? `, momentum ${momentum}` : ""}: ` +
      `the loss is ${text(first)} at the start, ${end}.`,
  };
}
