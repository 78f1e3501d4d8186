"""Why datagrams, or parts of them, were dropped."""

from enum import IntEnum
from typing import Final

from kitei.values import Words


class Fault(IntEnum):
    """In the order of `flow.h`."""

    SHORT = 0
    VERSION = 1
    LENGTH = 2
    TEMPLATE = 3
    TEMPLATE_LIMIT = 4
    NO_TEMPLATE = 5
    RECORD = 6
    FRAME = 7
    IMPLAUSIBLE = 8
    SAMPLING = 9
    SAMPLER_LIMIT = 10
    UNLISTED = 11
    EXPORTER_LIMIT = 12
    TARGET_LIMIT = 13


FAULT_WORDS: Final = {
    Fault.SHORT: Words("ヘッダの途中で切れた", "ends within its own header"),
    Fault.VERSION: Words(
        "NetFlow 5/9、IPFIX、sFlow 5 のいずれでもない", "neither NetFlow 5, 9, IPFIX nor sFlow 5"
    ),
    Fault.LENGTH: Words(
        "集合やサンプルがデータグラムをはみ出す", "a set, sample or count reaches beyond the datagram"
    ),
    Fault.TEMPLATE: Words("成り立たないテンプレート", "a template that no record could follow"),
    Fault.TEMPLATE_LIMIT: Words("テンプレートが上限を超えた", "more templates than there is room for"),
    Fault.NO_TEMPLATE: Words("テンプレートがまだ届いていない", "data whose template has not been heard"),
    Fault.RECORD: Words("可変長の項目が集合をはみ出す", "a variable field reaches beyond its set"),
    Fault.FRAME: Words("見本のヘッダに IP がない", "a sampled header that holds no whole IP header"),
    Fault.IMPLAUSIBLE: Words(
        "回線が運べない量の記録", "a record of more bytes or packets than a link carries"
    ),
    Fault.SAMPLING: Words("ありえない抽出率", "a sampling rate that cannot be"),
    Fault.SAMPLER_LIMIT: Words("抽出器の数が上限を超えた", "more samplers than there is room for"),
    Fault.UNLISTED: Words("登録のない送信元", "a source that is not on the list of exporters"),
    Fault.EXPORTER_LIMIT: Words("送信元の数が上限を超えた", "more exporters than there is room for"),
    Fault.TARGET_LIMIT: Words(
        "この 1 秒の IPv6 ホスト数が上限を超えた(プレフィックスには計上)",
        "more IPv6 hosts in this second than there is room for (counted for their prefix)",
    ),
}
