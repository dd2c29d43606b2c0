#!/usr/bin/env node
import { importCompiled } from './compiled.js';

const { main } = await importCompiled('cli/main.ts');
await main(process.argv);
