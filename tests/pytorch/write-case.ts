import { describeNetwork } from '../../bench/pytorch/description.ts';
import * as reference from './reference-case.ts';

/** Prints the case for `reference.py`. */
const { network, weights, trained, steps, ...facts } = reference;
const plain = (arrays: Iterable<[string, Float32Array]>): Record<string, number[]> =>
  Object.fromEntries([...arrays].map(([name, data]) => [name, [...data]]));
const names = [...network.parameters().keys()].filter((name) => trained(name) && !network.isFixed(name));
const described = { network: describeNetwork(network), trained: names, weights: plain(weights) };
console.log(JSON.stringify({ ...facts, ...described, steps: steps.map((step) => plain(Object.entries(step))) }));
