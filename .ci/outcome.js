// Prints, of a JSON report by Vitest, how many tests passed, or the names of those that failed, a line each.
import { readFileSync } from 'node:fs';

const [, , report, asked] = process.argv;
const files = JSON.parse(readFileSync(report, 'utf8')).testResults;
const testsOf = ({ assertionResults }, status) => assertionResults.filter((test) => test.status === status);

if (asked === 'passed') console.log(files.flatMap((file) => testsOf(file, 'passed')).length);
else
  for (const file of files.filter(({ status }) => status === 'failed')) {
    const tests = testsOf(file, 'failed');
    // A file that does not load, or whose hooks fail, has no test that did.
    for (const { fullName } of tests.length > 0 ? tests : [{ fullName: '(the file as a whole)' }])
      console.log(`${file.name} ${fullName}`.replaceAll('\n', ' '));
  }
