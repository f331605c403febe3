"""What a person can do about an error, in the words of Prefect and of nothing else."""

from __future__ import annotations

import pickle
import re

import cloudpickle
import pytest

from nemovideo_nodes.errors import BadInput, ErrorCode, Remedy, RunStopped
from nemovideo_nodes.prefect.wording import FORM_WORDING, in_form_words

FOREIGN = re.compile(r"--|NEMO_|NEMOVIDEO_|nemovideo |DAG|argument|resend=|again=")


@pytest.mark.parametrize("remedy", Remedy)
def test_every_remedy_is_told_in_the_words_of_prefect(remedy: Remedy) -> None:
    """A field of a form, a Retry, a block; no option, variable or command of another door."""
    with pytest.raises(RunStopped) as caught, in_form_words():
        raise RunStopped("It stopped", remedy=remedy, run_id="morning", code=ErrorCode.RUN_STOPPED)
    text = str(caught.value)
    assert text.startswith("It stopped. ")
    assert not FOREIGN.search(text)
    assert "{" not in text
    assert text[-1] not in ".:,"


def test_no_sentence_is_rewritten() -> None:
    """What happened is told as it is."""
    with pytest.raises(BadInput) as caught, in_form_words():
        raise BadInput("There is no file 'a--b.png': check the path")
    assert caught.value.sentence == "There is no file 'a--b.png': check the path"


def test_an_error_keeps_its_words_when_it_is_pickled() -> None:
    """Prefect hands errors from one process to another."""
    with pytest.raises(RunStopped) as caught, in_form_words():
        raise RunStopped("It stopped", remedy=Remedy.RESEND, run_id="morning", resumable=True)
    again = pickle.loads(cloudpickle.dumps(caught.value))
    assert (str(again), again.resumable) == (str(caught.value), True)
    assert set(FORM_WORDING) == set(Remedy)
