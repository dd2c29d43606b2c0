/** A function and its gradient at one point. */
export interface Evaluation {
  value: number;
  gradient: Float64Array;
}

/** When to stop. */
export interface MinimiseOptions {
  maxIterations?: number;
  /** Stop when one step lowers the value by less than this share of it. */
  relativeTolerance?: number;
  signal?: AbortSignal;
}

/** Pairs of steps and gradient changes that approximate the curvature. */
const memory = 8;

/**
 * Minimises a smooth convex function with limited-memory BFGS and a backtracking line search (Armijo).
 * Deterministic: the same function and start give the same bytes.
 */
export async function minimise(
  evaluate: (x: Float64Array) => Promise<Evaluation>,
  start: Float64Array,
  options: MinimiseOptions = {},
): Promise<Float64Array> {
  const { maxIterations = 150, relativeTolerance = 1e-6, signal } = options;
  let x = start;
  let here = await evaluate(x);
  const history: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    signal?.throwIfAborted();
    const direction = descentDirection(here.gradient, history);
    const slope = dot(direction, here.gradient);
    if (!(slope < 0)) return x;
    const step = await lineSearch(evaluate, x, here, direction, slope);
    if (!step) return x;
    const s = subtract(step.x, x);
    const y = subtract(step.at.gradient, here.gradient);
    const sy = dot(s, y);
    // Rounding can spoil the curvature of a tiny step; such a pair would make the direction useless.
    if (sy > 1e-10 * dot(y, y)) {
      history.push({ s, y, rho: 1 / sy });
      if (history.length > memory) history.shift();
    }
    const gained = here.value - step.at.value;
    x = step.x;
    here = step.at;
    if (gained <= relativeTolerance * Math.max(Math.abs(here.value), 1e-3)) return x;
  }
  return x;
}

/** The two-loop recursion: minus the approximate inverse Hessian times the gradient. */
function descentDirection(
  gradient: Float64Array,
  history: { s: Float64Array; y: Float64Array; rho: number }[],
): Float64Array {
  const q = gradient.map((g) => -g);
  const newest = history.at(-1);
  // Without history the scale is unknown: a step of length one at most.
  if (!newest) return scaled(q, 1 / Math.max(1, Math.sqrt(dot(q, q))));
  const alphas: number[] = [];
  for (const { s, y, rho } of [...history].reverse()) {
    const alpha = rho * dot(s, q);
    alphas.push(alpha);
    addScaled(q, y, -alpha);
  }
  const result = scaled(q, 1 / (newest.rho * dot(newest.y, newest.y)));
  for (const { s, y, rho } of history) {
    addScaled(result, s, (alphas.pop() ?? 0) - rho * dot(y, result));
  }
  return result;
}

/** Halves (or interpolates) the step until the value falls by a fair share of what the slope promises. */
async function lineSearch(
  evaluate: (x: Float64Array) => Promise<Evaluation>,
  x: Float64Array,
  here: Evaluation,
  direction: Float64Array,
  slope: number,
): Promise<{ x: Float64Array; at: Evaluation } | undefined> {
  let length = 1;
  for (let trial = 0; trial < 25; trial++) {
    const next = x.slice();
    addScaled(next, direction, length);
    const at = await evaluate(next);
    if (at.value <= here.value + 1e-4 * length * slope) return { x: next, at };
    // Lowest point of the parabola through value, slope and the new value, within a tenth and a half of the step.
    const parabola = (-slope * length * length) / (2 * (at.value - here.value - slope * length));
    length = Math.min(length / 2, Math.max(length / 10, Number.isFinite(parabola) ? parabola : 0));
  }
  return undefined;
}

/** Four sums side by side: one alone would wait for each addition before it begins the next. */
function dot(a: Float64Array, b: Float64Array): number {
  let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0];
  const end = a.length & ~3;
  for (let i = 0; i < end; i += 4) {
    sum0 += (a[i] as number) * (b[i] as number);
    sum1 += (a[i + 1] as number) * (b[i + 1] as number);
    sum2 += (a[i + 2] as number) * (b[i + 2] as number);
    sum3 += (a[i + 3] as number) * (b[i + 3] as number);
  }
  for (let i = end; i < a.length; i++) sum0 += (a[i] as number) * (b[i] as number);
  return sum0 + sum1 + (sum2 + sum3);
}

function subtract(a: Float64Array, b: Float64Array): Float64Array {
  const result = a.slice();
  addScaled(result, b, -1);
  return result;
}

function scaled(a: Float64Array, factor: number): Float64Array {
  return a.map((value) => value * factor);
}

function addScaled(target: Float64Array, a: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] as number) + factor * (a[i] as number);
}
