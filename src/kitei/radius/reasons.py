"""Why a login was answered as it was, for people."""

from collections.abc import Mapping
from typing import Final

from kitei.radius.policy import Reason
from kitei.values import Words

WORDS: Final[Mapping[Reason, Words]] = {
    Reason.ACCEPTED: Words("認証しました", "let in"),
    Reason.UNKNOWN_CLIENT: Words(
        "登録のない端末からの要求です", "asked from an address that is not registered"
    ),
    Reason.NOT_SIGNED: Words(
        "要求に Message-Authenticator がありません", "the request carries no Message-Authenticator"
    ),
    Reason.TOO_MANY_REQUESTS: Words("端末からの要求が多すぎます", "the client asks more often than it may"),
    Reason.NO_REALM: Words(
        "利用者名にレルムがありません", "the name has no realm, and the client has not just one"
    ),
    Reason.NOT_YOUR_REALM: Words(
        "この端末が使えるレルムではありません", "the client may not ask for this realm"
    ),
    Reason.NO_SUCH_USER: Words("この利用者は登録されていません", "there is no such user"),
    Reason.USER_IS_OFF: Words("この利用者は停止中です", "the user is switched off"),
    Reason.METHOD_NOT_ENABLED: Words(
        "この認証方式は有効でないか、この方式に要る形の秘密がありません",
        "the method is not enabled, or the secret is not kept in the form it needs",
    ),
    Reason.WRONG_SECRET: Words("パスワードが違います", "the password is wrong"),
    Reason.NOT_YOUR_CERTIFICATE: Words(
        "証明書が、この利用者のものか、お客様の認証局のものではありません",
        "the certificate is not this user's, or not of the customer's authority",
    ),
    Reason.TOO_MANY_SESSIONS: Words(
        "同時セッション数の上限です", "as many sessions are open as there may be"
    ),
    Reason.TOO_MUCH_TRAFFIC: Words("今月の通信量の上限です", "this month's traffic is used up"),
    Reason.NO_HOME_SERVER: Words(
        "お客様の認証サーバがどれも応答しません", "none of the customer's own servers answers"
    ),
    Reason.NO_MATRIX: Words(
        "この利用者のマトリックスの並びが登録されていません", "the user has no matrix pattern"
    ),
    Reason.WRONG_MATRIX: Words("マトリックスの答えが違います", "the answer to the matrix is wrong"),
    Reason.LOCKED: Words(
        "続けて間違えたので、しばらく入れません", "locked for a while, after too many wrong answers"
    ),
    Reason.NO_TERMINATOR: Words("終端装置がどれも応答しません", "none of the tunnel terminators answers"),
}
