# The image for docker-compose.yml. Everything installed is pinned by hash; nothing in it runs as root.
FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/venv
COPY requirements.txt requirements-dev.txt ./
RUN /opt/venv/bin/pip install --require-hashes -r requirements.txt
# The build backend is pinned among the developers' packages; this stage needs it, the image does not.
RUN sed -n '/^setuptools==/,/[^\\]$/p' requirements-dev.txt > build.txt \
    && pip install --require-hashes -r build.txt
COPY pyproject.toml README.md ./
COPY domain domain
COPY services services
COPY projections projections
COPY adapters adapters
RUN pip wheel --no-deps --no-build-isolation --wheel-dir wheels . \
    && /opt/venv/bin/pip install --no-deps --no-index wheels/taizhang-*.whl

FROM python:3.12-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin taizhang \
    && install -d -o taizhang -g taizhang -m 0750 /var/lib/taizhang
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 TAIZHANG_DATA=/var/lib/taizhang TAIZHANG_HOST=0.0.0.0
USER taizhang
VOLUME /var/lib/taizhang
EXPOSE 8000
ENTRYPOINT ["taizhang"]
CMD ["serve"]
