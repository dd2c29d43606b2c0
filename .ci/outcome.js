// Prints, of a JSON report by Vitest, how many tests passed; or the names of those that failed and why, a line each; or how
// many were skipped; or, a line for each file, those that were skipped for want of something. Where a test has nothing to
// try, as with a client that has no such operation, it says so itself: `task.meta.doesNotApply`.
import { readFileSync } from 'node:fs';

/** Enough for the message of an assertion and where it stands. */
const lineLength = 600;

const [, , report, asked] = process.argv;
const files = JSON.parse(readFileSync(report, 'utf8')).testResults;
const testsOf = ({ assertionResults }, status) => assertionResults.filter((test) => test.status === status);
const skippedOf = ({ assertionResults }) =>
  assertionResults.filter(({ status }) => !['passed', 'failed'].includes(status));
// A file that failed is told anyway, and a hook that fails skips the tests after it.
const wantingOf = (file) => (file.status === 'failed' ? [] : skippedOf(file).filter(({ meta }) => !meta?.doesNotApply));
const print = (...parts) => console.log(parts.join(' ').replaceAll(/\s+/g, ' ').slice(0, lineLength));

const printers = {
  passed: () => print(files.flatMap((file) => testsOf(file, 'passed')).length),
  failed: () => {
    for (const file of files.filter(({ status }) => status === 'failed')) {
      const tests = testsOf(file, 'failed');
      // A file that does not load, or whose hooks fail, has no test that did.
      const wholeFile = { fullName: '(the file as a whole)', failureMessages: [file.message] };
      for (const { fullName, failureMessages } of tests.length > 0 ? tests : [wholeFile])
        print(file.name, fullName, ...failureMessages);
    }
  },
  skipped: () => {
    const [all, wanting] = [skippedOf, wantingOf].map((of) => files.flatMap(of).length);
    print(`${all} tests skipped, ${wanting} of them for want of a server, Python or a browser`);
  },
  wanting: () => {
    for (const file of files.filter((one) => wantingOf(one).length > 0)) {
      const tests = wantingOf(file);
      print(file.name, `${tests.length} skipped, such as «${tests[0].fullName}»`);
    }
  },
};
printers[asked]();
