// Prints, of a JSON report by Vitest, how many tests passed, or the names of those that failed and why, a line each.
import { readFileSync } from 'node:fs';

/** Enough for the message of an assertion and where it stands. */
const lineLength = 600;

const [, , report, asked] = process.argv;
const files = JSON.parse(readFileSync(report, 'utf8')).testResults;
const testsOf = ({ assertionResults }, status) => assertionResults.filter((test) => test.status === status);

if (asked === 'passed') console.log(files.flatMap((file) => testsOf(file, 'passed')).length);
else
  for (const file of files.filter(({ status }) => status === 'failed')) {
    const tests = testsOf(file, 'failed');
    // A file that does not load, or whose hooks fail, has no test that did.
    const wholeFile = { fullName: '(the file as a whole)', failureMessages: [file.message] };
    for (const { fullName, failureMessages } of tests.length > 0 ? tests : [wholeFile])
      console.log([file.name, fullName, ...failureMessages].join(' ').replaceAll(/\s+/g, ' ').slice(0, lineLength));
  }
