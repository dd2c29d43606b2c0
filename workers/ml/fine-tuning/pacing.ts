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

export function startingPace(steps: number): Pace {
  return { step: 0, stepsLeft: steps, position: 0, spentMs: 0 };
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
export function fitInto(budgetMs: number, pace: Pace, stepMs: number): Pace {
  const affordable = Math.max(1, Math.floor((budgetMs - pace.spentMs) / stepMs));
  return { ...pace, stepsLeft: Math.min(pace.stepsLeft, affordable) };
}
