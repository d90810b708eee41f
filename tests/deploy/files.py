def check(report, venv): pass
