"""`node run` and `controller`: the two programs that stay up, on a node and at the operator's."""

from pathlib import Path

import click

from kitei.cli.speak import Fault, Misuse, Talk, command, here, option
from kitei.values import Words


@click.group("node", help=Words("ノードのプログラム", "The program on a node.").to(here()))
def node() -> None:
    pass


@command("run", ja="この計算機をノードとして動かす", en="Run this machine as a node.")
@option("--node", "name", required=True, ja="ノードの名", en="The node's name.")
@option(
    "--controller",
    required=True,
    ja="unix:/path/controller.sock または https://host:port",
    en="unix:/path/controller.sock or https://host:port.",
)
@option(
    "--state",
    type=click.Path(path_type=Path),
    default=Path("/var/lib/kitei/node"),
    ja="状態のフォルダ",
    en="Folder for its state.",
)
@option("--netns", ja="名前空間(なければこの計算機)", en="A network namespace; without it, this machine.")
@option("--authority", ja="TLS: 認証局(PEM)", en="TLS: who signed the controller's certificate (PEM).")
@option("--certificate", ja="TLS: このノードの証明書", en="TLS: this node's certificate.")
@option("--key", ja="TLS: このノードの鍵", en="TLS: this node's key.")
def run(
    talk: Talk,
    name: str,
    controller: str,
    state: Path,
    netns: str | None,
    authority: str | None,
    certificate: str | None,
    key: str | None,
) -> None:
    from kitei import agent
    from kitei.clock import clock_of_environment
    from kitei.drivers import ALL
    from kitei.drivers.host import LinuxHost
    from kitei.lab.inside import enter_namespace

    papers = agent.Pass(authority, certificate, key) if authority and certificate and key else None
    if controller.startswith("https:") and papers is None:
        raise Misuse(
            Words(
                "https には --authority --certificate --key が要ります",
                "https needs --authority, --certificate and --key",
            )
        )
    if netns is not None:
        enter_namespace(netns)  # with all of the agent: it probes from there, too
    clock = clock_of_environment()
    host = LinuxHost(name, state, clock=clock)
    config = agent.AgentConfig(name, host, controller, clock, ALL, papers)
    raise SystemExit(agent.run(config))


@command(
    "controller", ja="ノードに指示を渡し、報告を受ける", en="Serve orders to nodes and take their reports."
)
@option("--listen", ja="ADDRESS:PORT(TLS)", en="ADDRESS:PORT for nodes elsewhere, over TLS.")
@option("--authority", ja="TLS: ノードの認証局(PEM)", en="TLS: who signs nodes' papers (PEM).")
@option("--certificate", ja="TLS: 証明書", en="TLS: certificate.")
@option("--key", ja="TLS: 鍵", en="TLS: key.")
def controller(
    talk: Talk, listen: str | None, authority: str | None, certificate: str | None, key: str | None
) -> None:
    from kitei.web import Door
    from kitei.web.run import run as serve_nodes

    door = None
    if listen is not None:
        address, _, port = listen.rpartition(":")
        if not (address and port.isdigit() and authority and certificate and key):
            raise Misuse(
                Words(
                    "--listen ADDRESS:PORT には --authority --certificate --key が要ります",
                    "--listen ADDRESS:PORT needs --authority, --certificate and --key",
                )
            )
        door = Door(address, int(port), certificate, key, authority)
    try:
        serve_nodes(talk.home, door)
    except BlockingIOError:
        raise Fault(Words("別の controller が動いています", "another controller runs here")) from None


node.add_command(run)
