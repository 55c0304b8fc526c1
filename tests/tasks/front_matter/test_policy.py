import pickle

import pytest

from config.errors import SettingsError
from tasks.front_matter.policy import DEFAULT_ACTIONS, ReadPolicy
from tasks.front_matter.problems import CODES


def test_every_action_is_for_a_known_code() -> None:
    assert set(DEFAULT_ACTIONS) <= set(CODES)


def test_given_actions_are_laid_over_the_defaults() -> None:
    policy = ReadPolicy(actions={"yaml/tag": "warn"})
    assert policy.action("yaml/tag") == "warn"
    assert policy.action("text/byte-order-mark") == "accept"
    assert policy.action("yaml/syntax") == "reject"


def test_an_unknown_code_names_the_nearest() -> None:
    with pytest.raises(SettingsError, match="did you mean 'yaml/duplicate-key'"):
        ReadPolicy(actions={"yaml/duplicate": "warn"})


def test_an_unknown_action_names_the_nearest() -> None:
    with pytest.raises(SettingsError, match=r"yaml/tag: 'rejected'; did you mean 'reject'"):
        ReadPolicy(actions={"yaml/tag": "rejected"})


@pytest.mark.parametrize(("depth", "nodes"), [(0, 10), (201, 10), (10, 0)])
def test_limits_have_a_range(depth: int, nodes: int) -> None:
    with pytest.raises(SettingsError, match=r"read\.max_"):
        ReadPolicy(max_depth=depth, max_nodes=nodes)


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(SettingsError, match="windows-1253x"):
        ReadPolicy(fallback_encoding="windows-1253x")


def test_a_policy_travels_to_workers() -> None:
    policy = ReadPolicy(max_depth=5, actions={"yaml/tag": "warn"})
    assert pickle.loads(pickle.dumps(policy)) == policy
