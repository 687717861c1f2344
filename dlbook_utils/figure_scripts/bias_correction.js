// How much of their weight Adam's running means hold after t steps.
// Its twin in Python is dlbook_utils/bias_correction.py.
(state) => {
  const { t, beta1, beta2 } = state;
  const first = (k) => 1 - beta1 ** k;
  const root = (k) => Math.sqrt(1 - beta2 ** k);
  const ratio = (k) => first(k) / root(k);
  const spaced = Array.from({ length: 101 }, (_, i) => Math.round(10 ** (i / 20)));
  const times = [...new Set(spaced)];
  const percent = (share) => `${(100 * share).toFixed(1)}%`;
  return {
    curves: [
      [times, times.map(first)],
      [times, times.map(root)],
      [times, times.map(ratio)],
      [[t, t], [0.005, 200]],
    ],
    sentence:
      `After ${t} step${t > 1 ? "s" : ""} with beta1 = ${beta1} and beta2 = ${beta2} the mean of the gradients ` +
      `holds ${percent(first(t))} of its weight and the root of the mean square ` +
      `${percent(root(t))}: without correction the step is ${ratio(t).toFixed(2)} times as long.`,
  };
}
