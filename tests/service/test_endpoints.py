import httpx
import pytest
from prometheus_client import CollectorRegistry

from services.common.endpoints import endpoints
from services.common.errors import UsageError
from services.common.health import Health
from services.common.metrics import Metrics


async def test_the_port_tells_life_readiness_and_metrics() -> None:
    health = Health()
    metrics = Metrics(CollectorRegistry())
    metrics.records.labels("publish").inc(3)
    async with endpoints("127.0.0.1", 0, health, metrics.registry) as port, httpx.AsyncClient() as client:
        base = f"http://127.0.0.1:{port}"
        assert (await client.get(f"{base}/livez")).text == "ok\n"
        not_ready = await client.get(f"{base}/readyz")
        assert (not_ready.status_code, not_ready.text) == (503, "start: still starting\n")
        health.clear("start")
        assert (await client.get(f"{base}/readyz")).status_code == 200
        page = await client.get(f"{base}/metrics")
        assert page.headers["content-type"].startswith("text/plain")
        assert 'newsflow_records_total{stage="publish"} 3.0' in page.text


async def test_a_port_that_is_taken_is_one_clear_line() -> None:
    registry = CollectorRegistry()
    async with endpoints("127.0.0.1", 0, Health(), registry) as port:
        with pytest.raises(UsageError, match=f"HTTP port 127.0.0.1:{port} cannot be opened"):
            async with endpoints("127.0.0.1", port, Health(), registry):
                pass
