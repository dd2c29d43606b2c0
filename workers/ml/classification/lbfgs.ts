/** A function and its gradient at one point. */
export interface Evaluation {
  value: number;
  gradient: Float32Array;
}

/** When to stop. */
export interface MinimiseOptions {
  maxIterations?: number;
  /** Stop when one step lowers the value by less than this share of it. */
  relativeTolerance?: number;
  /** Told before each round of evaluations. */
  onRound?: (round: number) => void;
  signal?: AbortSignal;
}

/** Pairs of steps and gradient changes that approximate the curvature. */
const memory = 8;

/** One step and how the gradient changed on it; rho = 1 / (s · y). */
interface Curvature {
  s: Float32Array;
  y: Float32Array;
  rho: number;
}

/**
 * Minimises several smooth convex functions side by side: in each round every function that is not done yet asks for one
 * evaluation, and all of these are made together. Deterministic: the same functions and starts give the same bytes.
 * @param evaluate one evaluation for each point; `indexes` say which functions they are of
 */
export async function minimiseAll(
  evaluate: (points: Float32Array[], indexes: number[]) => Promise<Evaluation[]>,
  starts: readonly Float32Array[],
  options: MinimiseOptions = {},
): Promise<Float32Array[]> {
  const descents = starts.map((start) => descend(start, options));
  const steps: Step[] = descents.map((descent) => descent.next());
  for (let round = 0; ; round++) {
    options.signal?.throwIfAborted();
    const open = steps.flatMap(({ done }, i) => (done ? [] : [i]));
    if (open.length === 0) return steps.map(({ value }) => value);
    options.onRound?.(round);
    const points = open.map((i) => (steps[i] as Step).value);
    const evaluations = await evaluate(points, open);
    open.forEach((i, at) => (steps[i] = (descents[i] as Descent).next(evaluations[at] as Evaluation)));
  }
}

/** Yields the points that it wants to know the function at; returns the lowest that it found. */
type Descent = Generator<Float32Array, Float32Array, Evaluation>;
type Step = IteratorResult<Float32Array, Float32Array>;

/** Limited-memory BFGS with a backtracking line search (Armijo). */
function* descend(start: Float32Array, options: MinimiseOptions): Descent {
  const { maxIterations = 150, relativeTolerance = 1e-6 } = options;
  let x = start;
  let here = yield x;
  const history: Curvature[] = [];
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    const direction = descentDirection(here.gradient, history);
    const slope = dot(direction, here.gradient);
    if (!(slope < 0)) return x;
    const step = yield* lineSearch(x, here, direction, slope);
    if (!step) return x;
    const s = difference(step.x, x);
    const y = difference(step.at.gradient, here.gradient);
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
function descentDirection(gradient: Float32Array, history: readonly Curvature[]): Float32Array {
  const direction = new Float32Array(gradient.length);
  const newest = history.at(-1);
  // Without history the scale is unknown: a step of length one at most.
  if (!newest) return addScaled(direction, gradient, -1 / Math.max(1, Math.sqrt(dot(gradient, gradient))));
  addScaled(direction, gradient, -1);
  const alphas: number[] = [];
  for (const { s, y, rho } of [...history].reverse()) {
    const alpha = rho * dot(s, direction);
    alphas.push(alpha);
    addScaled(direction, y, -alpha);
  }
  scale(direction, 1 / (newest.rho * dot(newest.y, newest.y)));
  for (const { s, y, rho } of history) addScaled(direction, s, (alphas.pop() ?? 0) - rho * dot(y, direction));
  return direction;
}

/** Halves (or interpolates) the step until the value falls by a fair share of what the slope promises. */
function* lineSearch(
  x: Float32Array,
  here: Evaluation,
  direction: Float32Array,
  slope: number,
): Generator<Float32Array, { x: Float32Array; at: Evaluation } | undefined, Evaluation> {
  let length = 1;
  for (let trial = 0; trial < 25; trial++) {
    const next = addScaled(x.slice(), direction, length);
    const at = yield next;
    if (at.value <= here.value + 1e-4 * length * slope) return { x: next, at };
    // Lowest point of the parabola through value, slope and the new value, within a tenth and a half of the step.
    const parabola = (-slope * length * length) / (2 * (at.value - here.value - slope * length));
    length = Math.min(length / 2, Math.max(length / 10, Number.isFinite(parabola) ? parabola : 0));
  }
  return undefined;
}

/** Four sums side by side: one alone would wait for each addition before it begins the next. */
function dot(a: Float32Array, b: Float32Array): number {
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

function difference(a: Float32Array, b: Float32Array): Float32Array {
  const result = new Float32Array(a.length);
  for (let i = 0; i < a.length; i++) result[i] = (a[i] as number) - (b[i] as number);
  return result;
}

function scale(target: Float32Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] as number) * factor;
}

function addScaled(target: Float32Array, a: Float32Array, factor: number): Float32Array {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] as number) + factor * (a[i] as number);
  return target;
}
