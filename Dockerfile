# The service alone: no compiler, no embedded servers, no tests, no demo, nothing that learns. It needs DATABASE_URL,
# REDIS_URL, TENOR_KEY_SECRET, TENOR_DATA_SECRET and TENOR_AUDIT_SECRET; compose.yaml has all of it together.
# A new database has no operators; with the same variables, `init --operators ADA GRACE` instead of `serve` begins.
# It runs as nobody in particular on a root file system that is only read: /tmp is written, and /data where a folder is
# to be kept (TENOR_DATA: the head of the audit log).
ARG BASE=python:3.11-slim@sha256:9c900dea9e8fb7e16277c179b555cc72d29a352dbc33cff48ad5a0412fd5bfc7

FROM ${BASE} AS build
COPY requirements/service.txt requirements/telemetry.txt ./
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r service.txt -r telemetry.txt

FROM ${BASE}
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    TENOR_ENV=production TENOR_HOST=0.0.0.0 PORT=8000 TENOR_METRICS_PORT=8001 TENOR_DATA=/data
COPY --from=build /venv /venv
WORKDIR /app
COPY openapi.yaml .
COPY schema schema
COPY service service
RUN python -m compileall -q service && useradd --system --uid 10001 --no-create-home tenor \
    && install -d -o 10001 -g 10001 -m 0700 /data
USER 10001
VOLUME ["/data"]
EXPOSE 8000 8001
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/livez', timeout=2)"]
ENTRYPOINT ["python", "-m", "service"]
CMD ["serve"]
