# syntax=docker/dockerfile:1
# IMPSY's page and session in one container; docs/installing.md says how to use it.
ARG PYTHON=3.12
# Of the base image, as sha256:…; a release names the one that it was tried with. Empty: the one that is there today.
ARG DIGEST=""

# The wheel is the same for every processor, so it is made once, on the one that builds.
FROM --platform=$BUILDPLATFORM python:${PYTHON}-slim-bookworm${DIGEST:+@${DIGEST}} AS build
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:${PYTHON}-slim-bookworm${DIGEST:+@${DIGEST}}
# "train" adds what learning needs; with nothing, the image plays and records.
ARG EXTRAS=""
ENV PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1 NO_COLOR=1
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    --mount=type=bind,source=constraints.txt,target=/constraints.txt \
    pip install --no-cache-dir --constraint /constraints.txt "$(echo /wheels/impsy-*.whl)${EXTRAS:+[${EXTRAS}]}"
# ALSA's library, which MIDI ports need; the slim image does not have it.
RUN apt-get update && apt-get install --yes --no-install-recommends libasound2=1.* && rm -rf /var/lib/apt/lists/*
COPY --chmod=755 packaging/docker/entrypoint.sh /usr/local/bin/impsy-entrypoint
COPY packaging/docker/config.toml /usr/local/share/impsy/config.toml
RUN useradd --uid 1000 --groups audio,dialout --create-home impsy \
    && install --directory --owner=impsy --group=impsy /workspace
# What is compiled for training is machine code: it is kept for as long as the container lives, in a folder of its user
# alone (/tmp/.cache/impsy), never in the workspace, which may come from anyone.
ENV HOME=/tmp
USER 1000:1000
WORKDIR /workspace
EXPOSE 4000 6000/udp 6000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 CMD ["impsy", "webui", "--check"]
ENTRYPOINT ["impsy-entrypoint"]
CMD ["impsy", "webui", "--host", "0.0.0.0", "--start", "--no-open"]
