/** Where a training is in its schedule; plain numbers, kept with its checkpoint. */
export interface Pace {
  /** Steps done. */
  step: number;
  /** Steps to come, as it is planned by now. */
  stepsLeft: number;
  /** Part of the schedule that is done, 0 to 1. */
  position: number;
  /** Over all attempts. */
  spentMs: number;
}

/** What a training tells of a step. */
export interface TrainingStep {
  /** From 1. */
  step: number;
  /** Steps of the whole schedule, as currently planned. */
  steps: number;
  /** Loss on the augmented batch of this step. */
  loss: number;
  learningRate: number;
}

export interface ScheduleOptions {
  /** Steps of a round. */
  roundSteps: number;
  /** What the schedule may take, counted over all attempts; Infinity lets it take what it takes. */
  budgetMs: number;
  /** So many steps it has, however short the time. */
  fewestSteps: number;
  doStep: (pace: Pace) => Promise<void>;
  /** The end of a round, or of all: the time for a checkpoint. */
  endRound: (pace: Pace) => Promise<void>;
}

export function startingPace(steps: number): Pace {
  return { step: 0, stepsLeft: steps, position: 0, spentMs: 0 };
}

/** Runs a schedule to its end, in rounds, after each of which the clock decides how many steps the rest of it has; returns where it ended. */
export async function runSchedule(from: Pace, options: ScheduleOptions): Promise<Pace> {
  let pace = from;
  while (pace.stepsLeft > 0) {
    const roundStart = pace;
    for (let i = 0; i < options.roundSteps && pace.stepsLeft > 0; i++) {
      const startedMs = performance.now();
      await options.doStep(pace);
      pace = { ...stepOn(pace), spentMs: pace.spentMs + performance.now() - startedMs };
    }
    const stepMs = (pace.spentMs - roundStart.spentMs) / (pace.step - roundStart.step);
    pace = fitInto(options, pace, stepMs);
    await options.endRound(pace);
  }
  return pace;
}

/** The pace after one more step. */
export function stepOn({ step, stepsLeft, position, spentMs }: Pace): Pace {
  const rest = stepsLeft - 1;
  return { step: step + 1, stepsLeft: rest, position: rest === 0 ? 1 : position + (1 - position) / stepsLeft, spentMs };
}

/**
 * Lets the rest of the schedule pass in fewer steps when the time does not suffice for all: a schedule that is cut off at a
 * high rate leaves a model that is worse than none, one that is run through faster does not.
 */
export function fitInto(
  { budgetMs, fewestSteps }: Pick<ScheduleOptions, 'budgetMs' | 'fewestSteps'>,
  pace: Pace,
  stepMs: number,
): Pace {
  if (budgetMs === Infinity) return pace;
  const affordable = Math.floor((budgetMs - pace.spentMs) / stepMs);
  return { ...pace, stepsLeft: Math.min(pace.stepsLeft, Math.max(1, fewestSteps - pace.step, affordable)) };
}
