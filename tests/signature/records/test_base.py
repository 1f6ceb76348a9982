"""A record: found again in its file, never changed, and nothing in it that it does not know."""

import pytest
from pydantic import ValidationError

from signature.records.estimates import EffectEstimate, Estimate

FOUND = EffectEstimate(value=0.3, low=0.1, high=0.5, standard_error=0.1, p=0.003)


def test_a_record_is_found_again_in_its_file(tmp_path):
    FOUND.write(tmp_path / "found.json")
    text = (tmp_path / "found.json").read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert EffectEstimate.model_validate_json(text) == FOUND


def test_a_record_is_never_changed():
    with pytest.raises(ValidationError, match="frozen"):
        FOUND.value = 1.0


def test_an_unknown_key_is_refused():
    with pytest.raises(ValidationError, match="extra"):
        Estimate.model_validate(FOUND.model_dump())
