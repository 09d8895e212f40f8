"""`shoseki run` serves the console of what it judges."""

from __future__ import annotations

import http.client
import re
from pathlib import Path
from urllib.parse import urlsplit

from controls.kernel import HOUR, arrival
from streams import settings as configuration
from tests.streams.service import Place, history


def test_the_service_serves_what_it_has_judged_and_logs_no_token(tmp_path: Path) -> None:
    place = Place(tmp_path / "place")
    text = place.config.read_text()
    place.config.write_text(text.replace('address = ""', 'address = "127.0.0.1:0"'))
    place.settings = configuration.load(place.config)
    events = history(60, 1)
    place.publish(events, arrival(events[-1]) + HOUR)
    tokens = Path(place.settings.keys) / "console.tokens"
    with place.served() as service:
        service.wait(lambda: not place.behind())
        found = re.search(r"console\.started url=(\S+)", place.said())
        assert found is not None
        lines = (line.split() for line in tokens.read_text().splitlines())
        token = next(token for role, token, *_ in lines if role == "auditor")
        client = http.client.HTTPConnection(urlsplit(found[1]).netloc, timeout=60)
        client.request("GET", "/en/pipeline", headers={"Authorization": f"Bearer {token}"})
        answer = client.getresponse()
        page = answer.read().decode()
        client.close()
    assert answer.status == 200
    assert "Office records (books) 0" in page and "messages" in page
    assert token not in place.said()
