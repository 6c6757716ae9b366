"""The configuration file: what is right, and one sentence for what is wrong."""

from pathlib import Path

import pytest

from stimme.config import ConfigError, load_config

GOOD = """
[node]
data = "data"
[sip]
udp = ["127.0.0.1:5060"]
[web]
listen = "127.0.0.1:8443"
[tls]
certificate = "tls/cert.pem"
key = "/abs/key.pem"
[media]
socket = "data/run/media.sock"
ports = "20000-20100"
binary = "bin/stimme-media"
[store]
url = "sqlite+aiosqlite:///data/stimme.db"
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "stimme.toml"
    path.write_text(text)
    return path


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, GOOD))
    assert config.node.data == tmp_path / "data"
    assert config.tls.key == Path("/abs/key.pem")
    assert (config.sip.udp[0].host, config.sip.udp[0].port) == ("127.0.0.1", 5060)
    assert str(config.media.ports) == "20000-20100"
    assert config.calls.ring_timeout == 120


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('listen = "127.0.0.1:8443"', "", "web.listen: is required."),
        ('"127.0.0.1:5060"', '"localhost:5060"', "sip.udp[0]: 'localhost' is not an IP address; "),
        ("20000-20100", "20000", "media.ports: '20000' is not a port range; "),
        ("20000-20100", "20-10", "media.ports: '20-10' is empty; "),
        ("[sip]", "[sip]\nudpp = []", "sip.udpp: is not a known setting."),
        ("[store]", "[calls]\nring_timeout = 0\n[store]", "calls.ring_timeout: input should be greater"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, GOOD.replace(old, new)))
    (problem,) = caught.value.problems
    assert problem.startswith(sentence)


def test_unreadable_and_malformed_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "missing.toml")
    with pytest.raises(ConfigError, match="is not TOML"):
        load_config(write(tmp_path, "[node"))
