// A text of the reader's own before a small GPT.
// Its twin in Python is dlbook_utils/next_token.py.
(() => {
  // white space as Python's regular expressions know it
  const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
  const PIECES = new RegExp(
    ` ?[A-Za-z]+| ?[0-9]+| ?[^${SPACE}A-Za-z0-9]+|[${SPACE}]+(?![^${SPACE}])|[${SPACE}]+`, "gu");
  const range = (from, to) => Array.from({ length: to - from }, (_, n) => from + n);
  const PRINTABLE = [...range(33, 127), ...range(161, 173), ...range(174, 256)];
  const BYTES = [...PRINTABLE, ...range(0, 256).filter((b) => !PRINTABLE.includes(b))];

  // the tokenizer: the bytes of each token, and text to ids
  function tokenizer(merges) {
    const rank = new Map(merges.map(([a, b], n) => [a * 65536 + b, 256 + n]));
    const bytes = BYTES.map((b) => [b]);
    for (const [a, b] of merges) bytes.push([...bytes[a], ...bytes[b]]);
    const end = bytes.length;
    bytes.push([]);
    function encodePiece(piece) {
      let ids = Array.from(new TextEncoder().encode(piece), (b) => BYTES.indexOf(b));
      for (;;) {
        let best = Infinity;
        for (let i = 0; i + 1 < ids.length; i++)
          best = Math.min(best, rank.get(ids[i] * 65536 + ids[i + 1]) ?? Infinity);
        if (best === Infinity) return ids;
        const [a, b] = merges[best - 256];
        const merged = [];
        for (let i = 0; i < ids.length; i++) {
          const hit = ids[i] === a && ids[i + 1] === b;
          merged.push(hit ? best : ids[i]);
          if (hit) i++;
        }
        ids = merged;
      }
    }
    const encode = (text) => (text.match(PIECES) ?? []).flatMap(encodePiece);
    const decode = (ids) => text(ids.flatMap((id) => bytes[id]));
    return { bytes, end, encode, decode, labels: bytes.map(label) };
  }

  function text(bytes) {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes));
  }

  // a token for the eye
  function label(bytes) {
    if (!bytes.length) return "‹end›";
    const shown = text(bytes).replaceAll("\n", "↵").replaceAll("\t", "⇥").replaceAll(" ", "␣");
    if (!/[\ufffd\x00-\x1f\x7f-\x9f]/.test(shown)) return shown;
    return bytes.map((b) => "\\x" + b.toString(16).padStart(2, "0")).join("");
  }

  // half precision: a sign, five bits of exponent, ten bits of fraction
  function half(bits) {
    const [exponent, fraction] = [(bits >> 10) & 31, (bits & 1023) / 1024];
    const size = exponent ? (1 + fraction) * 2 ** (exponent - 15) : fraction * 2 ** -14;
    return bits >> 15 ? -size : size;
  }

  // what the data hold, unpacked once
  const unpacked = new WeakMap();
  function model(data) {
    if (!unpacked.has(data)) {
      const bytes = Uint8Array.from(atob(data.weights), (c) => c.charCodeAt(0));
      const all = Float64Array.from({ length: bytes.length / 2 },
        (_, n) => half(bytes[2 * n] + 256 * bytes[2 * n + 1]));
      const weights = {};
      let start = 0;
      for (const [name, shape] of Object.entries(data.shapes)) {
        const size = shape.reduce((a, b) => a * b, 1);
        weights[name] = all.subarray(start, start + size);
        start += size;
      }
      unpacked.set(data, { weights, tokens: tokenizer(data.merges), read: null });
    }
    return unpacked.get(data);
  }

  // (T, inputs) times a weight (outputs, inputs), plus a bias
  function linear(x, T, weight, bias = null) {
    const inputs = x.length / T;
    const outputs = weight.length / inputs;
    const out = new Float64Array(T * outputs);
    for (let t = 0; t < T; t++)
      for (let o = 0; o < outputs; o++) {
        let sum = bias ? bias[o] : 0;
        for (let c = 0; c < inputs; c++) sum += x[t * inputs + c] * weight[o * inputs + c];
        out[t * outputs + o] = sum;
      }
    return out;
  }

  function layerNorm(x, T, weight, bias) {
    const C = x.length / T;
    const out = new Float64Array(x.length);
    for (let t = 0; t < T; t++) {
      const row = x.subarray(t * C, t * C + C);
      const mean = row.reduce((a, v) => a + v, 0) / C;
      const variance = row.reduce((a, v) => a + (v - mean) ** 2, 0) / C;
      const scale = 1 / Math.sqrt(variance + 1e-5);
      row.forEach((v, c) => { out[t * C + c] = (v - mean) * scale * weight[c] + bias[c]; });
    }
    return out;
  }

  const gelu = (v) => 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)));

  function softmax(values) {
    const top = values.reduce((a, v) => Math.max(a, v), -Infinity);
    const powers = values.map((v) => Math.exp(v - top));
    const total = powers.reduce((a, v) => a + v, 0);
    return powers.map((v) => v / total);
  }

  // causal attention: the heads' outputs (T, C) and each head's weights (T, T)
  function attention(qkv, T, C, heads) {
    const D = C / heads;
    const out = new Float64Array(T * C);
    const maps = range(0, heads).map((h) => {
      const map = new Float64Array(T * T);
      const at = (t, which) => t * 3 * C + which * C + h * D;
      for (let t = 0; t < T; t++) {
        const scores = new Float64Array(t + 1);
        for (let s = 0; s <= t; s++) {
          for (let d = 0; d < D; d++) scores[s] += qkv[at(t, 0) + d] * qkv[at(s, 1) + d];
          scores[s] /= Math.sqrt(D);
        }
        softmax(scores).forEach((w, s) => {
          map[t * T + s] = w;
          for (let d = 0; d < D; d++) out[t * C + h * D + d] += w * qkv[at(s, 2) + d];
        });
      }
      return map;
    });
    return [out, maps];
  }

  // ids to logits (T, vocabulary) and maps[layer][head]
  function forward(weights, { channels: C, heads, layers }, ids) {
    const T = ids.length;
    let x = Float64Array.from({ length: T * C }, (_, n) =>
      weights["tokens.weight"][ids[Math.floor(n / C)] * C + (n % C)] + weights["places.weight"][n]);
    const add = (change) => { x = x.map((v, n) => v + change[n]); };
    const maps = range(0, layers).map((layer) => {
      const w = (name) => weights[`blocks.${layer}.${name}`];
      const apply = (f, name, v) => f(v, T, w(`${name}.weight`), w(`${name}.bias`));
      const qkv = apply(linear, "attention.qkv", apply(layerNorm, "norm1", x));
      const [mixed, map] = attention(qkv, T, C, heads);
      add(apply(linear, "attention.out", mixed));
      const hidden = apply(linear, "up", apply(layerNorm, "norm2", x)).map(gelu);
      add(apply(linear, "down", hidden));
      return map;
    });
    const normed = layerNorm(x, T, weights["norm.weight"], weights["norm.bias"]);
    return { logits: linear(normed, T, weights["tokens.weight"]), maps };
  }

  // temperature, then the k likeliest, then the fewest of them that hold the share p
  function cut(logits, temperature, k, p) {
    const before = softmax(logits.map((z) => z / temperature));
    const order = [...before.keys()].sort((a, b) => before[b] - before[a]);
    const sum = (ids) => ids.reduce((a, id) => a + before[id], 0);
    const likeliest = order.slice(0, k);
    const total = sum(likeliest);
    let held = 0;
    const kept = likeliest.filter((id) => {
      const keep = p === 1 || held < p;
      held += before[id] / total;
      return keep;
    });
    const left = sum(kept);
    const after = new Float64Array(before.length);
    for (const id of kept) after[id] = before[id] / left;
    return { before, after, order, kept: kept.length, left };
  }

  // the n-th number in [0, 1) of the generator mulberry32, started at zero
  function uniform(n) {
    const a = Math.imul(n + 1, 0x6d2b79f5);
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  // data: sizes, weights, merges; input: text, added (ids), layer, head, place, temperature,
  // k, p, n. A text that was read already is not read again.
  function compute(data, input) {
    const { layer, head, temperature, k, p } = input;
    const loaded = model(data);
    const { tokens, weights } = loaded;
    const { bytes, end, labels } = tokens;
    const given = [...tokens.encode(input.text), ...(input.added ?? [])];
    const ids = [end, ...given].slice(-data.context);
    const T = ids.length;
    if (loaded.read?.key !== ids.join()) {
      loaded.read = { key: ids.join(), ...forward(weights, data, ids) };
    }
    const { logits, maps } = loaded.read;
    const V = bytes.length;
    const row = (t) => logits.subarray(t * V, t * V + V);
    const { before, after, order, kept, left } = cut(row(T - 1), temperature, k, p);

    const u = uniform(input.n ?? 0);
    let held = 0;
    const drawn = order.find((id) => (held += after[id]) > u) ?? order[kept - 1];

    const place = Math.min(input.place ?? T - 1, T - 1);
    const map = maps[layer - 1][head - 1];
    const looks = map.subarray(place * T, place * T + T);
    const most = looks.indexOf(Math.max(...looks));
    const bytesSeen = ids.slice(1).reduce((a, id) => a + bytes[id].length, 0);
    const nats = range(1, T).reduce((a, t) => {
      const top = Math.max(...row(t - 1));
      const total = row(t - 1).reduce((sum, z) => sum + Math.exp(z - top), 0);
      return a + top + Math.log(total) - logits[(t - 1) * V + ids[t]];
    }, 0);
    const loss = nats / Math.max(bytesSeen, 1);

    const says = [`${given.length} token${given.length === 1 ? "" : "s"}`];
    if (given.length >= T) says[0] += `, of which the model sees the last ${T}`;
    if (!given.length) says[0] = "No text: the model sees only the mark ‹end› between documents";
    says.push(`Likeliest next at temperature ${temperature.toFixed(2)}: “${labels[order[0]]}” ` +
      `with probability ${after[order[0]].toFixed(2)}`);
    if (kept < V)
      says.push(`${kept} of ${V} tokens ${kept === 1 ? "is" : "are"} kept, which had ` +
        `${left.toFixed(2)} of the probability before the cut`);
    says.push(`Layer ${layer}, head ${head}: “${labels[ids[place]]}” looks most at ` +
      `“${labels[ids[most]]}”, weight ${looks[most].toFixed(2)}`);
    if (bytesSeen) says.push(`What it sees costs the model ${loss.toFixed(2)} nats per byte`);
    return {
      ids, text: tokens.decode(given), labels: ids.map((id) => labels[id]), place,
      map: [...map], before: [...before], after: [...after],
      order: order.slice(0, data.shown), names: order.slice(0, data.shown).map((id) => labels[id]),
      kept, drawn, likeliest: order[0], loss, end, sentence: says.join(". ") + ".",
    };
  }

  function build(root, { data, say, compute, make, menu, picture }) {
    const press = (words, pressed) => {
      const button = make("button", { type: "button", textContent: words });
      button.addEventListener("click", pressed);
      return button;
    };
    // a range over a list of values
    const slider = (words, values, value, shown = String) => {
      const input = make("input", { type: "range", min: 0, max: values.length - 1 });
      input.value = values.indexOf(value);
      const output = make("output");
      const told = () => {
        output.textContent = shown(values[input.value]);
        input.setAttribute("aria-valuetext", output.textContent);
      };
      told();
      input.addEventListener("input", () => { told(); changed(); });
      return [() => values[input.value], make("label", {}, words + " ", input, output)];
    };
    const steps = (count) => range(1, count + 1).map((n) => n / 20);
    const vocabulary = 257 + data.merges.length;

    const [sample, sampleLabel] = menu("sentence", [...data.samples, "your own"]);
    const typed = make("textarea", { rows: 3, maxLength: 2000, spellcheck: false });
    const [layer, layerLabel] = menu("layer", range(1, data.layers + 1));
    const [head, headLabel] = menu("head", range(1, data.heads + 1));
    const [temperature, temperatureLabel] =
      slider("temperature", steps(40).slice(1), 1, (v) => v.toFixed(2));
    const [k, kLabel] = slider("top-k", [1, 2, 5, 10, 20, 50, 100, 200, 500, vocabulary],
      vocabulary, (v) => (v === vocabulary ? "all" : String(v)));
    const [p, pLabel] = slider("top-p", steps(20), 1, (v) => v.toFixed(2));
    const row = make("div", { className: "dl-tokens" });
    row.setAttribute("role", "radiogroup");
    row.setAttribute("aria-label", "The token that looks. Arrow keys choose another.");
    const [map, mapBox] = picture("rows look at columns, light: most", "Attention weights", 1, 1);
    const bars = make("ol", { className: "dl-next" });
    bars.setAttribute("aria-label", "The likeliest next tokens");
    const entries = range(0, data.shown).map(() => {
      const [name, bar, number] = [make("span"), make("i"), make("span")];
      bars.append(make("li", {}, name, make("span", { ariaHidden: "true" }, bar), number));
      return [name, bar, number];
    });
    root.append(
      make("div", { className: "dl-controls dl-sentence" }, sampleLabel),
      make("label", { className: "dl-type" }, "text ", typed),
      make("div", { className: "dl-controls" },
        press("Append the likeliest", () => append("likeliest")),
        press("Append a draw", () => append("drawn")),
        press("Append 20 draws", () => append("drawn", 20)),
        press("Start again", restart)),
      make("div", { className: "dl-controls" }, layerLabel, headLabel),
      make("div", {}, "what the model sees; bars: where the framed token looks"), row,
      make("div", { className: "dl-controls" }, temperatureLabel, kLabel, pLabel),
      make("div", { className: "dl-pictures dl-read" },
        make("div", {}, make("div", {}, "what comes next"), bars), mapBox));

    // what was typed, the ids added to it, the token that looks, and how many numbers were drawn
    let [text, added, place, n] = ["", [], null, 0];
    let [found, begun] = [null, null];

    const read = () => compute(data, {
      text, added, place, n, layer: Number(layer.value), head: Number(head.value),
      temperature: temperature(), k: k(), p: p(),
    });

    function append(which, times = 1) {
      place = null;
      let stopped = false;
      for (; times && !stopped; times--) {
        const id = read()[which];
        if (which === "drawn") n++;
        stopped = id === found.end;
        if (!stopped) added.push(id);
      }
      changed();
      typed.value = found.text;
      typed.scrollTop = typed.scrollHeight;
      sample.value = "your own";
      if (stopped) say(`The model chose ‹end›: here a document ends. ${found.sentence}`);
    }

    function restart() {
      sample.value = begun;
      choose();
    }

    function choose() {
      begun = sample.value;
      [text, added, place, n] = [data.samples.find((s) => s === begun) ?? "", [], null, 0];
      typed.value = text;
      changed();
    }

    function changed() {
      const old = found?.ids.join();
      found = read();
      if (old !== found.ids.join()) layTokens();
      const T = found.ids.length;
      const looks = found.map.slice(found.place * T, found.place * T + T);
      const top = Math.max(...looks);
      [...row.children].forEach((button, t) => {
        const chosen = t === found.place;
        button.setAttribute("aria-checked", chosen);
        button.tabIndex = chosen ? 0 : -1;
        const weight = looks[t].toFixed(2);
        button.title = t > found.place ? "later: not seen" : `weight ${weight}`;
        button.setAttribute("aria-label", `${found.labels[t]}, ${button.title}`);
        button.querySelector("i").style.height = `${(100 * looks[t]) / top}%`;
      });
      paint(T);
      entries.forEach(([name, bar, number], at) => {
        const id = found.order[at];
        const kept = found.after[id] > 0;
        name.textContent = found.names[at];
        bar.className = kept ? "" : "dl-cut";
        bar.style.width = `${100 * (kept ? found.after[id] : found.before[id])}%`;
        number.textContent = kept ? found.after[id].toFixed(3) : "cut";
      });
      say(found.sentence);
    }

    function layTokens() {
      row.replaceChildren(...found.labels.map((label, t) => {
        const bar = make("span", {}, make("i"));
        const button = make("button", { type: "button" }, bar, label);
        button.setAttribute("role", "radio");
        button.addEventListener("click", () => { place = t; changed(); });
        return button;
      }));
    }

    // from dark to light, each row in shares of its largest weight; what comes later is left open
    function paint(T) {
      const cell = Math.max(5, Math.floor(320 / T));
      map.width = map.height = cell * T;
      const context = map.getContext("2d");
      for (let t = 0; t < T; t++) {
        const looks = found.map.slice(t * T, t * T + t + 1);
        const top = Math.max(...looks);
        looks.forEach((w, s) => {
          const [red, green, blue] = [[10, 255], [30, 220], [80, 60]].map(
            ([none, most]) => Math.round(none + ((most - none) * w) / top));
          context.fillStyle = `rgb(${red}, ${green}, ${blue})`;
          context.fillRect(s * cell, t * cell, cell, cell);
        });
      }
      context.strokeStyle = "rgb(210, 90, 20)";
      context.lineWidth = 2;
      context.strokeRect(1, found.place * cell + 1, cell * (found.place + 1) - 2, cell - 2);
      map.setAttribute("aria-label",
        `Attention weights of layer ${layer.value}, head ${head.value}, ${T} by ${T}, light for ` +
        "the largest of a row, dark for none; the framed row is that of the chosen token.");
    }

    row.addEventListener("keydown", (event) => {
      const T = found.ids.length;
      const to = {
        ArrowLeft: found.place - 1, ArrowUp: found.place - 1, Home: 0,
        ArrowRight: found.place + 1, ArrowDown: found.place + 1, End: T - 1,
      }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      place = Math.min(T - 1, Math.max(0, to));
      changed();
      row.children[place].focus();
    });
    sample.addEventListener("input", choose);
    typed.addEventListener("input", () => {
      [text, added, place] = [typed.value, [], null];
      sample.value = "your own";
      changed();
    });
    layer.addEventListener("input", changed);
    head.addEventListener("input", changed);
    choose();
  }

  return { compute, build, encode: (merges, texts) => texts.map(tokenizer(merges).encode) };
})()
