// The same orchestrations in Temporal's form, bundled as workflows/temporal/index.ts is.
import { runInTemporal } from '../../../workflows/temporal/shell.ts';
import * as jobs from './jobs.ts';

const policies = jobs.jobPolicies;

export const sequence = (input: (keyof jobs.JobActivities)[]) => runInTemporal(jobs.sequence, policies, input);
export const awaited = (input: object) => runInTemporal(jobs.awaited, policies, input);
export const fanOut = (input: { count: number }) => runInTemporal(jobs.fanOut, policies, input);
export const branches = (input: object) => runInTemporal(jobs.branches, policies, input);
export const guarded = (input: keyof jobs.JobActivities) => runInTemporal(jobs.guarded, policies, input);
export const torn = (input: object) => runInTemporal(jobs.torn, policies, input);
export const givenUp = (input: object) => runInTemporal(jobs.givenUp, policies, input);
export const stubborn = (input: object) => runInTemporal(jobs.stubborn, policies, input);
export const broken = (input: object) => runInTemporal(jobs.broken, policies, input);
