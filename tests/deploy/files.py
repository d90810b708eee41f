"""The files that ship phone-auth, each by its own linter or schema, and beside one another."""

import ipaddress
import json
import re
import subprocess
import tempfile
import tomllib
from pathlib import Path

import jsonschema
import yaml
from programs import BINARY, TOP, settings
from report import equal

# What a container or a platform wants, and the service does not read.
OF_OTHERS = {"PATH", "SSL_CERT_FILE", "PORT"}
# Of Compose and its images.
OF_COMPOSE = {"POSTGRES_USER", "POSTGRES_PASSWORD", "NGINX_ADDRESS", "NGINX_PORT", "TLS_DIRECTORY"}
VERSION = re.compile(r"^[\w./-]+:\d+\.\d+[\w.-]*$")


def text(path):
    return (TOP / path).read_text()


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=TOP)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout + done.stderr


class Compose(yaml.SafeLoader):
    """YAML with the tags of Compose: what replaces instead of being added."""


Compose.add_constructor("!override", lambda loader, node: loader.construct_sequence(node, deep=True))


def compose(path):
    return yaml.load(text(path), Compose)


def check(report, venv):
    names = settings()
    check_image(report, venv, names)
    check_compose(report, names)
    check_systemd(report, names)
    check_platforms(report, names)
    check_workflows(report, venv)
    report.part("Scripts")
    with report.check("ShellCheck has nothing to say of any script"):
        scripts = [path for path in run("git", "ls-files").split("\n") if path and is_script(TOP / path)]
        assert len(scripts) > 10, scripts
        # 2154: it does not know the variables that a function is called with (`NAME=value function`).
        run(
            venv / "shellcheck",
            "--exclude=SC2154",
            "--external-sources",
            "--source-path=SCRIPTDIR/..:SCRIPTDIR/../..",
            *scripts,
        )


def is_script(path):
    with path.open("rb") as file:
        return re.match(rb"#!.*\b(sh|bash)\n", file.readline()) is not None


def known(used, names):
    unknown = sorted(set(used) - names - OF_OTHERS)
    assert not unknown, f"no settings of phone-auth: {unknown}"


def check_image(report, venv, names):
    report.part("The image")
    dockerfile = text("Dockerfile")
    with report.check("hadolint has nothing to say"):
        run(venv / "hadolint", "Dockerfile")
    with report.check(
        "it is built by the version of rust-toolchain.toml, on the Debian whose glibc is the oldest that will do"
    ):
        channel = tomllib.loads(text("rust-toolchain.toml"))["toolchain"]["channel"]
        assert f"FROM rust:{channel}-slim-bookworm AS build\n" in dockerfile
    with report.check("what it copies is what .dockerignore lets through, and is there"):
        copied = [
            word for line in re.findall(r"^COPY (?!--from)(.*) \S+$", dockerfile, re.MULTILINE) for word in line.split()
        ]
        allowed = [line[1:] for line in text(".dockerignore").split("\n") if line.startswith("!")]
        equal(sorted(copied), sorted(allowed))
        for path in copied:
            assert (TOP / path).exists(), path
    with report.check("everything that the source has built in is copied"):
        outside = [
            path
            for source in (TOP / "src").rglob("*.rs")
            for path in re.findall(r'include_(?:str|bytes)!\("((?:\.\./)[^"]*)"\)', source.read_text())
            if not (source.parent / path).resolve().is_relative_to(TOP / "src")
        ]
        equal({Path(path).name for path in outside}, {"openapi.json"})
    with report.check("it runs as a number, holds two files, and asks itself whether it is well"):
        final = dockerfile[dockerfile.index("FROM scratch") :]
        assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", final, re.MULTILINE)
        equal(len(re.findall(r"^COPY ", final, re.MULTILINE)), 2)
        assert 'CMD ["phone-auth", "healthcheck"]' in final and "RUN" not in final
    with report.check("its variables are settings"):
        (block,) = re.findall(r"^ENV ((?:.*\\\n)*.*)$", dockerfile, re.MULTILINE)
        known(re.findall(r"(\w+)=", block), names)


