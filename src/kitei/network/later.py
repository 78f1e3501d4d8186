"""Fields that parts were given after orders had been published without them."""

from dataclasses import field
from typing import Any, Final

LATER: Final = "later"


def later(default: Any) -> Any:
    """A field that is written only where it is not its default: orders from before it can still be read, and their
    digests stay what they were."""
    return field(default=default, metadata={LATER: True})
