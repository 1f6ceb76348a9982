"""Write down which clusters of the panel go with the outcome, on all development rows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from pipelines.question.folds import development_rows
from pipelines.question.study import AssembledStudy
from signature.prepare.procedures import linear_steps
from signature.randomness import seed_for
from signature.records.clusters import ClusterRecord, ClustersRecord, Member
from signature.select.cluster_selection import ClusterSelection, ClusterVerdict
from signature.select.panel_rows import FEWEST_PEOPLE
from signature.study.schema import FeatureSchema, source_of

FILE_NAME = "clusters.json"


def keep_clusters(study: AssembledStudy, folder: Path) -> None:
    """Write ``clusters.json``, or remove one where a class has too few people."""
    found = clusters_record(study)
    file = folder / FILE_NAME
    if found is None:
        file.unlink(missing_ok=True)
        return
    found.write(file)


def clusters_record(study: AssembledStudy) -> ClustersRecord | None:
    """Cluster and test the panel; None where a class has too few people.

    Rows are prepared as for a linear model, which takes no look at the outcome.
    """
    experiment, cohort = study.experiment, study.cohort
    rows = development_rows(cohort, experiment.validation)
    outcome, person = (np.asarray(a)[rows] for a in (cohort.outcome, cohort.person))
    people = pd.Series(outcome).groupby(person).max()
    if people.value_counts().reindex([0, 1], fill_value=0).min() < FEWEST_PEOPLE:
        return None
    schema, seed = cohort.schema, seed_for(experiment.seed, "clusters")
    table = Pipeline(linear_steps(schema, random_state=seed)).fit_transform(cohort.X.iloc[rows])
    panel = [m for m in schema.panel if any(source_of(c) == m for c in table)]
    site = None if cohort.site is None else cohort.site.to_numpy()[rows]
    selection = ClusterSelection(panel, random_state=seed).fit(table, outcome, person, site)
    return ClustersRecord(
        experiment=experiment.name,
        n_rows=len(rows),
        n_events=int(outcome.sum()),
        panel_size=len(selection.markers_),
        n_covariates=sum(source_of(str(c)) not in panel for c in table),
        cut=selection.cut,
        level=selection.level,
        beyond=selection.beyond,
        n_shared=selection.n_shared_,
        clusters=tuple(_record(cluster, schema) for cluster in selection.clusters_),
    )


def _record(cluster: ClusterVerdict, schema: FeatureSchema) -> ClusterRecord:
    families = Counter(schema[name].group for name in cluster.members)
    return ClusterRecord(
        members=tuple(Member(name=n, label=schema[n].label) for n in cluster.members),
        families=tuple(name for name, _ in families.most_common() if name),
        stability=round(cluster.stability, 4),
        pvalue=cluster.pvalue,
        found=cluster.found,
        direction=cluster.direction,
    )
