"""The sentence that a user reads when something cannot work."""


class ConfigError(ValueError):
    """A configuration, network or bundle that cannot work; its text is one sentence for the user."""


def require(condition: bool, sentence: str) -> None:
    """Raise :class:`ConfigError` with ``sentence`` unless ``condition`` holds."""
    if not condition:
        raise ConfigError(sentence)
