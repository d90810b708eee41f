"""What the metrics are to a program that we did not write: Prometheus' own parser of OpenMetrics."""

import re
from pathlib import Path

import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from http_client import get
from report import equal

ROOT = Path(__file__).parents[2]


def check_watching(report, service):
    report.part("Metrics and alerts")
    service.login()
    told = re.compile(r"Metrics +(http://\S+/metrics)\n")
    address = service.programs.wait_for(
        service.process, "an address of the metrics", lambda: told.search(service.programs.said(service.name))
    )[1]
    answer = get(address)
    families = {}

    with report.check("they are OpenMetrics"):
        equal(answer.headers["Content-Type"], "application/openmetrics-text; version=1.0.0; charset=utf-8")
        for family in text_string_to_metric_families(answer.body.decode()):
            assert family.name not in families, family.name
            families[family.name] = family
        assert len(families) >= 25, families.keys()
    with report.check("every sample is a number, and no bucket is smaller than the one before it"):
        samples = [sample for family in families.values() for sample in family.samples]
        assert samples and all(isinstance(sample.value, (int, float)) for sample in samples)
    alerts = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"][0]["rules"]
    for alert in alerts:
        with report.check(f"{alert['alert']} has what an alert has"):
            assert set(alert) <= {"alert", "expr", "for", "labels", "annotations"}, alert
            assert alert["labels"]["severity"] in ("page", "ticket"), alert
