"""The script that travels inside a registered model and answers for it (models-from-code).

Two ways lead here, and MLflow itself stands before one of them:

REST (``mlflow models serve``, uvicorn)
    Left alone, MLflow casts the request to the schema first: it drops columns it does not know,
    so that ``IL_6`` for ``IL6`` would pass as "not measured"; it reads ``"0.5"`` and ``true`` as
    numbers; and whatever it refuses, itself or on our behalf, it answers with the request's values
    in the error body; and it reads bodies of any length. Therefore this model, loaded in a scoring
    server, takes over what stands behind ``/invocations``: the request is read, checked and
    answered by `signature.serve.reception`, as by ``signature serve``, and the error body is our
    message and nothing else. MLflow keeps ``/ping``, ``/version``, the timeout and everything of
    HTTP.

Python (``mlflow.pyfunc.load_model(…).predict``)
    MLflow enforces the schema before `predict` sees a row: it refuses integers where a double is
    meant and a required column that is missing, both with the rows in its exception; it drops
    unknown columns and unknown params with a line in the log. What it lets through is checked here
    as above. `signature.serve.serving.Scorer` has none of this in between.
"""

import json
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import Model, set_model
from mlflow.models.model import MLMODEL_FILE_NAME
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.pyfunc import PythonModel, PythonModelContext, scoring_server

from signature.exceptions import ModelInputError
from signature.serve.answering import Answerer
from signature.serve.invocation import read_params
from signature.serve.reception import JSON, Reception
from signature.serve.serving import Scorer

_AROUND = "_async_catch_mlflow_exception"
"""What the scoring server puts around the function that reads a request and answers it."""


class ServedModel(PythonModel):
    """A `Scorer` behind MLflow's interface; the model folder is the artifact ``model``."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the model folder; in a scoring server, take over its requests."""
        folder = Path(context.artifacts["model"])
        self._scorer = Scorer(folder, _digest_beside(folder))
        if scoring_server._SERVER_MODEL_PATH in os.environ:
            answer_requests(self._scorer)

    def predict(
        self,
        context: PythonModelContext,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Return what `Scorer.score` returns; a refusal becomes MLflow's status 400."""
        try:
            return self._scorer.score(model_input, **read_params(params))
        except ModelInputError as error:
            raise MlflowException(str(error), error_code=INVALID_PARAMETER_VALUE) from None


def _digest_beside(folder: Path) -> str | None:
    """Return the digest that MLflow's own description of the model names, where it is there."""
    for parent in folder.parents[:2]:
        if (parent / MLMODEL_FILE_NAME).is_file():
            return (Model.load(str(parent)).metadata or {}).get("digest")
    return None


def answer_requests(scorer: Scorer) -> None:
    """Let the scoring server of this process pass requests to `scorer` as they arrive.

    Raises
    ------
    RuntimeError
        When this MLflow has no such functions: rather no server than one that prints values.
    """
    for name in (_AROUND, "invocations"):
        if not callable(getattr(scoring_server, name, None)):
            raise RuntimeError(
                "this version of MLflow answers requests in another way than the one that the "
                "model was made with; install the version in the model's requirements"
            )
    reception = Reception(Answerer(scorer))

    def instead(transformation: Callable[..., Any]) -> Callable[..., Any]:
        from fastapi.responses import Response

        # with its signature, by which the framework knows that it takes the request
        @wraps(transformation)
        async def respond(request: Any) -> Response:
            status, said = await reception.respond(request)
            if isinstance(said, str):
                code = "BAD_REQUEST" if status < 500 else "INTERNAL_ERROR"
                said = json.dumps({"error_code": code, "message": said}).encode()
            return Response(said, status_code=status, media_type=JSON)

        return respond

    setattr(scoring_server, _AROUND, instead)
    scoring_server.invocations = _closed


def _closed(*arguments: Any) -> Any:
    """Stand where MLflow would read a request itself."""
    raise MlflowException("requests are answered elsewhere", error_code=INVALID_PARAMETER_VALUE)


set_model(ServedModel())
