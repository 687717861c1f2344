// A schedule and the mean loss of a noisy quadratic under it.
// Its twin in Python is dlbook_utils/schedule_designer.py.
(state) => {
  const STEPS = 200;
  const LEAST = 1e-4;
  const { schedule, warmup, peak, final } = state;
  const warm = Math.floor((warmup * STEPS) / 100);
  const factor = (t) => {
    if (t < warm) return (t + 1) / warm;
    const share = (t - warm) / (STEPS - warm);
    if (schedule === "inverse square root") {
      const start = Math.max(warm, 10);
      return Math.sqrt(start / (start + t - warm));
    }
    if (schedule === "constant") return 1;
    if (schedule === "step") return 0.1 ** Math.floor(3 * share);
    let shape;
    if (schedule === "linear") shape = 1 - share;
    else if (schedule === "warm-up-stable-decay") shape = Math.min(1, (1 - share) / 0.2);
    else if (schedule === "warm restarts")
      shape = (1 + Math.cos(Math.PI * (4 * share - Math.floor(4 * share)))) / 2;
    else {
      const turns = schedule === "cosine past its end" ? 2 : 1;
      shape = (1 + Math.cos(Math.PI * turns * share)) / 2;
    }
    return final + (1 - final) * shape;
  };
  const steps = Array.from({ length: STEPS }, (_, t) => t);
  const rates = steps.map((t) => peak * factor(t));
  const curvatures = [1, 0.02];
  let squares = curvatures.map(() => 9);
  const losses = rates.map((lr) => {
    const loss = squares.reduce((sum, m, i) => sum + curvatures[i] * m, 0) / 2;
    squares = squares.map((m, i) => (1 - lr * curvatures[i]) ** 2 * m + lr ** 2);
    return loss;
  });
  return {
    curves: [
      [steps, rates.map((lr) => Math.max(lr, LEAST))],
      [steps, losses],
    ],
    sentence:
      `${schedule}, warm-up ${warmup}%, peak rate ${peak}: the loss falls from ` +
      `${losses[0].toFixed(3)} to ${losses[STEPS - 1].toFixed(3)}; ` +
      `its least value on the way is ${Math.min(...losses).toFixed(3)}.`,
  };
}
