"""What organisers do and look at over HTTP, also for the command line beside a running server."""

from fastapi import APIRouter, Depends
from fastapi.security import HTTPBearer

from toprung.application.jobs.job_queue import JobHistory
from toprung.application.matches.match_history import MatchHistory
from toprung.application.organising.operations import Administration
from toprung.application.ports.replays import Intake
from toprung.application.ratings.watch_service import WatchService
from toprung.application.writing.audit import AuditLog
from toprung.domain.game.catalog import Catalog
from toprung.interfaces.web.admin.admin_audit import add_audit_route
from toprung.interfaces.web.admin.admin_matches import add_match_routes
from toprung.interfaces.web.admin.admin_pool import PoolHealthSource, add_pool_route, no_pool
from toprung.interfaces.web.admin.admin_replays import add_job_routes, add_replay_routes
from toprung.interfaces.web.admin.admin_watch import add_watch_route
from toprung.interfaces.web.admin.operation_answers import Answers
from toprung.interfaces.web.admin.operation_routes import add_operation_routes
from toprung.interfaces.web.api.openapi import error_answers
from toprung.interfaces.web.api.uploads import UploadLimits
from toprung.interfaces.web.door.security import ADMIN_PREFIX, BODY_MAX_BYTES
from toprung.interfaces.web.door.speech import Speeches


def admin_router(
    administration: Administration,
    matches: MatchHistory,
    audit: AuditLog,
    watch: WatchService,
    *,
    catalog: Catalog,
    intake: Intake,
    jobs: JobHistory,
    upload_limits: UploadLimits,
    speeches: Speeches,
    pool_health: PoolHealthSource = no_pool,
) -> APIRouter:
    """The routes under `/api/v1/admin`; `AdminGuard` must stand before them."""
    router = APIRouter(
        prefix=ADMIN_PREFIX,
        tags=["admin"],
        # For the description only: the guard has answered already where the token is wrong.
        dependencies=[Depends(HTTPBearer(auto_error=False, description="The server's admin token."))],
        responses=error_answers(401, 408, 413, 422, 429, 503),
        max_body_size=BODY_MAX_BYTES,
    )
    add_operation_routes(router, administration, Answers(matches=matches, jobs=jobs, catalog=catalog), speeches)
    add_match_routes(router, matches, catalog)
    add_pool_route(router, pool_health)
    add_replay_routes(router, intake, upload_limits)
    add_job_routes(router, jobs)
    add_audit_route(router, audit)
    add_watch_route(router, watch)
    return router
