"""Which words the result has earned: the rules of the ladder, and what the next rung lacks."""

from __future__ import annotations

from typing import Any

from pipelines.fit.results_folder import Results
from signature.records.claim import RUNGS

TITLE = "What may be claimed"
ORDER = 5

_DESIGNS = {
    "prospective": "prospective: the outcome comes after the predictors",
    "diagnostic": "diagnostic: the outcome is the state at the time of the sample",
    "cross-sectional proxy": "cross-sectional proxy: the state at the time of the sample stands "
    "for what comes later",
    "case-control": "case-control: people were chosen by their outcome",
}
_RESULTS = {True: "met", False: "not met", None: "does not apply"}


def summarize(results: Results) -> dict[str, Any]:
    """Collect the rung, the rules of all rungs, and what the next one lacks."""
    claim = results.evaluation.claim
    above = RUNGS[RUNGS.index(claim.rung) + 1 :]
    return {
        "rung": claim.rung,
        "sentence": claim.sentence,
        "design": _DESIGNS[claim.design],
        "capped": claim.highest if claim.highest != RUNGS[-1] else None,
        "next": above[0] if above else None,
        "missing": claim.missing,
        "rungs": [
            {
                "name": rung,
                "reached": claim.at_least(rung),
                "checks": [
                    {
                        "rule": check.rule,
                        "measured": check.measured,
                        "result": _RESULTS[check.passed],
                        "passed": check.passed,
                    }
                    for check in claim.checks
                    if check.rung == rung
                ],
            }
            for rung in RUNGS[1:]
        ],
    }


TEMPLATE = """
{% from "macros.html" import data_table %}
<p><strong>{{ sentence }}</strong></p>
<p>Rungs are climbed in order, and each needs all of its rules. The rules were the same before the
data were seen. Declared design: {{ design }}.
{% if capped %}Such a design can earn “{{ capped }}” at most.{% endif %}</p>
{% if next %}
<h3>What “{{ next }}” lacks</h3>
<ul>
{% for line in missing %}<li>{{ line | sentence }}.</li>{% endfor %}
</ul>
{% endif %}
{% for rung in rungs %}
{% call data_table("Rules of “" ~ rung.name ~ "”: " ~ ("reached" if rung.reached else
"not reached"), ["Rule", "Measured", "Result"], false) %}
{% for check in rung.checks %}
<tr><th scope="row">{{ check.rule | sentence }}</th><td>{{ check.measured }}</td>
<td class="{{ "passed" if check.passed else "failed" if check.passed is sameas false else "" }}">
{{- check.result }}</td></tr>
{% endfor %}
{% endcall %}
{% endfor %}
"""
