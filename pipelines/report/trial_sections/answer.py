"""The first screen of a trial: which word the result has earned, how sure, what not to do."""

from __future__ import annotations

from typing import Any

from pipelines.report.trial_results import TrialResults
from pipelines.report.trial_words import decimals, good, shown, unit_of_difference

TITLE = "The answer"
ORDER = 0


def summarize(results: TrialResults) -> dict[str, Any]:
    """Collect the answer and what it rests on."""
    record = results.record
    claim, size = record.claim, record.size
    overall = next(one for one in record.average if one.arm == record.treated)
    return {
        "question": record.experiment["question"],
        "caution": record.experiment["caution"],
        "sentence": claim.sentence,
        "advice": claim.advice,
        "verdict": "yes" if claim.predictive else "no",
        "predictive": claim.predictive,
        "prognostic": claim.prognostic,
        "checks": [check.model_dump() for check in claim.checks],
        "small": size.small,
        "withheld": [one.what for one in size.not_reported],
        "randomised": sum(arm.randomised for arm in record.flow),
        "arms": [{"arm": arm.arm, "randomised": arm.randomised} for arm in record.flow],
        "known": sum(arm.known for arm in record.flow),
        "endpoint": record.endpoint["label"],
        "good": good(record),
        "treated": record.treated,
        "control": record.arms[0],
        "unit": unit_of_difference(record),
        "digits": decimals(record),
        "benefit": shown(overall.adjusted or overall.unadjusted),
        "adjusted": overall.adjusted is not None,
        "headline": None
        if record.headline is None
        else {
            "p": record.headline.p,
            "p_low": record.headline.p_low,
            "p_high": record.headline.p_high,
            "how": record.headline.how,
            "people": sum(record.headline.people.values()),
        },
        "folds": record.experiment["crossfitting"]["folds"],
        "repeats": record.experiment["crossfitting"]["repeats"],
    }


TEMPLATE = """
{% from "macros.html" import data_table %}
<div class="verdict {{ verdict }}">
<p class="answer">{{ sentence }}</p>
<p class="claim"><strong>{{ advice }}</strong></p>
</div>
<p class="question"><strong>What was asked.</strong> {{ question }}</p>
<dl class="facts">
<div><dt>Randomised</dt><dd>{{ randomised | count }}
<small>{% for one in arms %}{{ one.randomised | count }} {{ one.arm }}{{ "; " if not loop.last
}}{% endfor %}; outcome known of {{ known | count }}</small></dd></div>
<div><dt>Outcome</dt><dd class="words">{{ endpoint }} <small>{{ good }}</small></dd></div>
<div><dt>Average benefit of {{ treated }}</dt><dd>{{ benefit.value | number(digits, true) }}
<small>95 % interval {{ benefit.low | number(digits, true) }} to
{{ benefit.high | number(digits, true) }} {{ unit }}
against {{ control }}; above 0 is good{{ ", adjusted" if adjusted }}</small></dd></div>
</dl>
<div class="two">
<div>
<h3>How sure is this?</h3>
<ul>
{% if small %}
<li>No model was learned. In a trial of this size one would find mostly chance, however carefully it
was validated.</li>
{% elif headline is none %}
<li>The learner predicted the same benefit for everybody, which is its way to say that it found no
difference. There was nothing to test.</li>
{% else %}
<li>The word <em>predictive</em> hangs on one test, chosen before: {{ headline.p | p_is }}
(its Monte Carlo interval {{ headline.p_low | number(3) }} to {{ headline.p_high | number(3) }}), in
{{ headline.people | count }} people of the two arms.</li>
<li>The benefit of each person was predicted by models that had not seen them ({{ repeats }} ×
{{ folds }} folds); for the p-value the whole learning was repeated on {{ headline.how }}.</li>
{% endif %}
<li>Other numbers on this page describe. They change neither word.</li>
</ul>
</div>
<div>
<h3>What not to do with it</h3>
<ul>
<li>{{ caution }}</li>
{% if not predictive %}<li>Choosing treatment by this panel: nothing here shows that those chosen
would gain more.</li>{% endif %}
{% if prognostic and not predictive %}<li>Taking prognosis for benefit: people whom the panel calls
worse off may gain as much from treatment, or as little, as others.</li>{% endif %}
{% if predictive %}<li>Treating by it: first it must hold in people of another trial.</li>{% endif
%}
{% if withheld %}<li>Asking it for more: {{ withheld | join("; ") }}.
<a href="#small">Why not</a>.</li>{% endif %}
</ul>
</div>
</div>
{% call data_table("What each word asks for", ["Rule", "Measured", "Met"], false) %}
{% for check in checks %}
<tr><th scope="row">{{ check.rule | sentence }}</th><td>{{ check.measured }}</td>
<td>{{ "yes" if check.passed else "no" }}</td></tr>
{% endfor %}
{% endcall %}
"""
