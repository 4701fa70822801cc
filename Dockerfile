# The service alone: no compiler, no embedded servers, no tests. It needs DATABASE_URL, REDIS_URL,
# TENOR_KEY_SECRET and TENOR_DATA_SECRET.
# A new database has no keys; with the same variables, `key --audience operator --owner NAME` instead of `serve` makes one.
FROM python:3.11-slim AS build
COPY requirements/service.txt .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r service.txt

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 TENOR_ENV=production TENOR_HOST=0.0.0.0 PORT=8000 TENOR_METRICS_PORT=8001
COPY --from=build /venv /venv
WORKDIR /app
COPY openapi.yaml .
COPY schema schema
COPY service service
RUN python -m compileall -q service && useradd --system --uid 10001 --no-create-home tenor
USER 10001
EXPOSE 8000 8001
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/livez', timeout=2)"]
ENTRYPOINT ["python", "-m", "service"]
CMD ["serve"]
