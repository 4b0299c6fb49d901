# One image for web, worker, beat and the one-shot migration.
FROM python:3.13-slim AS build
WORKDIR /app
COPY requirements.lock .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock

FROM python:3.13-slim
RUN useradd --create-home --uid 10001 ledger && install -d -o ledger -g ledger /var/lib/valueledger
ENV VALUELEDGER_BOOTSTRAP=0 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PATH=/venv/bin:$PATH \
    VAR_DIR=/var/lib/valueledger
COPY --from=build /venv /venv
WORKDIR /app
COPY manage.py ./
COPY valueledger valueledger
COPY relationships relationships
COPY exchanges exchanges
COPY benchmarks benchmarks
COPY templates templates
COPY static static
USER ledger
EXPOSE 8000
CMD ["gunicorn", "valueledger.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "8", "--no-control-socket"]
