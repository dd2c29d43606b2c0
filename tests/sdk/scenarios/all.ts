import { copyScenarios, exportScenarios } from './export-scenarios.ts';
import { imageScenarios } from './image-scenarios.ts';
import { closingScenarios, iterationScenarios } from './iteration-scenarios.ts';
import { predictionScenarios } from './prediction-scenarios.ts';
import { projectScenarios } from './project-scenarios.ts';
import { regionScenarios } from './region-scenarios.ts';
import type { Scenario } from './scenario.ts';
import { suggestionScenarios } from './suggestion-scenarios.ts';

/** Every operation of Azure's API, in an order in which each finds what it needs. */
export const scenarios: readonly Scenario[] = [
  ...projectScenarios,
  ...imageScenarios,
  ...regionScenarios,
  ...iterationScenarios,
  ...predictionScenarios,
  ...suggestionScenarios,
  ...exportScenarios,
  ...copyScenarios,
  ...closingScenarios,
];
