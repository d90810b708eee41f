// Tells what came of the runs whose reports are named, and fails unless all of it passed.
const fs = require("node:fs");

const total = { requests: 0, passed: 0, failed: 0, seconds: 0 };
for (const name of process.argv.slice(2)) {
    if (!fs.existsSync(name)) {
        console.error(`${name} is missing: newman did not come to its end`);
        total.failed += 1;
        continue;
    }
    const { stats, failures, timings } = JSON.parse(fs.readFileSync(name, "utf8")).run;
    const failedTests = stats.assertions.failed;
    total.requests += stats.items.total;
    total.passed += stats.assertions.total - failedTests;
    // Requests that got no answer and scripts that broke are failures as well, and no tests.
    total.failed += Math.max(failures.length, failedTests);
    total.seconds += (timings.completed - timings.started) / 1000;
}

console.log(`${total.requests} requests in ${total.seconds.toFixed(0)} s`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
