from collections.abc import AsyncIterator

import pytest

from tests.support.site import Site


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    await site.server.start_server()
    yield site
    await site.server.close()
