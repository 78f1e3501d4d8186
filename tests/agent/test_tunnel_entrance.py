"""What an agent finds of a gateway where users log in: one look that fails is not yet an outage."""

import socket
from datetime import UTC, datetime
from pathlib import Path

from kitei.agent.tunnels import Entrance, answers, logs_in
from kitei.network import LoginProbe, Origin, TunnelGateway

FOR = Origin("c-1", ("gio-remote-access@2025-07-01#art:15.1",))
NOW = datetime(2026, 6, 10, tzinfo=UTC)


def gateway(port: int) -> TunnelGateway:
    return TunnelGateway(FOR, "vpn.example.jp", ("2001:db8::1", "127.0.0.1"), port, (), "papers@1", "nas@1")


def test_what_does_not_answer_is_lost_with_the_second_look(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
    entrance = Entrance(str(tmp_path))
    assert [entrance.works(gateway(port), (), NOW) for _ in range(3)] == [True, False, False]


def test_who_speaks_no_tls_is_no_gateway() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not answers(gateway(silent.getsockname()[1]), NOW)


def test_a_login_whose_secret_is_not_there_is_no_login(tmp_path: Path) -> None:
    probe = LoginProbe(
        FOR, "c-1@gw", "127.0.0.1", "127.0.0.1", 9, "u@r", "s@1", "p@1", "login", 10_000, "pap"
    )
    assert not logs_in(probe, str(tmp_path))
