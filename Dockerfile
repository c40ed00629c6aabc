# The image of one connector: docker build --build-arg CONNECTOR=source-voxo -t airbyte/source-voxo:dev .
# `make image CONNECTOR=source-voxo` does that with docker or podman. No syntax that only BuildKit reads.
#
# BASE_IMAGE is what metadata.yaml names; any image with Python 3.10 to 3.13, pip and venv will do.
ARG BASE_IMAGE=airbyte/python-connector-base:4.1.0@sha256:1d1aa21d34e851df4e8a87b391c27724c06e2597608e7161f4d167be853bd7b6

FROM ${BASE_IMAGE} AS build
USER root
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PYTHONDONTWRITEBYTECODE=1
WORKDIR /build

# What runs the connectors and what builds them, each from the hashed lock. No connector is named above the next ARG,
# so that this step and its layer are the same for all of them.
COPY tools/maintain/runtime.py requirements.lock ./
COPY connectors/cdr/pyproject.toml ./cdr.toml
RUN python3 -m venv --without-pip /opt/connector && python3 -m venv --without-pip /opt/build \
    && python3 runtime.py requirements.lock cdr.toml > connector.lock \
    && python3 runtime.py requirements.lock hatchling > build.lock \
    && python3 -m pip --python /opt/connector/bin/python install --quiet --no-compile \
        --no-deps --require-hashes --only-binary :all: -r connector.lock \
    && python3 -m pip --python /opt/build/bin/python install --quiet --no-compile \
        --no-deps --require-hashes --only-binary :all: -r build.lock \
    && /opt/connector/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/connector/lib

# The shared package and the one connector, as wheels, into a folder of their own. pip check fails the build where a
# dependency is missing.
ARG CONNECTOR
COPY connectors/cdr ./connectors/cdr
COPY connectors/${CONNECTOR} ./connectors/${CONNECTOR}
RUN test -n "${CONNECTOR}" || { echo "Name one: --build-arg CONNECTOR=source-voxo" >&2; exit 1; } \
    && for package in cdr "${CONNECTOR}"; do \
        (cd "connectors/${package}" && /opt/build/bin/python -m hatchling build --target wheel --directory /build/wheels) \
        || exit 1; \
    done \
    && python3 -m pip --python /opt/connector/bin/python install --quiet --no-compile \
        --no-deps --no-index --no-warn-script-location --root /own wheels/*.whl \
    && PYTHONPATH="$(echo /own/opt/connector/lib/python3*/site-packages)" \
        python3 -m pip --python /opt/connector/bin/python check \
    && /opt/connector/bin/python -m compileall -q --invalidation-mode unchecked-hash -s /own /own/opt/connector/lib \
    && mkdir -p /own/airbyte/integration_code \
    && cp "connectors/${CONNECTOR}/main.py" "connectors/${CONNECTOR}/metadata.yaml" /own/airbyte/integration_code/ \
    && chmod -R a+rX /own

FROM ${BASE_IMAGE}
USER root
RUN id -u airbyte >/dev/null 2>&1 || useradd --uid 1000 --no-create-home --shell /usr/sbin/nologin airbyte
COPY --from=build /opt/connector /opt/connector
# Any user may run it: docker run --user "$(id -u)" reads a configuration that is that user's alone. Nothing is written
# but to /tmp: the CDK keeps a copy of the configuration there while a command runs. With a read-only root file system,
# mount a tmpfs on it.
ENV PATH=/opt/connector/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    AIRBYTE_ENTRYPOINT="/opt/connector/bin/python /airbyte/integration_code/main.py"
WORKDIR /airbyte/integration_code
ENTRYPOINT ["/opt/connector/bin/python", "/airbyte/integration_code/main.py"]

ARG CONNECTOR
ARG VERSION=dev
COPY --from=build /own/ /
LABEL io.airbyte.name="airbyte/${CONNECTOR}" io.airbyte.version="${VERSION}"
USER airbyte
