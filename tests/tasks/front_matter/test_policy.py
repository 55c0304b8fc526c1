import pickle
from typing import Any

import pytest

from config.errors import SettingsError
from tasks.front_matter.findings import CODES
from tasks.front_matter.policy import DEFAULT_ACTIONS, ReadPolicy


def test_every_action_is_for_a_known_code() -> None:
    assert set(DEFAULT_ACTIONS) <= set(CODES)


def test_given_actions_are_laid_over_the_defaults() -> None:
    policy = ReadPolicy(actions={"yaml/tag": "warn"})
    assert policy.action("yaml/tag") == "warn"
    assert policy.action("text/byte-order-mark") == "accept"
    assert policy.action("yaml/syntax") == "reject"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"actions": {"yaml/duplicate": "warn"}}, "did you mean 'yaml/duplicate-key'"),
        ({"actions": {"yaml/tag": "rejected"}}, r"yaml/tag: 'rejected'; did you mean 'reject'"),
        ({"fallback_encoding": "windows-1253x"}, "windows-1253x"),
        ({"max_depth": 0}, r"read\.max_depth"),
        ({"max_depth": 201}, r"read\.max_depth"),
        ({"max_nodes": 0}, r"read\.max_nodes"),
    ],
)
def test_a_wrong_policy_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        ReadPolicy(**settings)


def test_a_policy_travels_to_workers() -> None:
    policy = ReadPolicy(max_depth=5, actions={"yaml/tag": "warn"})
    assert pickle.loads(pickle.dumps(policy)) == policy
