# The image of both daemons. Build it with any builder:
#   docker build -t wattkeeper .
# SET says for what: node (the default), site (meters that speak Sparkplug, too) or report (what
# `wattkeeper report` needs, and tariffs that know public holidays):
#   docker build -t wattkeeper:site --build-arg SET=site .
# BASE may be a Python image (3.11 to 3.13) or a plain Debian one. Behind a mirror, hand pip's own
# settings over as secrets: --secret id=pip.conf,src=/etc/pip.conf, and with an authority of your own
# --secret id=pip.ca,src=ca.crt (in that pip.conf: cert = /run/secrets/pip.ca).
ARG BASE=python:3.13-slim-bookworm

FROM ${BASE} AS base
RUN command -v python3 >/dev/null || { \
      apt-get update -qq \
      && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3 \
      && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*; }

FROM base AS build
ARG SET=node
RUN python3 -c 'import ensurepip' 2>/dev/null || { \
      apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv; }
WORKDIR /src
COPY requirements requirements
COPY scripts/build-requirements scripts/
# Two environments, so that neither pip nor the build backend gets into the image.
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=pip.ca \
    python3 -m venv /opt/build \
    && python3 -m venv --without-pip /opt/wattkeeper \
    && scripts/build-requirements > build.txt \
    && pip='/opt/build/bin/python -m pip --no-cache-dir --disable-pip-version-check' \
    && $pip install -q --no-deps --require-hashes -r build.txt \
    && $pip --python /opt/wattkeeper/bin/python \
         install -q --no-deps --require-hashes -r "requirements/$SET.txt"
COPY LICENSE README.md pyproject.toml ./
COPY alerts alerts
COPY collector collector
COPY dashboards dashboards
COPY exporters exporters
COPY deploy/healthcheck.py /opt/wattkeeper/healthcheck.py
RUN /opt/build/bin/python -m hatchling build -t wheel -d dist \
    && /opt/build/bin/python -m pip --disable-pip-version-check --python /opt/wattkeeper/bin/python \
         install -q --no-deps --no-index dist/*.whl \
    && install -d -o 9410 -g 9410 -m 0750 /empty

FROM base
LABEL org.opencontainers.image.title="wattkeeper" \
      org.opencontainers.image.description="Measures, budgets and accounts for every watt of a GPU site." \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/wattkeeper /opt/wattkeeper
COPY --from=build --chown=9410:9410 /empty /var/lib/wattkeeper
# The NVIDIA container runtime mounts devices and the driver's libraries because of these two.
ENV PATH=/opt/wattkeeper/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=utility
# A number, not a name: Kubernetes must see that it is not root.
USER 9410:9410
VOLUME /var/lib/wattkeeper
EXPOSE 9410 9411
HEALTHCHECK --interval=60s --timeout=5s --start-period=10s \
  CMD ["/opt/wattkeeper/bin/python", "-IS", "/opt/wattkeeper/healthcheck.py"]
ENTRYPOINT ["wattkeeper"]
CMD ["node"]