def check_compose(report, names):
    report.part("Compose")
    import check_jsonschema

    schema = json.loads(
        (Path(check_jsonschema.__file__).parent / "builtin_schemas/vendor/compose-spec.json").read_text()
    )
    file = compose("compose.yaml")
    services = file["services"]
    for path in ("compose.yaml", "compose.tls.yaml"):
        with report.check(f"{path} fits the schema of the compose specification"):
            jsonschema.validators.validator_for(schema)(schema).validate(compose(path))
        with report.check(f"what {path} mounts is there, and cannot be written"):
            for service in compose(path)["services"].values():
                for volume in service.get("volumes", []):
                    if volume.startswith("./"):
                        source, _, mode = volume.split(":")
                        assert (TOP / source).exists() and mode == "ro", volume
        with report.check(f"every variable of {path} is a setting, or one of its own"):
            known(set(re.findall(r"\$\{(\w+)", text(path))) - OF_COMPOSE, names)
    with report.check("certificate and key are mounted as a folder, so that a reload finds what took their place"):
        (target,) = re.findall(r"^      - \$\{TLS_DIRECTORY:\?.*\}:(\S+):ro$", text("compose.tls.yaml"), re.MULTILINE)
        named = re.findall(r"^ *ssl_certificate\w* (\S+);$", text("deploy/nginx/tls.conf"), re.MULTILINE)
        equal(named, [f"{target}/certificate.pem", f"{target}/key.pem"])
        for path in named:
            assert f'"$to/{Path(path).name}"' in text("deploy/certificate"), path
    with report.check("ROOT_SECRET has the default that production refuses"):
        default = "for-development-only-everybody-can-read-this"
        equal(services["phone-auth"]["environment"]["ROOT_SECRET"], f"${{ROOT_SECRET:-{default}}}")
    with report.check("no server of nginx writes down who asked for what"):
        for path in ("machine.conf", "tls.conf", "plain.conf"):
            for server in re.split(r"^server \{$", text(f"deploy/nginx/{path}"), flags=re.MULTILINE)[1:]:
                assert "access_log off;" in server or "include phone-auth/locations.conf;" in server, path
        assert "access_log off;" in text("deploy/nginx/locations.conf")
        equal(re.findall(r"^error_log .*$", text("deploy/nginx/nginx.conf"), re.MULTILINE), ["error_log stderr alert;"])
        equal(text("deploy/nginx/machine.conf").count("error_log /var/log/nginx/error.log alert;"), 2)
    for name, service in services.items():
        with report.check(f"{name} is hardened"):
            equal(
                (service["read_only"], service["cap_drop"], service["security_opt"]),
                (True, ["ALL"], ["no-new-privileges:true"]),
            )
            assert "privileged" not in service and "cap_add" not in service
        with report.check(f"{name} comes from a version, and only nginx is reached"):
            assert "build" in service or VERSION.match(service["image"]), service["image"]
            equal("ports" in service, name == "nginx")
    instances = {name: service for name, service in services.items() if name.startswith("phone-auth")}
    with report.check("three instances are alike, and two of them are there with the profile `three` alone"):
        equal(len(instances), 3)
        equal([service.get("profiles") for service in instances.values()], [None, ["three"], ["three"]])
        for service in instances.values():
            for key in ("environment", "networks", "image", "build", "env_file"):
                equal(service[key], services["phone-auth"][key])
        known(services["phone-auth"]["environment"], names)
    with report.check("in order: database, first instance, the others, nginx"):
        for name, service in instances.items():
            expected = {"postgres"} | ({"phone-auth"} if name != "phone-auth" else set())
            equal(
                {other: needs["condition"] for other, needs in service["depends_on"].items()},
                dict.fromkeys(expected, "service_healthy"),
            )
        waits = services["nginx"]["depends_on"]
        equal(
            {name: needs.get("required", True) for name, needs in waits.items()},
            {name: name == "phone-auth" for name in instances},
        )
        equal({(needs["condition"], needs["restart"]) for needs in waits.values()}, {("service_healthy", True)})
    with report.check("TRUSTED_PROXIES is nginx's address, which nobody else is given"):
        (address,) = {service["environment"]["TRUSTED_PROXIES"] for service in instances.values()}
        equal(services["nginx"]["networks"]["front"]["ipv4_address"], address)
        (given,) = file["networks"]["front"]["ipam"]["config"]
        assert ipaddress.ip_address(address) in ipaddress.ip_network(given["subnet"])
        assert ipaddress.ip_address(address) not in ipaddress.ip_network(given["ip_range"])
    with report.check("the database is in a network that leads nowhere, and nginx is not in it"):
        equal((services["postgres"]["networks"], file["networks"]["back"]), (["back"], {"internal": True}))
        assert "back" not in services["nginx"]["networks"]
    with report.check("nginx shares out to the name that the instances have"):
        (alias,) = services["phone-auth"]["networks"]["front"]["aliases"]
        assert f"server {alias}:8080 " in text("deploy/nginx/upstream.conf")


