# The app, the API and the command line in one image; compose.yaml runs it.
FROM python:3.12-slim

RUN apt-get update \
 && apt-get install --yes --no-install-recommends git \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /src
COPY pyproject.toml README.md LICENSE inforce.py ./
COPY agent agent
COPY corpus corpus
COPY eval eval
COPY retrieval retrieval
COPY rl rl
COPY ui ui
RUN pip install --no-cache-dir ".[serve,postgres,sign-in]"

RUN useradd --create-home inforce && install --directory --owner inforce /home/inforce/.inforce
USER inforce
WORKDIR /home/inforce
ENTRYPOINT ["inforce"]
CMD ["--help"]
