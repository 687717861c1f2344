// The errors of two difference quotients over their step, in the page's own double arithmetic.
// Its twin in Python is dlbook_utils/difference_errors.py. Steps are powers of two and functions
// use only + - * /, which IEEE 754 defines to the last bit: both compute the same numbers.
(state) => {
  const functions = {
    "x³": [(x) => x * x * x, (x) => 3 * x * x],
    "1/x": [(x) => 1 / x, (x) => -1 / (x * x)],
    "x⁵ − x": [(x) => x * x * x * x * x - x, (x) => 5 * x * x * x * x - 1],
  };
  const [f, slope] = functions[state.function];
  const x = state.x;
  // an error of exactly zero has no place on a logarithmic axis
  const relative = (quotient) => Math.max(Math.abs(quotient / slope(x) - 1), 1e-17);
  const forward = (h) => relative((f(x + h) - f(x)) / h);
  const central = (h) => relative((f(x + h) - f(x - h)) / (2 * h));
  const steps = Array.from({ length: 51 }, (_, k) => 2 ** -(k + 2));
  const h = 2 ** -state.halvings;
  const short = (value) => value.toExponential(2);
  return {
    curves: [
      [steps, steps.map(forward)],
      [steps, steps.map(central)],
      [[h, h], [1e-17, 10]],
    ],
    sentence:
      `With the step ${short(h)} the slope of ${state.function} at ${x} is off by the share ` +
      `${short(forward(h))} with the forward difference, ${short(central(h))} with the central one.`,
  };
}
