// Prints `passed failed` of a Jest result file. A suite that could not run counts as a failure.
import { readFileSync } from 'node:fs';

const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
console.log(numPassedTests, numFailedTests + numRuntimeErrorTestSuites);
