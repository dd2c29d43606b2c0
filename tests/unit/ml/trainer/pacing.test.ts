import { expect, it } from 'vitest';
import {
  fitInto,
  runSchedule,
  startingPace,
  stepOn,
  type Pace,
  type ScheduleOptions,
} from '../../../../workers/ml/trainer/pacing.ts';

const within = (budgetMs: number, fewestSteps = 1) => ({ budgetMs, fewestSteps });
const runOn = (pace: Pace, steps: number, stepMs: number): Pace => {
  for (let i = 0; i < steps; i++) pace = { ...stepOn(pace), spentMs: pace.spentMs + stepMs };
  return pace;
};

it('moves evenly when there is time', () => {
  const half = runOn(startingPace(10), 5, 100);
  expect(half.position).toBeCloseTo(0.5, 12);
  expect(fitInto(within(1000), half, 100)).toEqual(half);
  expect(runOn(half, 5, 100)).toMatchObject({ step: 10, stepsLeft: 0, position: 1 });
});

it('runs through the rest of the schedule faster when there is not', () => {
  const late = runOn(startingPace(100), 10, 100);
  const hurried = fitInto(within(3000), late, 100);
  expect(hurried).toMatchObject({ step: 10, stepsLeft: 20, position: late.position });
  const end = runOn(hurried, 20, 100);
  expect(end).toMatchObject({ position: 1, stepsLeft: 0 });
  expect(end.spentMs).toBeLessThanOrEqual(3000);
  expect(fitInto(within(500), late, 100).stepsLeft).toBe(1);
  expect(fitInto(within(500, 40), late, 100).stepsLeft).toBe(30);
  expect(fitInto(within(500, 5000), late, 100).stepsLeft).toBe(90);
});

it('goes round by round to the end, from the start or from the end of any round', async () => {
  const run = async (from: Pace, changes: Partial<ScheduleOptions> = {}) => {
    const [steps, rounds]: [number[], Pace[]] = [[], []];
    await runSchedule(from, {
      roundSteps: 4,
      budgetMs: Infinity,
      fewestSteps: 1,
      doStep: ({ step }) => Promise.resolve(void steps.push(step)),
      endRound: (pace) => Promise.resolve(void rounds.push(pace)),
      ...changes,
    });
    return { steps, rounds };
  };
  const { steps, rounds } = await run(startingPace(10));
  expect(steps).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(rounds.map(({ step, stepsLeft }) => [step, stepsLeft])).toEqual([
    [4, 6],
    [8, 2],
    [10, 0],
  ]);
  expect((await run(rounds[1] as Pace)).steps).toEqual([8, 9]);
  expect((await run(rounds[2] as Pace)).steps).toEqual([]);
  expect((await run(startingPace(10), { budgetMs: 0 })).steps).toEqual([0, 1, 2, 3, 4]);
});
