"""The document against the rules of others."""

import json
import subprocess

from openapi_spec_validator import OpenAPIV31SpecValidator


def check_rules(report, document, file, node_folder):
    with report.check("redocly finds no error and no warning"):
        config = f"{__file__.rsplit('/', 1)[0]}/redocly.yaml"
        redocly = f"{node_folder}/node_modules/.bin/redocly"
        command = [redocly, "lint", str(file), "--config", config, "--format", "json", "--max-problems", "1000"]
        done = subprocess.run(command, capture_output=True, text=True)
        found = json.loads(done.stdout)
        said = "; ".join(
            f"{problem['ruleId']}: {problem['message']} ({problem['location'][0].get('pointer')})"
            for problem in found["problems"]
        )
        assert not said and not any(found["totals"].values()) and done.returncode == 0, said or done.stderr

    with report.check("it fits the meta schema of OpenAPI 3.1"):
        errors = list(OpenAPIV31SpecValidator(document).iter_errors())
        assert not errors, "; ".join(f"{'/'.join(map(str, error.path))}: {error.message}" for error in errors)
