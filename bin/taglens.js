#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { register } from 'tsx/esm/api';

// Named outright: tsx otherwise looks in the working directory, and decorators need our settings.
register({ tsconfig: fileURLToPath(new URL('../tsconfig.json', import.meta.url)) });

const { main } = await import('../cli/main.ts');
await main(process.argv);
