"""An MLflow server in a process of its own that dies at a chosen request, or stops answering.

``python -m tests.made.mlflow_server FOLDER PORT [REQUESTS [WAY]]`` answers so many requests, then
is gone (``die``), or takes connections and says nothing (``hang``), or refuses (``refuse``).
"""

import os
import sys
import time
from pathlib import Path
from typing import Any


def main(folder: str, port: str, requests: str = "-1", way: str = "die") -> None:
    """Serve until killed, or until the chosen request."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    os.environ.update(
        MLFLOW_DISABLE_TELEMETRY="true",
        MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false",
        MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE="true",
        _MLFLOW_SERVER_FILE_STORE=f"sqlite:///{place / 'mlflow.db'}",
        _MLFLOW_SERVER_REGISTRY_STORE=f"sqlite:///{place / 'mlflow.db'}",
        _MLFLOW_SERVER_ARTIFACT_ROOT="mlflow-artifacts:/",
        _MLFLOW_SERVER_ARTIFACT_DESTINATION=str(place / "artifacts"),
        _MLFLOW_SERVER_SERVE_ARTIFACTS="true",
    )
    from mlflow.server import app
    from werkzeug.serving import make_server

    left = [int(requests)]

    def counted(environ: dict[str, Any], start: Any) -> Any:
        if left[0] == 0:
            if way == "die":
                os._exit(0)
            if way == "hang":
                time.sleep(3600)
            start("503 Service Unavailable", [("Retry-After", "3600")])
            return [b""]
        left[0] -= 1
        return app(environ, start)

    make_server("127.0.0.1", int(port), counted, threaded=True).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
