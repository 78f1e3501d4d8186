"""Any act of any service, asked from the command line."""

from called import Cli


def test_the_acts_and_their_keys_are_told(cli: Cli) -> None:
    told = cli.answer(["ask", "change", "--service", "ddos-protection"])
    assert "item" in told["ddos-protection"]["change"]
    assert "contract" in cli.answer(["ask"])["auth-outsource"]["cancel"]
    assert "there is no act 'chnage'" in cli.run("ask", "chnage").stderr


def test_an_act_is_decided_by_the_service_named_or_by_that_of_its_contract(cli: Cli) -> None:
    wanted = (
        'services=[{kind="クライアント", ip="192.0.2.1"},{kind="グループ", accounts=10, realm="a.example"}]'
    )
    asked = ["ask", "apply", wanted, "--by", "c1", "--service", "auth-outsource"]
    made = cli.answer(asked)["contracts"]
    assert len(made) == 2
    ended = cli.answer(["ask", "cancel", f"contract={made[1]}", "designated=2030-01-31", "--by", "c1"])
    assert ended["dates"]["effective"] == "2030-01-31"
    assert any("auth-outsource@" in cite for finding in ended["findings"] for cite in finding["cites"])


def test_what_cannot_be_read_is_told_whole(cli: Cli) -> None:
    ran = cli.run("ask", "apply", "colour=red", "--service", "auth-outsource")
    assert ran.returncode == 2
    assert "colour" in ran.stderr and "apply.services: is missing" in ran.stderr
    assert "is not KEY=VALUE" in cli.run("ask", "cancel", "contract").stderr


def test_a_number_with_a_point_stays_exact(cli: Cli) -> None:
    event = ["ask", "network-event", "contract=c9", "event=attack", "--service", "ddos-protection"]
    assert "there is no contract" in cli.run(*event, "mbps=99.9").stderr  # so it was read
    assert "Mbps such as" in cli.run(*event, "mbps=fast").stderr
