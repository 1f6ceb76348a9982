"""The script that travels inside a registered model and answers for it (models-from-code).

Two ways lead here, and MLflow itself stands before one of them:

REST (``mlflow models serve``, uvicorn)
    Left alone, MLflow casts the request to the schema first: it drops columns it does not know,
    so that ``IL_6`` for ``IL6`` would pass as "not measured"; it reads ``"0.5"`` and ``true`` as
    numbers; and whatever it refuses, itself or on our behalf, it answers with the request's values
    in the error body. Therefore this model, loaded in a scoring server, takes over
    ``invocations``, the one function between HTTP and the model: the request is read by
    `signature.serve.invocation` and checked by `signature.serve.incoming`, and the error body is
    our message and nothing else. MLflow keeps ``/ping``, ``/version``, the timeout and everything
    of HTTP.

Python (``mlflow.pyfunc.load_model(…).predict``)
    MLflow enforces the schema before `predict` sees a row: it refuses integers where a double is
    meant and a required column that is missing, both with the rows in its exception; it drops
    unknown columns and unknown params with a line in the log. What it lets through is checked here
    as above. `signature.serve.serving.Scorer` has none of this in between.
"""

import os
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.pyfunc import PythonModel, PythonModelContext, scoring_server

from signature.exceptions import ModelInputError
from signature.serve.answering import Answerer
from signature.serve.invocation import read_params
from signature.serve.serving import Scorer


class ServedModel(PythonModel):
    """A `Scorer` behind MLflow's interface; the model folder is the artifact ``model``."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the model folder; in a scoring server, take over its requests."""
        self._scorer = Scorer(Path(context.artifacts["model"]))
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


def answer_requests(scorer: Scorer) -> None:
    """Let the scoring server of this process pass requests to `scorer` as they were sent.

    Raises
    ------
    RuntimeError
        When this MLflow has no such function: rather no server than one that prints values.
    """
    if not callable(getattr(scoring_server, "invocations", None)):
        raise RuntimeError(
            "this version of MLflow answers requests in another way than the one that the model "
            "was made with; install the version in the model's requirements"
        )

    answerer = Answerer(scorer)

    def invocations(
        data: bytes, content_type: str | None, model: Any, input_schema: Any
    ) -> scoring_server.InvocationsResponse:
        kind = (content_type or "").split(";")[0].strip().lower()
        if kind != scoring_server.CONTENT_TYPE_JSON:
            return scoring_server.InvocationsResponse(
                response="send JSON, with the header 'Content-Type: application/json'",
                status=415,
                mimetype="text/plain",
            )
        try:
            answer = answerer.answer(data.encode() if isinstance(data, str) else data).decode()
        except ModelInputError as error:
            raise MlflowException(str(error), error_code=INVALID_PARAMETER_VALUE) from None
        return scoring_server.InvocationsResponse(
            response=answer, status=200, mimetype=scoring_server.CONTENT_TYPE_JSON
        )

    scoring_server.invocations = invocations


set_model(ServedModel())
