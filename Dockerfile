# Two stages: what installs is not in what runs. Each RUN line works by itself in a clean Debian 12, in this order.
FROM debian:12-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates python3-venv
WORKDIR /src
COPY requirements-build.lock requirements-runtime.lock ./
RUN python3 -m venv /opt/build
RUN /opt/build/bin/pip install --no-cache-dir --require-hashes --requirement requirements-build.lock
RUN python3 -m venv /opt/idp
RUN /opt/idp/bin/pip install --no-cache-dir --require-hashes --requirement requirements-runtime.lock
COPY pyproject.toml LICENSE README.md ./
COPY idp idp
COPY themes themes
COPY realm-config realm-config
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist .
RUN /opt/idp/bin/pip install --no-cache-dir --no-deps dist/*.whl
RUN /opt/idp/bin/pip uninstall --yes setuptools pip

FROM debian:12-slim
RUN apt-get update && apt-get upgrade -y && apt-get install -y --no-install-recommends python3 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /var/lib/idp --create-home --shell /usr/sbin/nologin idp
COPY --from=build /opt/idp /opt/idp
ENV PATH=/opt/idp/bin:/usr/bin:/bin PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 IDP_CONFIG=/etc/idp/realms
WORKDIR /var/lib/idp
USER idp
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD \
    ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/health/live', timeout=2)"]
ENTRYPOINT ["idp"]
CMD ["serve", "--host", "0.0.0.0"]
