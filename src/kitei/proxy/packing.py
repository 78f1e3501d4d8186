"""A list of names, one a line, made into a packed file: `python -m kitei.proxy.packing FROM TO`.

Empty lines and what follows `#` are passed over, and so are lines that are no host: they were told when the list
was put away. The file is there as a whole or not at all.
"""

import os
import sys

from kitei.proxy.hosts import host_of
from kitei.proxy.names import pack_names


def pack_file(source: str, target: str) -> int:
    """How many names there are now."""
    with open(source, encoding="utf-8") as file:
        hosts = (host_of(line.partition("#")[0]) for line in file)
        names = {host for host in hosts if host}
    draft = f"{target}.new"
    with open(draft, "wb") as out:
        out.write(pack_names(names))
    os.chmod(draft, 0o644)
    os.replace(draft, target)
    return len(names)


if __name__ == "__main__":
    pack_file(sys.argv[1], sys.argv[2])
