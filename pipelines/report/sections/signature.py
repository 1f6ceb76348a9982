"""Which markers passed selection, if any, how sure that is, and what may stand in for them."""

from __future__ import annotations

from typing import Any

from pipelines.fit.results_folder import Results

TITLE = "Selection of markers"
ORDER = 52

NAMED = "The signature"
"""Title where something passed and there is a claim; without that there is nothing to call so."""

UNCLAIMED = "held-out people give the result nothing to claim"

BOUNDS = {
    "permutation": "read off permuted data",
    "r-concave": "the r-concave bound of Shah and Samworth (2013)",
    "unimodal": "the unimodal bound of Shah and Samworth (2013)",
    "none": "the bound of Meinshausen and Bühlmann (2010)",
}


def summarize(results: Results) -> dict[str, Any] | None:
    """Collect what passed, what did not, and how far outer folds agree; None without selection."""
    found = results.signature
    if found is None:
        return None
    told = results.equivalents
    claimed = results.evaluation.claim.at_least("exploratory")
    swaps: dict[str, list[str]] = {}
    if told is not None and told.fingerprint == found.fingerprint:
        for s in told.stand_ins:
            if s.comparison.equivalent:
                swaps.setdefault(s.marker, []).append(s.stand_in_label)
    return {
        **({"section_title": NAMED} if found.markers and claimed else {}),
        "current": found.fingerprint == results.launch.fingerprint,
        "n": len(found.markers),
        "panel_size": found.panel_size,
        "label": found.candidate_label,
        "chosen": found.chosen,
        "final_model": found.final_model,
        "event": found.event,
        "rows": found.n_rows,
        "events": found.n_events,
        "pvalue": found.pvalue,
        "alpha": found.alpha,
        "tested_and_failed": found.pvalue is not None
        and found.alpha is not None
        and found.pvalue > found.alpha,
        "threshold": found.threshold,
        "tested_each": found.tested_each,
        "level": found.level,
        "share": found.error == "fdr",
        "bound": BOUNDS[found.bound],
        "declared_bound": found.declared_bound,
        "learner": found.learner,
        "per_half": found.per_half,
        "pairs": found.pairs,
        "permutations": found.permutations,
        "prognostic_score": found.prognostic_score,
        "most_markers": found.most_markers,
        "cluster_cut": found.cluster_cut,
        "markers": [
            m.model_dump()
            | {
                "higher": {1: "more", -1: "fewer", 0: "no more and no fewer"}[m.direction],
                "stand_ins": swaps.get(m.name, []),
            }
            for m in found.markers
        ],
        "near": [m.model_dump() for m in found.near],
        "agreement": found.agreement.model_dump(),
        "points": _points(found.points.model_dump()) if found.points and claimed else None,
        "no_points": found.no_points if claimed else UNCLAIMED,
        "equivalents": None if told is None else told.model_dump() | {"floor": -told.margin},
        "equivalents_current": told is not None and told.fingerprint == found.fingerprint,
        "command": f"python -m pipelines.equivalents results/{found.experiment}",
    }


def _points(points: dict[str, Any]) -> dict[str, Any]:
    points["rows"] = [
        {"label": line["label"], "unit": line["unit"], "points": _values(line)}
        for line in points["lines"]
    ]
    points["loss_kept"] = points["loss"] <= points["largest_loss"]
    return points


def _values(line: dict[str, Any]) -> list[dict[str, Any]]:
    values = [{"kind": "band", **band} for band in line["bands"]]
    values += [
        {"kind": kind, "points": line[kind]}
        for kind in ("below_limit", "yes")
        if line[kind] is not None
    ]
    return values


def draw(summary: dict[str, Any]) -> dict[str, Any]:
    """Draw how often half-samples and outer folds chose each marker, and the threshold."""
    from pipelines.report import selection_plots

    return selection_plots.draw(summary)


