"""The whole HTTP table against what its own description allows, and much that it does not: by schemathesis.

A real server over a real workspace. Whatever comes, no answer is a fault of ours, each is one that the description
announces, and its content is what the description says.
"""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import checks
from web_core import make_workspace, serving_site

from impsy.web.server.app import endpoints
from impsy.web.site import Site

CHECKS = (
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
)


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    workspace = make_workspace(tmp_path_factory.mktemp("fuzzed") / "workspace")
    for name in ("logs", "datasets", "models"):
        (workspace.root / name).mkdir()
    rows = [f"2026-01-01T10:00:{second:02d}.500000,interface,0.5,0.{second:02d}" for second in range(60)]
    (workspace.logs / "2026-01-01T10-00-00-3d-mdrnn.log").write_text("\n".join(rows) + "\n")
    with Site(workspace) as site, serving_site(site) as server:
        yield schemathesis.openapi.from_url(f"{server.url}/api/openapi.json")


# Starting a session takes a second each time; its own tests do that.
ADDRESSES = [
    (row.path, row.method)
    for row in endpoints()
    if row.path not in {"/api/session/start", "/api/session/stop", "/api/session/restart"}
]


@pytest.mark.parametrize(("path", "method"), ADDRESSES)
@pytest.mark.slow
def test_every_answer_is_one_that_is_announced(api, path, method):
    @settings(
        max_examples=15,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=api[path][method].as_strategy())
    def ask(case):
        case.call_and_validate(checks=CHECKS, timeout=30)

    ask()
