"""The page that a refused request is answered with, in Japanese and English."""

from typing import Final

REFUSED: Final = """<!DOCTYPE html>
<html lang="ja">
<head><meta charset="utf-8"><title>このホストには接続できません / This host cannot be reached</title>
<style>body{font-family:sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem;line-height:1.6}
pre{white-space:pre-wrap;background:#f4f4f4;padding:1rem}</style></head>
<body>
<h1>このホストには接続できません</h1>
<p>リモートアクセスの契約で指定されたホストにだけ接続できます。<b>%U</b> は指定されていません。</p>
<h1 lang="en">This host cannot be reached</h1>
<p lang="en">Remote access leads to the hosts that its contract designates. <b>%U</b> is not one of them.</p>
<pre>%O</pre>
<p>%T / %i</p>
</body></html>
"""
"""`%U` and the others are Squid's: the URL, what `kitei.entrance.door` said (HTML), the time and who asked."""