TEMPLATE = """
{% from "macros.html" import data_table, figure %}
{% if not current %}
<p><strong>This selection does not belong to this report</strong>: it was made from other data,
settings or code.</p>
{% endif %}
{% if n %}
<p><strong>{{ n | count }} of {{ panel_size | count }} markers passed</strong>, in the fit on all
{{ rows | count }} development rows ({{ events | count }} events).
At most {{ declared_bound | number(2) }} false markers are expected among these
{{- " (declared bound; the level asked for is a share of " ~ (level | number(2)) ~ ")" if share }}.
{% if pvalue is not none %}That no marker is associated with the outcome has p =
{{ pvalue | quantity }}{% endif %}.</p>
{% else %}
<p><strong>No marker passed.</strong> {{ panel_size | count }} markers were looked at in
{{ rows | count }} rows with {{ events | count }} events.
{% if tested_and_failed %}The strongest one is no stronger than the strongest of permuted data: p =
{{ pvalue | quantity }}, where {{ alpha | quantity }} or less was asked for.
{% elif pvalue is not none %}The strongest one is stronger than those of permuted data (p =
{{ pvalue | quantity }}), but no single marker is chosen often enough to be named.
{% endif %}
At most {{ level | number(2) }} {{ "of those named" if share else "false markers" }} were allowed in
expectation. That is no proof that no marker matters: with few people, weak ones pass
unseen.</p>
{% endif %}
<p>{% if chosen %}“{{ label if n else "The candidate that selects" }}” is also the final model.
{% else %}The final model is another one, “{{ final_model }}”: what follows is of
{{ "“" ~ label ~ "”" if n else "the candidate that selects" }}, fitted on the same
rows.{% endif %}</p>
{% if n %}
{% call data_table("Markers that passed", ["Marker", "A higher value", "Log-odds per SD",
"Log-odds per step", "Half-samples (Monte Carlo interval)", "Outer folds",
"Goes with"]) %}
{% for m in markers %}
<tr><th scope="row">{{ m.label }}</th><td class="text">{{ m.higher }} events</td>
<td>{{ m.per_sd | number(2, true) }}</td>
<td>{% if m.per_step is not none %}{{ m.per_step | number(2, true) }}
<small>{{ m.step }}</small>{% else %}no fixed step{% endif %}
{% if m.below_limit is not none %}<small>below limit {{ m.below_limit | number(2, true) }}</small>
{% endif %}</td>
<td>{{ m.frequency | estimate(2) }}</td><td>{{ m.outer_folds | percent }}</td>
<td class="text">{% for c in m.cluster %}{{ c.label }} ({{ c.correlation | number(2) }})
{{- ", " if not loop.last }}{% else %}none{% endfor %}
{% if m.stand_ins %}<small>may be replaced by {{ m.stand_ins | join(", ") }}</small>{% endif %}</td>
</tr>
{% endfor %}
{% endcall %}
<p>Weights are shrunken, and hold beside the other markers and the clinical features; the event:
{{ event }}. “Goes with” names markers of the panel with a Spearman correlation of
{{ cluster_cut | number(2) }} or more either way: a marker that passed stands for all of them.
A weight is not a cause.</p>
{% endif %}
{% if figures %}
{% call figure(figures.frequency, "Share of half-samples, and of outer folds, that chose a marker"
~ ("; the dashed line is the threshold" if threshold is not none else "")) %}
{% call data_table("How often markers were chosen", ["Marker", "Passed", "Half-samples",
"Outer folds"]) %}
{% for m in markers %}
<tr class="headline"><th scope="row">{{ m.label }}</th><td>yes</td>
<td>{{ m.frequency | estimate(3) }}</td><td>{{ m.outer_folds | percent }}</td></tr>
{% endfor %}
{% for m in near %}
<tr><th scope="row">{{ m.label }}</th><td>no</td><td>{{ m.frequency | estimate(3) }}</td>
<td>{{ m.outer_folds | percent }}</td></tr>
{% endfor %}
{% endcall %}
{% endcall %}
{% endif %}
<p>{{ pairs | count }} pairs of half-samples each chose {{ per_half | count }} markers
({{ "each beside the others" if learner == "elastic_net" else "one by one" }}).
{% if threshold is not none %}The threshold is {{ threshold | number(3) }}; it comes
from: {{ bound }}
{%- if permutations %}, {{ permutations | count }} permutations{% endif %}.
{% elif tested_each %}Markers are so few that each was tested against permuted data instead, at a
family-wise error of {{ alpha | quantity }}; these shares are for information.
{% elif tested_and_failed %}No threshold was looked for.
{% else %}No threshold keeps the level.
{% endif %}
{% if prognostic_score %}One score stood for the clinical features, which are many.{% endif %}
{% if most_markers is not none and n == most_markers %}No more than {{ most_markers | count }} are
kept.{% endif %}</p>
<h3>Do other people of the same study give the same markers?</h3>
<p>The selection was done anew in each of {{ agreement.outer_folds | count }} outer folds:
{{ agreement.selecting_nothing | count }} of them selected nothing, and
{{ agreement.mean_size | number(1) }} markers were selected on average.
{% if agreement.selecting_nothing < agreement.outer_folds %}
Two folds share {{ agreement.jaccard | percent }} of what either selected (mean Jaccard index;
two that both select nothing count as 100 %).
{% if agreement.nogueira is not none %}Stability corrected for chance (Nogueira 2018):
{{ agreement.nogueira | estimate(2) }}; 1 is full agreement, 0 is drawing at random.{% endif %}
{% endif %}</p>
<p>Folds share most of their people, so another study would agree less.</p>
{% if points is not none %}
<h3>A score to add up by hand</h3>
<p>Look up each value, add the points; a missing value counts 0. A band is {{ points.band_in_sd |
number(1) }} standard deviations wide, counted from the median.
Points rank the development rows as the model does with a correlation of
{{ points.rank_correlation | number(3) }}: {{ points.loss | number(3) }} is lost
{%- if not points.loss_kept %}, <strong>more than the {{ points.largest_loss | number(2) }} aimed
at</strong>{% else %} ({{ points.largest_loss | number(2) }} was allowed){% endif %}.
{% if points.left_out %}Worth less than half a point and left out:
{{ points.left_out | join(", ") }}.{% endif +%}
The score itself was not tested on held-out people.</p>
{% call data_table("Points by value", ["Feature", "Unit", "Value: points"]) %}
{% for line in points.rows %}
<tr><th scope="row">{{ line.label }}</th><td class="text">{{ line.unit }}</td><td class="text">
{% for v in line.points %}
{% if v.kind == "yes" %}yes{% elif v.kind == "below_limit" %}below the limit
{%- elif v.low is none %}under {{ v.high | quantity }}
{%- elif v.high is none %}{{ v.low | quantity }} or more
{%- else %}{{ v.low | quantity }} to {{ v.high | quantity }}{% endif %}: <strong class="whole">
{{- v.points | number(0, true) }}</strong>{{ "; " if not loop.last }}
{% endfor %}
</td></tr>
{% endfor %}
{% endcall %}
{% call data_table("Probability by score", ["Score", "Probability"]) %}
{% for p in points.probabilities %}
<tr><th scope="row">{{ p.score | number(0) }}</th><td>{{ p.probability | percent }}</td></tr>
{% endfor %}
{% endcall %}
{% elif n %}
<p>There is no score to add up by hand: {{ no_points }}.</p>
{% endif %}
{% if n %}
<h3>May other markers stand in?</h3>
{% if equivalents is none %}
<p>Not tried yet: <code>{{ command }}</code> swaps markers inside the outer folds;
<code>--measured</code> names those that a laboratory has.</p>
{% elif not equivalents_current %}
<p><strong>The swaps that were tried do not belong to this report</strong>; make them again with
<code>{{ command }}</code>.</p>
{% else %}
<p>One marker at a time gave way to another with a correlation of
{{ equivalents.cluster_cut | number(2) }} or more in training rows; everything was refitted inside
{{ equivalents.outer_folds | count }} outer folds. A stand-in is equivalent when the interval of the
difference in AUROC lies above {{ equivalents.floor | number(3) }}.
{% if equivalents.own_folds < equivalents.outer_folds %}Folds that selected nothing themselves start
from the markers above, which other people helped to select: differences are fair, the AUROC of
{{ equivalents.auroc | estimate(3) }} itself is too high.{% endif %}</p>
{% if equivalents.stand_ins %}
{% call data_table("Stand-ins, minus the marker itself", ["Marker", "Stand-in", "AUROC", "Log-loss",
"Equivalent"]) %}
{% for s in equivalents.stand_ins %}
<tr><th scope="row">{{ s.label }}</th><td class="text">{{ s.stand_in_label }}</td>
<td>{{ s.comparison.auroc | estimate(3, true) }}</td>
<td>{{ s.comparison.log_loss | estimate(3, true) }}</td>
<td>{{ "yes" if s.comparison.equivalent else "not shown" }}</td></tr>
{% endfor %}
{% endcall %}
{% else %}
<p>No other marker goes with any of them so closely, so there is no stand-in.</p>
{% endif %}
{% if equivalents.within_reach is not none %}
{% set w = equivalents.within_reach %}
<p><strong>Within reach</strong>, of {{ w.measured | length | count }} markers that can be
measured: {{ w.labels | join(", ") or "none" }}
{%- if w.cost is not none %}, at a cost of {{ w.cost | quantity }}
{%- if w.own_cost is not none %} instead of {{ w.own_cost | quantity }}{% endif %}{% endif %}.
{% for r in w.replaced %}{{ r.label }}
{%- if r.stand_in_label is none %} was dropped{% else %} gave way to {{ r.stand_in_label }}
{%- endif %}{{ "; " if not loop.last else "." }}
{% endfor %}
AUROC {{ w.comparison.auroc | estimate(3, true) }}, log-loss
{{ w.comparison.log_loss | estimate(3, true) }} against the markers as they are:
{{ "equivalent" if w.comparison.equivalent else "equivalence is not shown" }}.</p>
{% endif %}
{% endif %}
{% endif %}
"""
