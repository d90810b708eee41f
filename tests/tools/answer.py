"""An answer, read to its end. For every suite that speaks HTTP by `http.client`."""

import json


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)
