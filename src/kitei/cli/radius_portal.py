"""`radius portal`: the page on which users of groups change their own passwords."""

from ipaddress import ip_address
from pathlib import Path

import click

from kitei.cli.speak import Misuse, Talk, command, option
from kitei.values import Words


@command(
    "portal",
    ja="グループの利用者が自分でパスワードを変えるページを出す",
    en="Serve the page on which users of groups change their own passwords.",
)
@option("--listen", default="127.0.0.1:8090", ja="聞くアドレスとポート", en="Address and port to listen on.")
@option(
    "--certificate",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    ja="TLS の証明書(PEM)。外に出すときは必須",
    en="Certificate for TLS (PEM); needed where others than this machine are served.",
)
@option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    ja="その秘密鍵",
    en="Its private key.",
)
def portal(talk: Talk, listen: str, certificate: Path | None, key: Path | None) -> None:
    from kitei.web.passwords import serve_portal

    host, _, port = listen.rpartition(":")
    try:
        place = ip_address(host.strip("[]"))
        number = int(port)
    except ValueError:
        raise Misuse(
            Words(
                f"{listen!r} は 127.0.0.1:8090 のような場所ではありません",
                f"{listen!r} is no place such as 127.0.0.1:8090",
            )
        ) from None
    if (certificate is None) != (key is None):
        raise Misuse(Words("--certificate と --key は一組です", "--certificate and --key go together"))
    if certificate is None and not place.is_loopback:
        raise Misuse(
            Words(
                "パスワードは暗号なしにこの機械の外へ出せません。--certificate と --key を指定してください",
                "passwords do not travel in clear beyond this machine; give --certificate and --key",
            )
        )
    talk.say(f"{'https' if certificate else 'http'}://{listen}/")
    serve_portal(talk.home, str(place), number, certificate, key)
