# Anneal as a server for several people, on a CPU. Build and run it with compose.yaml; HOSTING.md says more.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    ANNEAL_HOSTED=1 \
    ANNEAL_HOME=/data \
    STREAMLIT_SERVER_HEADLESS=true \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_BROWSER_GATHER_USAGE_STATS=false

WORKDIR /app

# torch comes first and for CPUs only, which halves the download; the same versions as in requirements.txt.
COPY requirements.txt .
RUN grep -E '^torch(vision)?==' requirements.txt > torch.txt \
    && pip install --index-url https://download.pytorch.org/whl/cpu -r torch.txt \
    && pip install -r requirements.txt

COPY app.py hosted.py hosting.toml LICENSE ./
COPY .streamlit .streamlit
COPY core core
COPY pages pages

# Nobody but this user needs to write, and only to the workspace.
RUN useradd --create-home --uid 10001 anneal \
    && mkdir /data \
    && chown anneal:anneal /data
USER anneal
VOLUME /data
EXPOSE 8501

HEALTHCHECK --interval=30s --timeout=20s --start-period=60s --retries=3 \
    CMD ["python", "-m", "core", "health"]

CMD ["python", "-m", "streamlit", "run", "hosted.py"]
