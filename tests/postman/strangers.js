// Plays the collection as an app does that has played it before, elsewhere: with the numbers that were drawn there,
// against a service that has no inbox. No code may be asked for. The arguments are the collection and the report.
const fs = require("node:fs");
const http = require("node:http");
const newman = require("../../target/postman/node/node_modules/newman");

const [played, report] = process.argv.slice(2);
const NUMBERS = ["phone", "invitedPhone", "newPhone"];
const OWN = "+79990000007";
const results = { requests: 0, passed: 0, failed: 0 };
const started = Date.now();

function check(sentence, holds) {
    results[holds ? "passed" : "failed"] += 1;
    console.log(`${holds ? "ok    " : "FAILED"} ${sentence}`);
}

/** Plays against a service that only writes down what it is asked; `variables` are what the app has kept. */
async function play(variables, environment = {}) {
    const asked = [];
    const service = http.createServer((request, response) => {
        const parts = [];
        request.on("data", (part) => parts.push(part));
        request.on("end", () => {
            asked.push(`${request.method} ${request.url} ${Buffer.concat(parts)}`);
            response.writeHead(request.url === "/health/ready" ? 200 : 404, { "Content-Type": "application/json" });
            response.end("{}");
        });
    });
    await new Promise((ready) => service.listen(0, "127.0.0.1", ready));
    const baseUrl = `http://127.0.0.1:${service.address().port}`;
    const collection = JSON.parse(fs.readFileSync(played, "utf8"));
    for (const variable of collection.variable) {
        if (variable.key in variables) variable.value = variables[variable.key].replace("HERE", baseUrl);
    }
    // The first request forgets what was kept; people send one by one as well.
    const [story] = collection.item;
    story.item = story.item.filter((item) => item.request.method !== "GET");
    collection.item = [story];
    const summary = await new Promise((done, failed) => {
        const envVar = Object.entries({ baseUrl, ...environment }).map(([key, value]) => ({ key, value }));
        newman.run({ collection, envVar, timeoutScript: 120_000 }, (error, all) => (error ? failed(error) : done(all)));
    });
    service.close();
    results.requests += asked.length;
    return {
        asked: asked.filter((line) => line.startsWith("POST") && /\/phone /.test(line)),
        codes: asked.filter((line) => !/^GET \/dev\/inbox/.test(line)).length,
        failures: summary.run.failures.map(({ error }) => error.message),
    };
}

const drawn = (service) => ({ drawnFor: service, ...Object.fromEntries(NUMBERS.map((name) => [name, "+79991234567"])) });

(async () => {
    for (const [where, variables] of [
        ["drawn for another service", drawn("http://localhost:8080")],
        ["drawn for this one, which had an inbox then", drawn("HERE")],
        ["not drawn yet", {}],
    ]) {
        const { asked, codes, failures } = await play(variables);
        check(`numbers ${where}: nothing is asked for`, asked.length === 0 && codes === 0);
        check(`numbers ${where}: the run stops, and says why`,
            failures.length === 1 && failures[0].includes("Set phone in an environment"));
    }
    const { asked } = await play(drawn("http://localhost:8080"), Object.fromEntries(NUMBERS.map((name) => [name, OWN])));
    check("numbers of one's own are asked for", asked.length > 0 && asked.every((line) => !line.includes("1234567")));
    check("and they go where they were meant to", asked.some((line) => line.includes(OWN)));

    const { passed, failed, requests } = results;
    const stats = { items: { total: requests }, assertions: { total: passed + failed, failed } };
    const timings = { started, completed: Date.now() };
    fs.writeFileSync(report, JSON.stringify({ run: { stats, failures: [], timings } }));
    process.exitCode = failed ? 1 : 0;
})();
