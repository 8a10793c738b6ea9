# The operator's image. Build it from the root of the repository: docker build -t smendpoints:0.1.0 .
# The base is pinned by tag and digest; whoever raises one raises both, in both stages.
FROM python:3.13.15-slim-bookworm@sha256:2325bb286ec344af3e5898cc224b5844e2707ac6e26b1632516fd3edc84a5e26 AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
COPY requirements/operator.txt /build/operator.txt
# Wheels alone: nothing is compiled, and no set-up code of a package runs.
RUN python -m venv --without-pip /opt/venv \
    && python -m pip --python /opt/venv/bin/python install --no-compile --require-hashes --only-binary :all: -r /build/operator.txt
COPY operator/smendpoints /opt/smendpoints/smendpoints
# The image's file system may be read-only, so bytecode is made here, and by the content of its source: pip's own is by its time,
# which a copy or a build with times of its own changes, and Python would compile all of it again at each start.
RUN /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/venv/lib /opt/smendpoints

FROM python:3.13.15-slim-bookworm@sha256:2325bb286ec344af3e5898cc224b5844e2707ac6e26b1632516fd3edc84a5e26
LABEL org.opencontainers.image.title="smendpoints" \
      org.opencontainers.image.description="Kubernetes operator for Amazon SageMaker endpoints" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/smendpoints /opt/smendpoints
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/smendpoints \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    USER=smendpoints
WORKDIR /opt/smendpoints
USER 65532:65532
EXPOSE 8080 9090
ENTRYPOINT ["python", "-m", "smendpoints"]
CMD ["run"]
