# The course and its sandbox, without the tools that only its developers need.
FROM python:3.11-slim-bookworm AS build
RUN python -m pip install --no-cache-dir 'uv>=0.9'
WORKDIR /course
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src src
# constraints.txt pins every version and its hashes. What `aws help` shows is thousands of files.
RUN python -m venv /venv \
 && uv pip install --no-cache --python /venv --constraints constraints.txt --compile-bytecode '.[cohort]' \
 && rm -r /venv/lib/python3.*/site-packages/awscli/examples

FROM python:3.11-slim-bookworm
# A database that a lab makes is a real PostgreSQL; no server of Debian's own is set up. A cohort's workers run
# functions in bubblewrap's boxes.
RUN apt-get update \
 && apt-get install -y --no-install-recommends postgresql-common \
 && echo "create_main_cluster = false" >> /etc/postgresql-common/createcluster.conf \
 && apt-get install -y --no-install-recommends bubblewrap postgresql \
 && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 1000 learner \
 && mkdir -p /course/work /home/learner/.cloudlings \
 && chown -R learner:learner /course/work /home/learner/.cloudlings
COPY --from=build /venv /venv
WORKDIR /course
COPY --chown=root:root pyproject.toml ./
COPY --chown=root:root solutions solutions
COPY --chown=root:root graders graders
COPY --chown=root:root labs labs
ENV PATH=/venv/bin:/usr/local/bin:/usr/bin:/bin \
    CLOUDLINGS_ROOT=/course \
    CLOUDLINGS_HOME=/home/learner/.cloudlings \
    PYTHONUNBUFFERED=1
USER learner
CMD ["cloudlings", "start", "--wait"]