def check_systemd(report, names):
    report.part("systemd")
    unit = text("deploy/systemd/phone-auth.service")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "phone-auth.service"
        path.write_text(unit.replace("/usr/local/bin/phone-auth", str(BINARY)))
        with report.check("systemd-analyze verify has nothing to say"):
            told = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", path)
            equal(told.strip(), "")
        with report.check("systemd-analyze security: an exposure of 1.5 at most, of 10"):
            told = run("systemd-analyze", "security", "--offline=true", "--threshold=15", path)
            print("      ", told.strip().split("\n")[-1])
    with report.check("it has as long to stop as the service wants"):
        assert int(re.search(r"^TimeoutStopSec=(\d+)s$", unit, re.MULTILINE)[1]) >= 15
    with report.check("the variables of its environment file are settings"):
        known(re.findall(r"^#?([A-Z_]+)=", text("deploy/systemd/environment"), re.MULTILINE), names)


def check_platforms(report, names):
    report.part("Platforms")
    with report.check("deploy/fly.toml is TOML, its variables are settings, and its ports fit"):
        fly = tomllib.loads(text("deploy/fly.toml"))
        known(fly["env"], names)
        equal(fly["env"]["LISTEN_ADDR"], f"0.0.0.0:{fly['http_service']['internal_port']}")
        equal(fly["env"]["ADMIN_LISTEN_ADDR"], f"0.0.0.0:{fly['metrics']['port']}")
    with report.check("render.yaml is YAML, its variables are settings, and its port fits"):
        render = yaml.safe_load(text("render.yaml"))
        (service,) = render["services"]
        values = {each["key"]: each for each in service["envVars"]}
        known(values, names)
        equal(values["LISTEN_ADDR"]["value"], f"0.0.0.0:{values['PORT']['value']}")
        equal(values["DATABASE_URL"]["fromDatabase"]["name"], render["databases"][0]["name"])
    with report.check("app.json is JSON, and the variables of it and of the Procfile are settings"):
        known(json.loads(text("app.json"))["env"], names)
        (line,) = text("Procfile").strip().split("\n")
        assert line.startswith("web: ")
        known(re.findall(r"([A-Z_]+)=", line), names)

    with report.check("the .env and the Procfile of docs/DEPLOY.md are of settings, and of this Procfile"):
        (example,) = re.findall(r"^```ini\n(.*?)^```$", text("docs/DEPLOY.md"), re.MULTILINE | re.DOTALL)
        known(set(re.findall(r"^(\w+)=", example, re.MULTILINE)) - OF_COMPOSE - {"COMPOSE_FILE"}, names)
        (shown,) = re.findall(r"^```yaml\n(.*?)^```$", text("docs/DEPLOY.md"), re.MULTILINE | re.DOTALL)
        equal(shown, text("Procfile"))


def check_workflows(report, venv):
    report.part("Workflows")
    files = sorted((TOP / ".github/workflows").glob("*.yml"))
    for path in files:
        with report.check(f"{path.name} fits the schema, and every job has a time-out"):
            for schema in ("vendor.github-workflows", "custom.github-workflows-require-timeout"):
                run(venv / "check-jsonschema", "--builtin-schema", schema, path)
        with report.check(f"{path.name} may do nothing but what its jobs are given, and takes actions of a version"):
            flow = yaml.safe_load(path.read_text())
            equal(flow["permissions"], {})
            for name, job in flow["jobs"].items():
                assert job["permissions"], name
                for step in job["steps"]:
                    assert re.match(r"^[\w-]+/[\w./-]+@(v\d+|[0-9a-f]{40})$", step.get("uses", "a/b@v1")), step
                    assert "${{" not in step.get("run", ""), f"values come by `env`, not into a script: {step}"
    with report.check("dependabot.yml fits its schema"):
        run(venv / "check-jsonschema", "--builtin-schema", "vendor.dependabot", TOP / ".github/dependabot.yml")
