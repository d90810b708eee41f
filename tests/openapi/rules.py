"""The document against the rules of others."""

import copy
import json
import subprocess

from openapi_schema_validator import OAS31Validator, oas31_format_checker
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012


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

    with report.check("every example fits its schema, and has no member that it does not know"):
        strict = closed(copy.deepcopy(document))
        wrong = [f"{way}: {error}" for way, media_type in media_types(strict) for error in misfits(strict, media_type)]
        assert not wrong, "; ".join(wrong)


def closed(part, joined=False):
    """The same with objects that have the members of their schema only. A schema is closed where it is referred to,
    for `allOf` may join it with others, and is then closed as a whole."""
    if isinstance(part, dict):
        if "$ref" in part and not joined:
            part["unevaluatedProperties"] = False
        for name, child in part.items():
            if name not in ("example", "examples"):
                closed(child, name == "allOf")
    elif isinstance(part, list):
        for child in part:
            closed(child, joined)
    return part


def media_types(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            bodies = {"request": operation.get("requestBody", {}), **operation["responses"]}
            for name, body in bodies.items():
                for media_type, content in body.get("content", {}).items():
                    yield f"{method} {path} {name} {media_type}", content


def misfits(document, content):
    uri = "urn:document"
    registry = Registry().with_resource(uri, Resource(document, DRAFT202012))
    schema = json.loads(json.dumps(content["schema"]).replace('"$ref": "#', f'"$ref": "{uri}#'))
    validator = OAS31Validator(schema, registry=registry, format_checker=oas31_format_checker)
    shown = [one["value"] for one in content.get("examples", {}).values()] or [content["example"]]
    for example in shown:
        for error in validator.iter_errors(example):
            yield f"{error.json_path}: {error.message}"
